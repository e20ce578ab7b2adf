package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/stake/types"
)

// recordCommit counts who signed the last block. The proposer of this block chose which precommits its commit holds.
func (k *Keeper) recordCommit(ctx context.Context) error {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	votes, proposer := sdkCtx.VoteInfos(), sdkCtx.BlockHeader().ProposerAddress
	if len(votes) == 0 {
		return nil
	}
	tally, err := k.currentTally(ctx)
	if err != nil {
		return err
	}
	tally.Commits++
	at, found := slices.BinarySearchFunc(tally.Proposers, proposer, func(p types.ProposerTally, a []byte) int { return bytes.Compare(p.Address, a) })
	if !found {
		tally.Proposers = slices.Insert(tally.Proposers, at, types.ProposerTally{Address: proposer})
	}
	tally.Proposers[at].Commits++
	for _, v := range votes {
		i, found := findWork(tally, v.Validator.Address)
		if !found {
			tally.Works = slices.Insert(tally.Works, i, types.Work{Address: v.Validator.Address})
		}
		w := &tally.Works[i]
		if w.Due++; v.BlockIdFlag == cmtproto.BlockIDFlagCommit {
			w.Done++
			continue
		}
		key := collections.Join(proposer, v.Validator.Address)
		count, err := k.misses.Get(ctx, key)
		if err != nil && !errors.Is(err, collections.ErrNotFound) {
			return err
		}
		if err := k.misses.Set(ctx, key, count+1); err != nil {
			return err
		}
	}
	return k.tally.Set(ctx, tally)
}

func (k *Keeper) currentTally(ctx context.Context) (types.Tally, error) {
	tally, err := k.tally.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Tally{}, nil
	}
	return tally, err
}

func findWork(tally types.Tally, address []byte) (int, bool) {
	return slices.BinarySearchFunc(tally.Works, address, func(w types.Work, a []byte) int { return bytes.Compare(w.Address, a) })
}

// clearTally begins a new epoch's count.
func (k *Keeper) clearTally(ctx context.Context) error {
	return errors.Join(k.tally.Remove(ctx), k.misses.Clear(ctx, nil), k.absences.Clear(ctx, nil))
}
