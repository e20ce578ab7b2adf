package types

import (
	"bytes"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	errorsmod "cosmossdk.io/errors"
)

// MaxHeaders of a shard that wait for auditors: beyond that the lowest goes, for a word on a header is one on all before it.
const MaxHeaders = 64

// ParseHeader reads a SignedHeader of a chain and checks its form: that the commit is for the header.
func ParseHeader(chainID string, raw []byte) (*cmttypes.SignedHeader, error) {
	var pb cmtproto.SignedHeader
	if err := pb.Unmarshal(raw); err != nil {
		return nil, errorsmod.Wrapf(ErrInvalid, "signed_header is no SignedHeader of CometBFT: %s", err)
	}
	if pb.Header == nil || pb.Commit == nil {
		return nil, errorsmod.Wrap(ErrInvalid, "signed_header needs a header and its commit")
	}
	sh, err := cmttypes.SignedHeaderFromProto(&pb)
	if err != nil {
		return nil, errorsmod.Wrap(ErrInvalid, err.Error())
	}
	if err := sh.ValidateBasic(chainID); err != nil {
		return nil, errorsmod.Wrap(ErrInvalid, err.Error())
	}
	return sh, nil
}

// VerifyHeader checks that the committee signed the header. All signatures are verified, so that nobody is punished, or found absent, for one that somebody else made.
func (c Committee) VerifyHeader(sh *cmttypes.SignedHeader) error {
	if !bytes.Equal(sh.ValidatorsHash, c.ValidatorsHash) {
		return errorsmod.Wrapf(ErrRefused, "height %d of %s is signed by the set %X, its term %d is %X: anchor the last header of each term, which names the next set, before those after it",
			sh.Height, c.Shard, sh.ValidatorsHash, c.Term, c.ValidatorsHash)
	}
	if err := SetOf(c.Members).VerifyCommit(c.Shard, sh.Commit.BlockID, sh.Height, sh.Commit); err != nil {
		return errorsmod.Wrapf(ErrRefused, "height %d of %s: %s", sh.Height, c.Shard, err)
	}
	return nil
}

// Signers of a verified header, one bit for each member in the order of the committee, the first in the highest bit.
func (c Committee) Signers(sh *cmttypes.SignedHeader) []byte {
	signed := map[string]bool{}
	for _, s := range sh.Commit.Signatures {
		if s.BlockIDFlag == cmttypes.BlockIDFlagCommit {
			signed[string(s.ValidatorAddress)] = true
		}
	}
	out := make([]byte, (len(c.Members)+7)/8)
	for i, m := range c.Members {
		if signed[string(m.ConsAddress())] {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// Signed tells whether the member at a place signed the header.
func (h Header) Signed(place int) bool {
	return place/8 < len(h.Signers) && h.Signers[place/8]&(0x80>>(place%8)) != 0
}
