package keeper

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/shards/types"
)

// ForkEvidence of two headers of one height that one committee of a shard has signed: no honest two thirds can. A shard whose committee still decides is frozen at its audited height. Who signed both in one round has voted twice and is punished
// for it; of different rounds nobody can tell who broke the rules of locking (CometBFT's light client attacks, amnesia).
func (k *Keeper) ForkEvidence(ctx context.Context, msg *types.MsgForkEvidence) (*types.MsgForkEvidenceResponse, error) {
	var headers [2]*cmttypes.SignedHeader
	for i := range headers {
		var err error
		if headers[i], err = types.ParseHeader(msg.Shard, msg.SignedHeaders[i]); err != nil {
			return nil, err
		}
	}
	a, b := headers[0], headers[1]
	if a.Height != b.Height || bytes.Equal(a.Hash(), b.Hash()) {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "headers %X of height %d and %X of height %d: want two that differ, of one height", a.Hash(), a.Height, b.Hash(), b.Height)
	}
	s, err := k.Shard(ctx, msg.Shard)
	if err != nil {
		return nil, err
	}
	c, err := k.termOfSet(ctx, msg.Shard, uint64(a.Height), a.ValidatorsHash)
	if err != nil {
		return nil, err
	}
	for _, sh := range headers {
		sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(uint64(len(sh.Commit.Signatures))*signatureGas, "commit of a shard")
		if err := c.VerifyHeader(sh); err != nil {
			return nil, err
		}
	}
	punished := 0
	if a.Commit.Round == b.Commit.Round {
		signed := [2]types.Header{{Signers: c.Signers(a)}, {Signers: c.Signers(b)}}
		punished = k.punishAll(ctx, c, uint64(a.Height), "it signed two headers of one height", func(i int) bool { return signed[0].Signed(i) && signed[1].Signed(i) })
	}
	last, err := k.lastAnchor(ctx, msg.Shard)
	if err != nil {
		return nil, err
	}
	switch {
	// Whose term is over has the shard no more: its members alone answer for it.
	case s.Runs() && c.Term >= last.NextTerm:
		return &types.MsgForkEvidenceResponse{}, k.freeze(ctx, s, "its committee signed two headers of one height")
	case punished == 0:
		return nil, errorsmod.Wrapf(types.ErrKnown, "%s is %s, and nobody is left to be punished for height %d", s.Name, s.Status, a.Height)
	}
	return &types.MsgForkEvidenceResponse{}, nil
}

// termOfSet that signs a height: the newest that has begun by then, as far as is anchored, and whose members make the set.
func (k *Keeper) termOfSet(ctx context.Context, shard string, height uint64, set []byte) (term types.Committee, err error) {
	found := false
	err = k.committees.Walk(ctx, collections.NewPrefixedPairRange[string, uint64](shard).Descending(), func(_ termKey, c types.Committee) (bool, error) {
		if found = c.FirstHeight <= height && bytes.Equal(c.ValidatorsHash, set); found {
			term = c
		}
		return found, nil
	})
	if err == nil && !found {
		err = errorsmod.Wrapf(types.ErrNotFound, "no committee of %s at height %d is the set %X, or its term is no longer kept", shard, height, set)
	}
	return term, err
}
