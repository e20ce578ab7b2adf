package keeper

import (
	"context"
	"time"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/committees/types"
)

// prunedPerBlock caps the old terms that one block removes, and the old tokens that one change removes.
const prunedPerBlock = 10

// horizon is how far back an infraction may lie that can still be punished, and history_epochs at least.
type horizon struct {
	height int64
	time   time.Time
}

// passed tells whether nothing before such a change can matter any more.
func (h horizon) passed(height int64, at time.Time) bool {
	return height < h.height && at.Before(h.time)
}

func (k *Keeper) horizon(ctx context.Context) (horizon, error) {
	s := sdk.UnwrapSDKContext(ctx)
	params, err := k.params.Get(ctx)
	if err != nil {
		return horizon{}, err
	}
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return horizon{}, err
	}
	unbonding, err := k.staking.UnbondingTime(ctx)
	if err != nil {
		return horizon{}, err
	}
	h := horizon{height: s.BlockHeight() - int64(params.HistoryEpochs*blocks), time: s.BlockTime().Add(-unbonding)}
	if evidence := s.ConsensusParams().Evidence; evidence != nil {
		h.height = min(h.height, s.BlockHeight()-evidence.MaxAgeNumBlocks)
		if age := s.BlockTime().Add(-evidence.MaxAgeDuration); age.Before(h.time) {
			h.time = age
		}
	}
	return h, nil
}

// prune removes terms that ended before the horizon, and works older than history_epochs.
func (k *Keeper) prune(ctx context.Context, now uint64) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if now >= params.HistoryEpochs {
		if err := k.works.Clear(ctx, new(collections.Range[uint64]).EndInclusive(now-params.HistoryEpochs)); err != nil {
			return err
		}
	}
	h, err := k.horizon(ctx)
	if err != nil {
		return err
	}
	var old []int64
	previous := int64(-1)
	if err := k.terms.Walk(ctx, nil, func(first int64, t types.Term) (bool, error) {
		if previous >= 0 && h.passed(first, t.Decided) {
			old = append(old, previous)
			previous = first
			return len(old) == prunedPerBlock, nil
		}
		stop := previous >= 0
		previous = first
		return stop, nil
	}); err != nil {
		return err
	}
	for _, first := range old {
		if err := k.terms.Remove(ctx, first); err != nil {
			return err
		}
	}
	return nil
}

// pruneTokens removes records of an operator that another one followed before the horizon. The last one stays.
func (k *Keeper) pruneTokens(ctx context.Context, operator string) error {
	h, err := k.horizon(ctx)
	if err != nil {
		return err
	}
	var kept []types.Tokens
	if err := k.tokens.Walk(ctx, collections.NewPrefixedPairRange[string, int64](operator), func(_ tokensKey, t types.Tokens) (bool, error) {
		kept = append(kept, t)
		return !h.passed(t.Height, t.Time) || len(kept) > prunedPerBlock, nil
	}); err != nil {
		return err
	}
	for i := 1; i < len(kept); i++ {
		if !h.passed(kept[i].Height, kept[i].Time) {
			break
		}
		if err := k.tokens.Remove(ctx, collections.Join(operator, kept[i-1].Height)); err != nil {
			return err
		}
	}
	return nil
}
