package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/lattice/types"
)

// voteDelay is how many blocks after the one that tells CometBFT of a new committee the committee decides its first one.
const voteDelay = 2

// term that decides now: the one of genesis until another one was told.
func (k *Keeper) term(ctx context.Context) (uint64, error) {
	term, err := k.Term.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 1, nil
	}
	return term, err
}

// Rotate tells CometBFT of the shard's newest committee whose epoch of the main chain has begun, if that is another one than was told last. It decides from the second block after this one on.
func (k *Keeper) Rotate(ctx sdk.Context) ([]abci.ValidatorUpdate, error) {
	now, err := k.term(ctx)
	if err != nil {
		return nil, err
	}
	terms, err := k.terms(ctx, ctx.ChainID())
	if errors.Is(err, errLedger) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	epoch, err := k.epoch(ctx)
	if err != nil {
		return nil, err
	}
	var next, sitting *types.Members
	for i := range terms {
		switch m := &terms[i]; {
		case m.Term == now:
			sitting = m
		case m.Term > now && m.Epoch <= epoch && next == nil:
			next = m
		}
	}
	if next == nil || sitting == nil {
		return nil, nil
	}
	next.FirstHeight = uint64(ctx.BlockHeight()) + voteDelay
	if err := k.Members.Set(ctx, collections.Join(next.Ledger, next.Term), *next); err != nil {
		return nil, err
	}
	return changes(sitting, next), k.Term.Set(ctx, next.Term)
}

// changes of a committee as CometBFT is told them.
func changes(from, to *types.Members) (updates []abci.ValidatorUpdate) {
	has := func(m *types.Members, key []byte) bool {
		for _, k := range m.Keys {
			if bytes.Equal(k, key) {
				return true
			}
		}
		return false
	}
	for _, key := range from.Keys {
		if !has(to, key) {
			updates = append(updates, cmttypes.TM2PB.NewValidatorUpdate(ed25519.PubKey(key), 0))
		}
	}
	for _, key := range to.Keys {
		if !has(from, key) || from.Power != to.Power {
			updates = append(updates, cmttypes.TM2PB.NewValidatorUpdate(ed25519.PubKey(key), to.Power))
		}
	}
	return updates
}
