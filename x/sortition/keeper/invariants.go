package keeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// Invariants checks that the state is a valid genesis and makes the latest seed and election again from what is published.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := gs.Validate(); err != nil {
		return errorsmod.Wrap(types.ErrInvariant, err.Error())
	}
	return k.checkMade(ctx, gs)
}

// checkMade makes the record that goes on and the last that is finished again, the election that follows from it, and the seed in force.
func (k *Keeper) checkMade(ctx context.Context, gs *types.GenesisState) error {
	seed := gs.Seed
	for _, g := range slices.Backward(gs.Records) {
		r := g.Record
		if err := k.checkRecord(ctx, g); err != nil {
			return err
		}
		finished, made := len(r.NextSeed) > 0, r.Seed
		if finished {
			made = r.NextSeed
		}
		if !bytes.Equal(made, seed) {
			return errorsmod.Wrapf(types.ErrInvariant, "the record of epoch %d leaves the seed %X, the one in force is %X", r.Epoch, made, seed)
		}
		if finished {
			return k.checkElection(ctx, r)
		}
		seed = r.Seed
	}
	return nil
}

// checkRecord makes it again: who proved and who seals by x/stake's snapshot, what they proved by its proofs.
func (k *Keeper) checkRecord(ctx context.Context, g types.GenesisRecord) error {
	r, chainID := g.Record, sdk.UnwrapSDKContext(ctx).ChainID()
	fault := func(format string, args ...any) error {
		return errorsmod.Wrapf(types.ErrInvariant, "the record of epoch %d: %s", r.Epoch, fmt.Sprintf(format, args...))
	}
	if alpha := sortition.Alpha(chainID, r.Epoch, sortition.Seed(r.Seed)); !bytes.Equal(alpha[:], r.Alpha) {
		return fault("its seed makes the alpha %X on %s, not %X", alpha, chainID, r.Alpha)
	}
	for _, p := range g.Proofs {
		e, err := k.stake.Entry(ctx, r.SnapshotEpoch, p.Operator)
		if err != nil {
			return fault("%s", err)
		}
		if !bytes.Equal(e.VrfKey, p.Key) || e.Weight(staketypes.Role_ROLE_VALIDATOR) == 0 {
			return fault("%s proved by another key than its own, or is no candidate", p.Operator)
		}
	}
	if len(r.Sealers) > 0 {
		drawn, err := k.drawSealers(ctx, r, len(r.Sealers))
		if err != nil {
			return fault("%s", err)
		}
		if !slices.EqualFunc(drawn, r.Sealers, func(a, b types.Sealer) bool { return a.Operator == b.Operator && bytes.Equal(a.Key, b.Key) }) {
			return fault("its seed draws other sealers")
		}
	}
	return checkChain(r, g.Proofs, chainID, fault)
}

// checkChain verifies proofs and seals.
func checkChain(r types.Record, proofs []types.Proof, chainID string, fault func(string, ...any) error) error {
	chain, err := r.Published(chainID, proofs).Chain()
	if err != nil {
		return fault("%s", err)
	}
	taken, err := digestOf(r, proofs)
	if err != nil || taken != chain.Digest {
		return errors.Join(err, fault("its proofs verify to other outputs"))
	}
	if len(r.Digest) == 0 {
		return nil
	}
	if !bytes.Equal(r.Digest, chain.Digest[:]) || r.Chain(chainID).Value != chain.Value {
		return fault("its proofs and seals make the digest %X and the chain %X", chain.Digest, chain.Value)
	}
	if len(r.NextSeed) > 0 && !bytes.Equal(r.NextSeed, chain.Value[:]) {
		return fault("it makes the seed %X, not %X", chain.Value, r.NextSeed)
	}
	return nil
}

// checkElection holds the election by a finished record again.
func (k *Keeper) checkElection(ctx context.Context, r types.Record) error {
	e, err := k.elections.Get(ctx, r.Epoch+2)
	if err != nil {
		return errorsmod.Wrapf(types.ErrInvariant, "the election for epoch %d: %s", r.Epoch+2, err)
	}
	if !bytes.Equal(e.Seed, r.NextSeed) || e.SnapshotEpoch != r.SnapshotEpoch || e.Committee != sdk.UnwrapSDKContext(ctx).ChainID() {
		return errorsmod.Wrapf(types.ErrInvariant, "the election for epoch %d is not by the record of epoch %d", e.Epoch, r.Epoch)
	}
	candidates, err := k.candidates(ctx, r)
	if err != nil {
		return err
	}
	out, err := draw(r, e, candidates)
	if err != nil {
		out = sortition.Outcome{Members: e.Sitting}
	}
	if !slices.Equal(out.Members, e.Members) || !slices.Equal(out.Standbys, e.Standbys) {
		return errorsmod.Wrapf(types.ErrInvariant, "the election for epoch %d gives the members %v and standbys %v", e.Epoch, out.Members, out.Standbys)
	}
	return nil
}
