package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/x/sortition/types"
)

// Seal takes the seal of the sealer whose turn it is. Whichever proposer includes it has no choice in what it says.
func (k *Keeper) Seal(ctx context.Context, msg *types.MsgSeal) (*types.MsgSealResponse, error) {
	r, err := k.checkSeal(ctx, msg)
	if err != nil {
		return nil, err
	}
	chainID, height := sdk.UnwrapSDKContext(ctx).ChainID(), sdk.UnwrapSDKContext(ctx).BlockHeight()
	chain := r.Chain(chainID)
	output, err := verifySeal(ctx, r, chain, msg)
	if err != nil {
		return nil, err
	}
	sealer := &r.Sealers[r.Decided]
	sealer.Proof = msg.Proof
	// The next sealer's turn begins with the next block.
	return &types.MsgSealResponse{}, k.decide(ctx, &r, chain.Seal(output), height+1)
}

// checkSeal does all but the verification.
func (k *Keeper) checkSeal(ctx context.Context, msg *types.MsgSeal) (types.Record, error) {
	r, err := k.Record(ctx, msg.Epoch)
	if err != nil {
		return r, err
	}
	index, open := r.Turn()
	height := nextHeight(ctx)
	if !open || index != msg.Index || height >= r.TurnEnds {
		return r, errorsmod.Wrapf(types.ErrNotOpen, "seal %d of epoch %d at height %d: it is the turn of seal %d, below height %d (0: of none)", msg.Index, msg.Epoch, height, index, r.TurnEnds)
	}
	operator, err := k.stake.OperatorOf(ctx, msg.Sender)
	if err != nil {
		return r, err
	}
	if sealer := r.Sealers[r.Decided].Operator; operator != sealer {
		return r, errorsmod.Wrapf(types.ErrUnauthorized, "seal %d of epoch %d is that of %s, not of %s", index, r.Epoch, sealer, operator)
	}
	return r, nil
}

func verifySeal(ctx context.Context, r types.Record, chain sortition.Chain, msg *types.MsgSeal) (sortition.Output, error) {
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(verifyGas, "VRF seal")
	alpha := chain.Alpha()
	output, err := ecvrf.Verify(r.Sealers[r.Decided].Key, alpha[:], msg.Proof)
	if err != nil {
		return output, errorsmod.Wrapf(types.ErrProof, "seal %d of epoch %d: %s; prove the seal alpha (query sortition duty)", msg.Index, msg.Epoch, err)
	}
	return output, nil
}

// giveUp the sealer whose turn has passed: the chain goes on without it, its reputation falls.
func (k *Keeper) giveUp(ctx context.Context, r *types.Record) error {
	sealer := &r.Sealers[r.Decided]
	sealer.Absent = true
	if err := k.stake.RecordAbsence(ctx, sealer.Operator); err != nil {
		return err
	}
	c := sdk.UnwrapSDKContext(ctx)
	return k.decide(ctx, r, r.Chain(c.ChainID()).Absent(), c.BlockHeight())
}

// decide ends a sealer's turn; the next one's begins at a height.
func (k *Keeper) decide(ctx context.Context, r *types.Record, chain sortition.Chain, next int64) error {
	c := sdk.UnwrapSDKContext(ctx)
	sealer := &r.Sealers[r.Decided]
	sealer.Chain, sealer.Height = chain.Value[:], c.BlockHeight()
	r.Decided++
	r.TurnEnds = next + int64(r.SealBlocks)
	if err := k.records.Set(ctx, r.Epoch, *r); err != nil {
		return err
	}
	return c.EventManager().EmitTypedEvent(&types.EventSealed{Epoch: r.Epoch, Index: r.Decided, Operator: sealer.Operator, Absent: sealer.Absent})
}

// finish makes the seed of the next epoch and holds the election by it.
func (k *Keeper) finish(ctx context.Context, r *types.Record) error {
	c := sdk.UnwrapSDKContext(ctx)
	seed := r.Chain(c.ChainID()).Value
	r.NextSeed = seed[:]
	if err := k.records.Set(ctx, r.Epoch, *r); err != nil {
		return err
	}
	if err := k.seed.Set(ctx, r.NextSeed); err != nil {
		return err
	}
	if err := c.EventManager().EmitTypedEvent(&types.EventSeed{Epoch: r.Epoch + 1, Seed: r.NextSeed}); err != nil {
		return err
	}
	if err := k.publish(ctx, *r); err != nil {
		return err
	}
	return k.elect(ctx, *r)
}
