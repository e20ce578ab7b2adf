// Package headers makes chains of signed block headers with CometBFT's types and keys, for tests of whoever verifies them.
package headers

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/topnetwork/top/x/light/types"
)

// Keys of n members, the first of this number.
func Keys(first, n int) []ed25519.PrivKey {
	keys := make([]ed25519.PrivKey, n)
	for i := range keys {
		keys[i] = ed25519.GenPrivKeyFromSecret(fmt.Appendf(nil, "member %d", first+i))
	}
	return keys
}

// Public keys of members.
func Public(keys []ed25519.PrivKey) []ed25519.PubKey {
	list := make([]ed25519.PubKey, len(keys))
	for i, key := range keys {
		list[i] = key.PubKey().(ed25519.PubKey)
	}
	return list
}

// Set of members with a power each.
func Set(keys []ed25519.PrivKey, power int64) *cmttypes.ValidatorSet {
	list := make([]*cmttypes.Validator, len(keys))
	for i, key := range keys {
		list[i] = cmttypes.NewValidator(key.PubKey(), power)
	}
	return cmttypes.NewValidatorSet(list)
}

// Chain of which one block comes each second. Its headers are the same whenever they are asked for.
type Chain struct {
	ID    string
	Power int64
	// Start is the time of height 0.
	Start time.Time
	// Committee that signs a height.
	Committee func(height int64) []ed25519.PrivKey
	// App hash that the header of a height has; a hash of the height where there is none.
	App map[int64][]byte

	known map[int64]*cmttypes.Header
}

// Time of a height.
func (c *Chain) Time(height int64) time.Time {
	return c.Start.Add(time.Duration(height) * time.Second)
}

// Header of a height. The caller may change it.
func (c *Chain) Header(height int64) *cmttypes.Header {
	if c.known == nil {
		c.known = map[int64]*cmttypes.Header{}
	}
	// From the lowest unknown one on, for each names the one before.
	for h := int64(len(c.known)) + 1; h <= height; h++ {
		members := Set(c.Committee(h), c.Power)
		header := &cmttypes.Header{
			Version: cmtversion.Consensus{Block: version.BlockProtocol}, ChainID: c.ID, Height: h, Time: c.Time(h),
			LastCommitHash: hash("commit", h), DataHash: hash("data", h), ConsensusHash: hash("consensus", 0), EvidenceHash: hash("evidence", 0), LastResultsHash: hash("results", h),
			ValidatorsHash: members.Hash(), NextValidatorsHash: Set(c.Committee(h+1), c.Power).Hash(), AppHash: hash("app", h), ProposerAddress: members.Validators[0].Address,
		}
		if app, ok := c.App[h]; ok {
			header.AppHash = app
		}
		if h > 1 {
			header.LastBlockID = blockID(c.known[h-1])
		}
		c.known[h] = header
	}
	header := *c.known[height]
	return &header
}

// Sign a header by members of a set; the others are absent.
func Sign(h *cmttypes.Header, set *cmttypes.ValidatorSet, by []ed25519.PrivKey) *cmttypes.SignedHeader {
	return SignIn(0, h, set, by)
}

// SignIn a round.
func SignIn(round int32, h *cmttypes.Header, set *cmttypes.ValidatorSet, by []ed25519.PrivKey) *cmttypes.SignedHeader {
	commit := &cmttypes.Commit{Height: h.Height, Round: round, BlockID: blockID(h), Signatures: make([]cmttypes.CommitSig, set.Size())}
	for i, v := range set.Validators {
		signer := slices.IndexFunc(by, func(key ed25519.PrivKey) bool { return key.PubKey().Equals(v.PubKey) })
		if signer < 0 {
			commit.Signatures[i] = cmttypes.NewCommitSigAbsent()
			continue
		}
		commit.Signatures[i] = cmttypes.CommitSig{BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: v.Address, Timestamp: h.Time}
		signature, err := by[signer].Sign(commit.VoteSignBytes(h.ChainID, int32(i)))
		if err != nil {
			panic(err)
		}
		commit.Signatures[i].Signature = signature
	}
	return &cmttypes.SignedHeader{Header: h, Commit: commit}
}

// Block of a header that these members signed, all of them.
func (c *Chain) Block(h *cmttypes.Header, members []ed25519.PrivKey) *cmtproto.LightBlock {
	set := Set(members, c.Power)
	block := cmttypes.LightBlock{SignedHeader: Sign(h, set, members), ValidatorSet: set}
	pb, err := block.ToProto()
	if err != nil {
		panic(err)
	}
	return pb
}

// Update to a height from a trusted one, as a relayer makes it.
func (c *Chain) Update(trusted, height int64) *types.Update {
	return c.UpdateTo(trusted, c.Header(height))
}

// UpdateTo a header that the committee of its height signed.
func (c *Chain) UpdateTo(trusted int64, h *cmttypes.Header) *types.Update {
	u := &types.Update{Block: c.Block(h, c.Committee(h.Height)), TrustedHeight: trusted}
	if next := Set(c.Committee(trusted+1), c.Power); string(next.Hash()) != string(h.ValidatorsHash) {
		pb, err := next.ToProto()
		if err != nil {
			panic(err)
		}
		u.TrustedValidators = pb
	}
	return u
}

func blockID(h *cmttypes.Header) cmttypes.BlockID {
	return cmttypes.BlockID{Hash: h.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: hash("parts", h.Height)}}
}

func hash(of string, height int64) []byte {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %d", of, height))
	return h[:]
}
