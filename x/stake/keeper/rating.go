package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/protocol/stake"
	"github.com/topnetwork/top/x/stake/types"
)

// rated is a node with what it did in the epoch that is rated.
type rated struct {
	node   types.Node
	rating types.Rating
}

// rate ends an epoch's count: every node that had work or was absent as sealer gets its new reputation and computing. The number of nodes is that of CometBFT's
// validators and sealers, so one block does it.
func (k *Keeper) rate(ctx context.Context, params types.Params, ended uint64) error {
	tally, err := k.currentTally(ctx)
	if err != nil {
		return err
	}
	var all []rated
	seen := map[string]bool{}
	for _, w := range tally.Works {
		r, found, err := k.ratedValidator(ctx, tally, w)
		if err != nil {
			return err
		}
		if found {
			seen[r.node.Operator] = true
			all = append(all, r)
		}
	}
	if err := k.absences.Walk(ctx, nil, func(operator string, _ uint64) (bool, error) {
		if seen[operator] {
			return false, nil
		}
		n, err := k.nodes.Get(ctx, operator)
		all = append(all, rated{node: n})
		return false, err
	}); err != nil {
		return err
	}
	if err := k.apply(ctx, params.Factors.Rule(), ended, all); err != nil {
		return err
	}
	return k.clearTally(ctx)
}

// nodeOf a consensus address, false where no node is registered.
func (k *Keeper) nodeOf(ctx context.Context, addr sdk.ConsAddress) (types.Node, bool, error) {
	validator, err := k.staking.GetValidatorByConsAddr(ctx, addr)
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return types.Node{}, false, nil
	}
	if err != nil {
		return types.Node{}, false, err
	}
	address, err := sdk.ValAddressFromBech32(validator.GetOperator())
	if err != nil {
		return types.Node{}, false, err
	}
	n, err := k.nodes.Get(ctx, sdk.AccAddress(address).String())
	if errors.Is(err, collections.ErrNotFound) {
		return types.Node{}, false, nil
	}
	return n, err == nil, err
}

// RecordEquivocation puts the node of a consensus address to the floor, at once: nobody rates who sits no longer when its two votes are proven.
func (k *Keeper) RecordEquivocation(ctx context.Context, addr sdk.ConsAddress) error {
	n, found, err := k.nodeOf(ctx, addr)
	if err != nil || !found {
		return err
	}
	if err := k.preserve(ctx, n.Operator); err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return err
	}
	return k.store(ctx, n, types.Rating{
		Epoch: epoch.At(sdk.UnwrapSDKContext(ctx).BlockHeight(), blocks), Equivocated: true,
		ReputationBefore: n.Reputation, Reputation: params.Factors.ReputationFloor, Computing: n.Computing,
	})
}

// store a node as it is rated.
func (k *Keeper) store(ctx context.Context, n types.Node, r types.Rating) error {
	n.Reputation, n.Computing, n.Rating = r.Reputation, r.Computing, &r
	if err := k.nodes.Set(ctx, n.Operator, n); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventNodeRated{
		Operator: n.Operator, Epoch: r.Epoch, ReputationBefore: r.ReputationBefore, Reputation: r.Reputation, Computing: r.Computing,
	})
}

// ratedValidator is what the validator of a consensus address did, false where no node is registered.
func (k *Keeper) ratedValidator(ctx context.Context, tally types.Tally, w types.Work) (rated, bool, error) {
	n, found, err := k.nodeOf(ctx, w.Address)
	if err != nil || !found {
		return rated{}, false, err
	}
	r := rated{node: n, rating: types.Rating{Due: w.Due, Done: w.Done, Equivocated: k.slashing.IsTombstoned(ctx, w.Address)}}
	if w.Due < tally.Commits {
		// Who was not due in every block was not due at every proposer.
		return r, true, nil
	}
	var timely []stake.Timely
	for _, p := range tally.Proposers {
		missed, err := k.misses.Get(ctx, collections.Join(p.Address, w.Address))
		if err != nil && !errors.Is(err, collections.ErrNotFound) {
			return rated{}, false, err
		}
		timely = append(timely, stake.Timely{Held: p.Commits - missed, Commits: p.Commits})
	}
	r.rating.Share, r.rating.Measured, err = stake.Share(timely)
	return r, true, err
}

// apply rates the nodes against each other and stores the outcome.
func (k *Keeper) apply(ctx context.Context, factors stake.Factors, ended uint64, all []rated) error {
	works := make([]stake.Work, len(all))
	var shares []uint64
	for i := range all {
		n, r := all[i].node, &all[i].rating
		absences, err := k.absences.Get(ctx, n.Operator)
		if err != nil && !errors.Is(err, collections.ErrNotFound) {
			return err
		}
		r.Epoch, r.Absences, r.ReputationBefore = ended, absences, n.Reputation
		works[i] = stake.Work{Reputation: n.Reputation, Due: r.Due, Done: r.Done, Absences: absences, Equivocated: r.Equivocated}
		if r.Measured {
			shares = append(shares, r.Share)
		}
	}
	reputations, err := factors.Rate(works)
	if err != nil {
		return err
	}
	median := stake.Median(shares)
	for i := range all {
		n, r := all[i].node, all[i].rating
		r.Reputation, r.Computing = reputations[i], n.Computing
		if r.Median = median; r.Measured {
			r.Computing = factors.Computing(r.Share, median)
		}
		if err := k.store(ctx, n, r); err != nil {
			return err
		}
	}
	return nil
}
