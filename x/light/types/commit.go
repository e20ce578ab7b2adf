package types

import (
	"bytes"

	errorsmod "cosmossdk.io/errors"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
)

// VerifyCommit tells whether a committee has decided a header: more than two thirds of its members, each of the same power in CometBFT's set, signed it for this chain.
// The header must name exactly this set. Signatures are verified together (cofactored as by ZIP 215, so that all nodes agree).
// It says nothing of time: a committee that was dissolved can still sign; whether it was in office is for the caller to know.
func VerifyCommit(chainID string, sh *cmttypes.SignedHeader, members []ed25519.PubKey, power int64) error {
	if sh == nil || sh.Header == nil || sh.Commit == nil {
		return errorsmod.Wrap(ErrInvalid, "a header and a commit are needed")
	}
	if n := len(members); n == 0 || n > MaxValidators {
		return errorsmod.Wrapf(ErrInvalid, "%d members, want 1 to %d", n, MaxValidators)
	}
	if power < 1 {
		return errorsmod.Wrapf(ErrInvalid, "power is %d, want 1 or more", power)
	}
	if err := checkSigned(sh.ToProto()); err != nil {
		return err
	}
	list := make([]*cmttypes.Validator, len(members))
	for i, key := range members {
		if len(key) != ed25519.PubKeySize {
			return errorsmod.Wrapf(ErrInvalid, "member %d has a key of %d bytes, want %d", i, len(key), ed25519.PubKeySize)
		}
		list[i] = cmttypes.NewValidator(key, power)
	}
	set, err := validatorSet(list)
	if err != nil {
		return err
	}
	if err := sh.ValidateBasic(chainID); err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	if hash := set.Hash(); !bytes.Equal(sh.ValidatorsHash, hash) {
		return errorsmod.Wrapf(ErrNotTrusted, "header %d of %s is of the validators %X, the committee is %X", sh.Height, chainID, sh.ValidatorsHash, hash)
	}
	if err := set.VerifyCommitLight(chainID, sh.Commit.BlockID, sh.Height, sh.Commit); err != nil {
		return errorsmod.Wrapf(ErrNotTrusted, "header %d of %s: %s", sh.Height, chainID, err)
	}
	return nil
}
