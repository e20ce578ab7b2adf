package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

const (
	// maxCandidates keeps the sum of weights below 2^64, whatever the saturation of stake.
	maxCandidates = 10_000
	// verifyGas is what verifying a proof costs: about that of three signatures.
	verifyGas = 3_000
)

// open begins an epoch: the seed in force, who seals, until when proofs are taken. Keys, weights and sealers are of the snapshot that was taken before the seed was made;
// only epoch 0, whose seed is in genesis, has none older than itself. Where the snapshot is not complete nobody can be drawn: sitting members stay.
func (k *Keeper) open(ctx context.Context, e uint64, height int64) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	seed, err := k.seed.Get(ctx)
	if err != nil {
		return err
	}
	chainID := sdk.UnwrapSDKContext(ctx).ChainID()
	alpha := sortition.Alpha(chainID, e, sortition.Seed(seed))
	r := types.Record{
		Epoch: e, Seed: seed, Alpha: alpha[:], SnapshotEpoch: e - min(e, 1), CloseHeight: height + int64(params.CollectBlocks), SealBlocks: params.SealBlocks,
	}
	complete, err := k.stake.Complete(ctx, r.SnapshotEpoch)
	if err != nil {
		return err
	}
	if complete {
		if r.Sealers, err = k.drawSealers(ctx, r, int(params.Sealers)); err != nil {
			return err
		}
	}
	return k.records.Set(ctx, e, r)
}

func (k *Keeper) drawSealers(ctx context.Context, r types.Record, count int) ([]types.Sealer, error) {
	var candidates []sortition.Candidate
	if err := k.stake.WalkEntries(ctx, r.SnapshotEpoch, func(e staketypes.Entry) error {
		candidates = append(candidates, sortition.Candidate{Operator: e.Operator, Weight: e.Weight(staketypes.Role_ROLE_VALIDATOR)})
		return nil
	}); err != nil {
		return nil, err
	}
	names, err := sortition.Sealers(sdk.UnwrapSDKContext(ctx).ChainID(), r.Epoch, sortition.Seed(r.Seed), sortition.Top(candidates, maxCandidates), count)
	if err != nil {
		return nil, err
	}
	sealers := make([]types.Sealer, len(names))
	for i, name := range names {
		entry, err := k.stake.Entry(ctx, r.SnapshotEpoch, name)
		if err != nil {
			return nil, err
		}
		sealers[i] = types.Sealer{Operator: name, Key: entry.VrfKey}
	}
	return sealers, nil
}

// PublishProof takes a candidate's proof, once per epoch, in whichever block of the window it stands.
func (k *Keeper) PublishProof(ctx context.Context, msg *types.MsgPublishProof) (*types.MsgPublishProofResponse, error) {
	r, p, err := k.checkProof(ctx, msg)
	if err != nil {
		return nil, err
	}
	if err := verifyProof(ctx, r, &p); err != nil {
		return nil, err
	}
	if err := k.proofs.Set(ctx, collections.Join(r.Epoch, p.Operator), p); err != nil {
		return nil, err
	}
	r.Proofs++
	if err := k.records.Set(ctx, r.Epoch, r); err != nil {
		return nil, err
	}
	return &types.MsgPublishProofResponse{}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventProofPublished{Epoch: r.Epoch, Operator: p.Operator})
}

// checkProof does all but the verification.
func (k *Keeper) checkProof(ctx context.Context, msg *types.MsgPublishProof) (types.Record, types.Proof, error) {
	height := nextHeight(ctx)
	r, err := k.Record(ctx, msg.Epoch)
	if err != nil {
		return r, types.Proof{}, err
	}
	if len(r.Digest) > 0 || height >= r.CloseHeight {
		return r, types.Proof{}, errorsmod.Wrapf(types.ErrNotOpen, "proofs of epoch %d are taken below height %d, this is %d", r.Epoch, r.CloseHeight, height)
	}
	operator, err := k.stake.OperatorOf(ctx, msg.Sender)
	if err != nil {
		return r, types.Proof{}, err
	}
	entry, err := k.stake.Entry(ctx, r.SnapshotEpoch, operator)
	if err != nil {
		return r, types.Proof{}, err
	}
	if entry.Weight(staketypes.Role_ROLE_VALIDATOR) == 0 {
		return r, types.Proof{}, errorsmod.Wrapf(types.ErrUnauthorized, "%s is no candidate: it had no stake as validator in epoch %d (query stake history %s)", operator, r.SnapshotEpoch, operator)
	}
	if has, err := k.proofs.Has(ctx, collections.Join(r.Epoch, operator)); err != nil || has {
		return r, types.Proof{}, errors.Join(err, errorsmod.Wrapf(types.ErrExists, "the proof of %s for epoch %d", operator, r.Epoch))
	}
	return r, types.Proof{Operator: operator, Key: entry.VrfKey, Proof: msg.Proof, Height: height}, nil
}

// verifyProof fills in what the proof verifies to.
func verifyProof(ctx context.Context, r types.Record, p *types.Proof) error {
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(verifyGas, "VRF proof")
	output, err := ecvrf.Verify(p.Key, r.Alpha, p.Proof)
	if err != nil {
		return errorsmod.Wrapf(types.ErrProof, "%s: %s; prove alpha of epoch %d by the key that epoch %d's snapshot has", p.Operator, err, r.Epoch, r.SnapshotEpoch)
	}
	p.Output = output[:]
	return nil
}

// nextHeight is the height of the block that a transaction goes into: CheckTx knows the one before.
func nextHeight(ctx context.Context) int64 {
	c := sdk.UnwrapSDKContext(ctx)
	if c.IsCheckTx() {
		return c.BlockHeight() + 1
	}
	return c.BlockHeight()
}

// close fixes the digest; the first sealer's turn begins.
func (k *Keeper) close(ctx context.Context, r *types.Record) error {
	proofs, err := k.proofsOf(ctx, r.Epoch)
	if err != nil {
		return err
	}
	digest, err := digestOf(*r, proofs)
	if err != nil {
		return err
	}
	r.Digest = digest[:]
	c := sdk.UnwrapSDKContext(ctx)
	r.TurnEnds, r.SealingTime = c.BlockHeight()+int64(r.SealBlocks), c.BlockTime().UnixNano()
	if err := k.records.Set(ctx, r.Epoch, *r); err != nil {
		return err
	}
	return c.EventManager().EmitTypedEvent(&types.EventCollectionClosed{Epoch: r.Epoch, Proofs: r.Proofs})
}

// digestOf what is taken of a record's proofs.
func digestOf(r types.Record, proofs []types.Proof) (sortition.Seed, error) {
	outputs := make([]sortition.Output, len(proofs))
	for i, p := range proofs {
		outputs[i] = sortition.Output(p.Output)
	}
	return sortition.Digest(sortition.Seed(r.Alpha), outputs)
}
