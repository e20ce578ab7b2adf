package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	"github.com/topnetwork/top/x/usage/types"
)

// dateClaims notes when claims were certainly committed: their block is, when this one's time is agreed on, for that is the median of the votes on the block before
// (a block's own time lies before its proposal, by hours after a standstill). With it goes what is known of the main chain. Both only rise, and a late note is only later.
func (k *Keeper) dateClaims(ctx context.Context, params types.Params) error {
	now := sdk.UnwrapSDKContext(ctx)
	due, err := k.due(ctx, k.undatedQueue, params.MaxClaimsPerBlock, func(height uint64) bool { return height < uint64(now.BlockHeight()) })
	if err != nil || len(due) == 0 {
		return err
	}
	mainHeight, _, err := k.mainHeight(ctx)
	if err != nil {
		return err
	}
	for _, key := range due {
		c, ok := k.readable(ctx, key)
		if !ok {
			continue
		}
		c.CommittedTime, c.MainHeight = now.BlockTime().Add(params.ClockMargin()).UnixNano(), mainHeight
		if err := k.undatedQueue.Remove(ctx, key); err != nil {
			return err
		}
		if err := k.challengeQueue.Set(ctx, collections.Join3(uint64(c.CommittedTime), c.Provider, c.Epoch)); err != nil {
			return err
		}
		if err := k.storeClaim(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// drawChallenges gives claims the seed of their samples: that of the main chain which is the first after them, and no other (docs/adr/013). They are in the order in which
// they were committed, so those that the seed is not for come after those that it is for. At most as many per block as parameters say; the others' turn comes.
func (k *Keeper) drawChallenges(ctx context.Context, params types.Params) error {
	seed, err := k.seed.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	due, err := k.due(ctx, k.challengeQueue, params.MaxClaimsPerBlock, func(committed uint64) bool { return committed < uint64(seed.SealingTime) })
	if err != nil {
		return err
	}
	for _, key := range due {
		c, ok := k.readable(ctx, key)
		if !ok {
			continue
		}
		if !c.ChallengedBy(seed) {
			return nil
		}
		if err := k.challengeQueue.Remove(ctx, key); err != nil {
			return err
		}
		if err := k.challenge(ctx, c, seed, params); err != nil {
			return err
		}
	}
	return nil
}

// challenge a claim: its proof window begins now, however long the seed took.
func (k *Keeper) challenge(ctx context.Context, c types.Claim, seed sortitiontypes.PublishedSeed, params types.Params) error {
	now := sdk.UnwrapSDKContext(ctx)
	drawn := claim.Challenge([32]byte(seed.Seed), now.ChainID(), c.Provider, c.Epoch, [32]byte(c.Root))
	c.Seed, c.SeedEpoch, c.Status = drawn[:], seed.Epoch, types.ClaimStatus_CLAIM_STATUS_CHALLENGED
	c.ProofDeadline = now.BlockHeight() + int64(params.ProofWindowBlocks)
	if err := k.deadlineQueue.Set(ctx, collections.Join3(uint64(c.ProofDeadline), c.Provider, c.Epoch)); err != nil {
		return err
	}
	if err := k.storeClaim(ctx, c); err != nil {
		return err
	}
	return emit(ctx, &types.EventChallenged{Provider: c.Provider, Epoch: c.Epoch, Seed: encodeHex(c.Seed), ProofDeadline: c.ProofDeadline, SeedEpoch: c.SeedEpoch})
}

// forfeitOverdue ends claims whose proof did not come: a missing proof costs the claim, nothing else, so that a censor cannot slash the honest.
func (k *Keeper) forfeitOverdue(ctx context.Context, params types.Params) error {
	height := uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())
	due, err := k.due(ctx, k.deadlineQueue, params.MaxClaimsPerBlock, func(deadline uint64) bool { return deadline < height })
	if err != nil {
		return err
	}
	// Each debit gives something back: they are counted, not claims.
	left := int(params.MaxDebits)
	for i, key := range due {
		full := false
		done := k.isolated(ctx, "forfeit a claim", func(ctx context.Context) error {
			c, err := k.claimWithDebits(ctx, key.K2(), key.K3())
			if err != nil {
				return err
			}
			left -= len(c.Debits)
			if full = i > 0 && left < 0; full {
				return nil
			}
			return k.forfeit(ctx, key, c)
		})
		if full {
			return nil
		}
		if done {
			continue
		}
		// Behind the others: at the head it would use up what a block has for debits, again and again.
		if err := k.deadlineQueue.Remove(ctx, key); err != nil {
			return err
		}
		if err := k.deadlineQueue.Set(ctx, collections.Join3(height, key.K2(), key.K3())); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) forfeit(ctx context.Context, key queueKey, c types.Claim) error {
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
	return emit(ctx, &types.EventForfeited{Provider: c.Provider, Epoch: c.Epoch, Sum: c.Sum})
}

// due lists the first keys of a queue whose height or time is due, at most limit.
func (k *Keeper) due(ctx context.Context, queue collections.KeySet[queueKey], limit uint32, isDue func(at uint64) bool) ([]queueKey, error) {
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
