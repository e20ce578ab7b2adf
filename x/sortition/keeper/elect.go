package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// elect holds the election of the main chain's committee that the seed of epoch r + 1 decides: who sits in epoch r + 2. An election that cannot be held must not stop the
// chain: everyone sits on.
func (k *Keeper) elect(ctx context.Context, r types.Record) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	candidates, err := k.candidates(ctx, r)
	if err != nil {
		return err
	}
	sitting, err := k.sitting(ctx, r.Epoch+1)
	if err != nil {
		return err
	}
	c := sdk.UnwrapSDKContext(ctx)
	e := types.Election{
		Epoch: r.Epoch + 2, Committee: c.ChainID(), SeedEpoch: r.Epoch, Seed: r.NextSeed, SnapshotEpoch: r.SnapshotEpoch,
		Size_: min(max(uint32(len(candidates)), params.MinMembers), params.MaxMembers), StandbySeats: params.Standbys, Sitting: sitting, Candidates: uint64(len(candidates)),
	}
	out, err := draw(r, e, candidates)
	if err != nil {
		c.Logger().Error("election not held, members sit on", "module", types.ModuleName, "epoch", e.Epoch, "error", err)
		out = sortition.Outcome{Members: e.Sitting, Kept: true}
	}
	e.Members, e.Standbys, e.Joined, e.Left, e.Held, e.Kept = out.Members, out.Standbys, out.Joined, out.Left, out.Held, out.Kept
	if err := k.elections.Set(ctx, e.Epoch, e); err != nil {
		return err
	}
	return c.EventManager().EmitTypedEvent(&types.EventElected{Epoch: e.Epoch, Candidates: e.Candidates, Members: uint64(len(e.Members)), Kept: e.Kept})
}

// sitting is who sits in an epoch by its election, or, while there has been none, who runs the chain: the first election rotates as every other does.
func (k *Keeper) sitting(ctx context.Context, epoch uint64) ([]string, error) {
	before, err := k.elections.Get(ctx, epoch)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	if len(before.Members) > 0 {
		return before.Members, nil
	}
	return k.committees.Sitting(ctx)
}

// candidates are who proved in the record's epoch, with the weights of its snapshot.
func (k *Keeper) candidates(ctx context.Context, r types.Record) ([]sortition.Candidate, error) {
	proofs, err := k.proofsOf(ctx, r.Epoch)
	if err != nil {
		return nil, err
	}
	candidates := make([]sortition.Candidate, len(proofs))
	for i, p := range proofs {
		entry, err := k.stake.Entry(ctx, r.SnapshotEpoch, p.Operator)
		if err != nil {
			return nil, err
		}
		candidates[i] = sortition.Candidate{Operator: p.Operator, Weight: entry.Weight(staketypes.Role_ROLE_VALIDATOR)}
	}
	return sortition.Top(candidates, maxCandidates), nil
}

// errNoSealers says that nobody was to seal the seed: who proved last knew it, so that it decides nothing.
var errNoSealers = errors.New("the snapshot was not complete when collection began, so nobody seals")

func draw(r types.Record, e types.Election, candidates []sortition.Candidate) (sortition.Outcome, error) {
	if len(r.Sealers) == 0 {
		return sortition.Outcome{}, errNoSealers
	}
	return sortition.Election{
		Committee: sortition.Committee{Name: e.Committee, Size: int(e.Size_), Standbys: int(e.StandbySeats), Sitting: e.Sitting},
		Epoch:     e.Epoch, Seed: sortition.Seed(e.Seed), Candidates: candidates,
	}.Run()
}
