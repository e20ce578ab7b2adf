package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/committees/types"
)

// BeginBlock counts the work in the last commit: it is of the block before, and so of that block's epoch.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	s := sdk.UnwrapSDKContext(ctx)
	votes := s.VoteInfos()
	if len(votes) == 0 {
		return nil
	}
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	e := epoch.At(s.BlockHeight()-1, blocks)
	w, err := k.works.Get(ctx, e)
	if errors.Is(err, collections.ErrNotFound) {
		w = types.EpochWork{Epoch: e}
	} else if err != nil {
		return err
	}
	w.Commits++
	for _, v := range votes {
		i, err := k.findWork(ctx, &w, v.Validator.Address)
		if err != nil {
			return err
		}
		if w.Works[i].Due++; v.BlockIdFlag == cmtproto.BlockIDFlagCommit {
			w.Works[i].Signed++
		}
	}
	return k.works.Set(ctx, e, w)
}

// findWork of an address; the operator is looked up once per epoch.
func (k *Keeper) findWork(ctx context.Context, w *types.EpochWork, address []byte) (int, error) {
	i, found := slices.BinarySearchFunc(w.Works, address, func(w types.Work, a []byte) int { return bytes.Compare(w.Address, a) })
	if found {
		return i, nil
	}
	work := types.Work{Address: address}
	v, err := k.staking.GetValidatorByConsAddr(ctx, address)
	switch {
	case errors.Is(err, stakingtypes.ErrNoValidatorFound):
		// It is removed; what it did is counted all the same.
	case err != nil:
		return 0, err
	default:
		if m, ok := memberOf(v); ok {
			work.Operator = m.Operator
		}
	}
	w.Works = slices.Insert(w.Works, i, work)
	return i, nil
}
