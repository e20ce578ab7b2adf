package keeper

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/usage/types"
)

// drawChallenges gives every claim whose time has come the seed of its samples: the hash of this block, which the claim could not know (docs/adr/004).
// At most limit claims per block; a claim that waits longer draws from a later block, known to nobody before either.
func (k *Keeper) drawChallenges(ctx context.Context, params types.Params) error {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	due, err := k.due(ctx, k.challengeQueue, params.MaxClaimsPerBlock, func(height uint64) bool { return height <= uint64(sdkCtx.BlockHeight()) })
	if err != nil || len(due) == 0 {
		return err
	}
	blockHash := sdkCtx.HeaderHash()
	if len(blockHash) == 0 {
		return errorsmod.Wrap(types.ErrInvariant, "the block has no hash to draw challenges from")
	}
	for _, key := range due {
		c, err := k.claim(ctx, key.K2(), key.K3())
		if err != nil {
			return err
		}
		seed := challengeSeed(sdkCtx.ChainID(), c, blockHash)
		c.Seed, c.Status = seed[:], types.ClaimStatus_CLAIM_STATUS_CHALLENGED
		c.ProofDeadline = sdkCtx.BlockHeight() + int64(params.ProofWindowBlocks)
		if err := k.challengeQueue.Remove(ctx, key); err != nil {
			return err
		}
		if err := k.deadlineQueue.Set(ctx, collections.Join3(uint64(c.ProofDeadline), c.Provider, c.Epoch)); err != nil {
			return err
		}
		if err := k.storeClaim(ctx, c); err != nil {
			return err
		}
		err = emit(ctx, &types.EventChallenged{Provider: c.Provider, Epoch: c.Epoch, Seed: encodeHex(c.Seed), ProofDeadline: c.ProofDeadline})
		if err != nil {
			return err
		}
	}
	return nil
}

// challengeSeed binds the samples to chain, claim and block.
func challengeSeed(chainID string, c types.Claim, blockHash []byte) [32]byte {
	b := []byte("TOP/challenge/1")
	for _, field := range [][]byte{[]byte(chainID), []byte(c.Provider), c.Root, blockHash} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
		b = append(b, field...)
	}
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, c.Epoch))
}

// forfeitOverdue ends claims whose proof did not come: a missing proof costs the claim, nothing else, so that a censor cannot slash the honest.
func (k *Keeper) forfeitOverdue(ctx context.Context, params types.Params) error {
	height := uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())
	due, err := k.due(ctx, k.deadlineQueue, params.MaxClaimsPerBlock, func(deadline uint64) bool { return deadline < height })
	if err != nil {
		return err
	}
	for _, key := range due {
		c, err := k.claimWithDebits(ctx, key.K2(), key.K3())
		if err != nil {
			return err
		}
		if err := k.endReservations(ctx, c, (*types.Position).GiveBack); err != nil {
			return err
		}
		if err := k.debits.Remove(ctx, collections.Join(c.Provider, c.Epoch)); err != nil {
			return err
		}
		c.Status = types.ClaimStatus_CLAIM_STATUS_FORFEITED
		if err := k.deadlineQueue.Remove(ctx, key); err != nil {
			return err
		}
		if err := k.storeClaim(ctx, c); err != nil {
			return err
		}
		if err := emit(ctx, &types.EventForfeited{Provider: c.Provider, Epoch: c.Epoch, Sum: c.Sum}); err != nil {
			return err
		}
	}
	return nil
}

// due lists the first keys of a queue whose height is due, at most limit.
func (k *Keeper) due(ctx context.Context, queue collections.KeySet[queueKey], limit uint32, isDue func(height uint64) bool) ([]queueKey, error) {
	var out []queueKey
	err := queue.Walk(ctx, nil, func(key queueKey) (bool, error) {
		if !isDue(key.K1()) || len(out) >= int(limit) {
			return true, nil
		}
		out = append(out, key)
		return false, nil
	})
	return out, err
}
