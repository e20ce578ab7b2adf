package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/shards/types"
)

// auditorsName is the committee's in the draw; no shard is called so.
func auditorsName(chainID string, zone uint32) string {
	return fmt.Sprintf("%s/auditors/%d", chainID, zone)
}

// electAuditors of a zone for an epoch, beside everyone who sits in one of its shards. With too few candidates those of before sit on, on a devnet those that there are.
func (k *Keeper) electAuditors(ctx context.Context, zone uint32, shards []types.Shard, from pool) error {
	before, err := k.Auditors(ctx, zone, from.epoch)
	if err != nil && !errors.Is(err, types.ErrNotFound) {
		return err
	}
	var exclude []string
	for _, s := range shards {
		if s.Status == types.Status_STATUS_RETIRED {
			continue
		}
		c, err := k.Committee(ctx, s.Name, 0)
		if err != nil {
			return err
		}
		exclude = append(exclude, types.Operators(c.Members)...)
	}
	return k.drawAuditors(ctx, zone, from, before.Members, exclude, from.beside(exclude))
}

// drawAuditors of which at most so many are taken on a devnet, where there may be fewer than there should be.
func (k *Keeper) drawAuditors(ctx context.Context, zone uint32, from pool, before []types.Member, exclude []string, most int) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	devnet, err := k.devnet(ctx)
	if err != nil {
		return err
	}
	a := types.Auditors{Zone: zone, Epoch: from.epoch, Members: before}
	c := sortition.Committee{Name: auditorsName(sdk.UnwrapSDKContext(ctx).ChainID(), zone), Size: int(params.Auditors), Sitting: types.Operators(before)}
	if devnet {
		c.Size = max(0, min(c.Size, most))
	}
	a.Short = c.Size < int(params.Auditors)
	if c.Size > 0 {
		out, err := from.draw(c, exclude)
		if errors.Is(err, sortition.ErrTooFew) {
			out, err = sortition.Outcome{Kept: true}, nil
		}
		if err != nil {
			return err
		}
		a.Members, a.Short = from.seat(out.Members, before), a.Short || out.Kept
	}
	for _, m := range a.Members {
		if err := k.Committees.Watch(ctx, m.Operator); err != nil {
			return err
		}
	}
	if err := k.auditors.Set(ctx, collections.Join(zone, from.epoch), a); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventAuditors{Zone: zone, Epoch: a.Epoch, Members: uint32(len(a.Members)), Short: a.Short})
}
