package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// maxSubLines per payer bounds the work of one message.
const maxSubLines = 256

// Allot guarantees a part of the owner's open credit to a provider: no two providers can be promised the same coin.
func (k *Keeper) Allot(ctx context.Context, msg *types.MsgAllot) (*types.MsgAllotResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	c, lines, err := k.payer(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	p, err := k.provider(ctx, msg.Provider)
	if err != nil {
		return nil, err
	}
	if !p.Active {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "provider %s is inactive", msg.Provider)
	}
	open, err := c.Open()
	if err != nil {
		return nil, err
	}
	if msg.Amount > open {
		return nil, errorsmod.Wrapf(types.ErrCredit, "%d utop of %d open", msg.Amount, open)
	}
	line, err := k.subLine(ctx, msg.Owner, msg.Provider)
	if errors.Is(err, types.ErrNotFound) {
		if lines >= maxSubLines {
			return nil, errorsmod.Wrapf(types.ErrLimit, "%d sub-lines", maxSubLines)
		}
		line = types.SubLine{Owner: msg.Owner, Provider: msg.Provider}
	} else if err != nil {
		return nil, err
	}
	for _, sum := range []*uint64{&line.Amount, &c.Allotted} {
		if *sum, err = billingtypes.Add(*sum, msg.Amount); err != nil {
			return nil, err
		}
	}
	if err := k.storeLine(ctx, c, line); err != nil {
		return nil, err
	}
	return &types.MsgAllotResponse{}, emit(ctx, &types.EventAllotted{Owner: msg.Owner, Provider: msg.Provider, Amount: msg.Amount})
}

// Reclaim gives notice for unspent allotment. It stays claimable until every voucher it may have backed can have been claimed.
func (k *Keeper) Reclaim(ctx context.Context, msg *types.MsgReclaim) (*types.MsgReclaimResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	c, _, err := k.payer(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	line, err := k.subLine(ctx, msg.Owner, msg.Provider)
	if err != nil {
		return nil, err
	}
	if msg.Amount > line.Amount {
		return nil, errorsmod.Wrapf(types.ErrCredit, "%d utop of %d unspent", msg.Amount, line.Amount)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	line.Amount -= msg.Amount
	if line.Reclaiming, err = billingtypes.Add(line.Reclaiming, msg.Amount); err != nil {
		return nil, err
	}
	line.ReclaimEpoch = now + params.ReclaimEpochs()
	return &types.MsgReclaimResponse{ReclaimEpoch: line.ReclaimEpoch}, k.storeLine(ctx, c, line)
}

// Release sends open credit back to the owner's escrow with the next settlement packet.
func (k *Keeper) Release(ctx context.Context, msg *types.MsgRelease) (*types.MsgReleaseResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	c, _, err := k.payer(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	open, err := c.Open()
	if err != nil {
		return nil, err
	}
	if msg.Amount > open {
		return nil, errorsmod.Wrapf(types.ErrCredit, "%d utop of %d open; reclaim allotments first", msg.Amount, open)
	}
	if c.Releasing, err = billingtypes.Add(c.Releasing, msg.Amount); err != nil {
		return nil, err
	}
	if err := k.releasing.Set(ctx, c.Owner); err != nil {
		return nil, err
	}
	return &types.MsgReleaseResponse{}, k.credits.Set(ctx, c.Owner, c)
}

// payer answers a payer's credit after taking back every reclaim whose notice has passed, and how many sub-lines there are.
func (k *Keeper) payer(ctx context.Context, owner string) (types.Credit, int, error) {
	c, err := k.credit(ctx, owner)
	if err != nil {
		return c, 0, err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return c, 0, err
	}
	var due []types.SubLine
	lines := 0
	err = k.subLines.Walk(ctx, collections.NewPrefixedPairRange[string, string](owner), func(_ collections.Pair[string, string], l types.SubLine) (bool, error) {
		lines++
		if l.Reclaiming > 0 && l.ReclaimEpoch <= now {
			due = append(due, l)
		}
		return false, nil
	})
	if err != nil {
		return c, lines, err
	}
	for _, l := range due {
		if c.Allotted, err = billingtypes.Sub(c.Allotted, l.Reclaiming); err != nil {
			return c, lines, err
		}
		l.Reclaiming, l.ReclaimEpoch = 0, 0
		if err := k.storeLine(ctx, c, l); err != nil {
			return c, lines, err
		}
	}
	return c, lines, nil
}

func (k *Keeper) subLine(ctx context.Context, owner, provider string) (types.SubLine, error) {
	l, err := k.subLines.Get(ctx, collections.Join(owner, provider))
	if errors.Is(err, collections.ErrNotFound) {
		return l, errorsmod.Wrapf(types.ErrNotFound, "%s has allotted nothing to %s (tx usage allot)", owner, provider)
	}
	return l, err
}

func (k *Keeper) storeLine(ctx context.Context, c types.Credit, l types.SubLine) error {
	if err := k.credits.Set(ctx, c.Owner, c); err != nil {
		return err
	}
	return k.subLines.Set(ctx, collections.Join(l.Owner, l.Provider), l)
}
