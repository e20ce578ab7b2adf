package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// maxSubLines per payer bounds the work of one message.
const maxSubLines = 256

// lineKey is (owner, provider, session key).
type lineKey = collections.Triple[string, string, []byte]

func keyOf(l types.SubLine) lineKey { return collections.Join3(l.Owner, l.Provider, l.SessionKey) }

// Allot guarantees a part of the owner's open credit and of a session key's cap to a provider: no two providers can be promised the same coin.
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
		return nil, errorsmod.Wrapf(types.ErrInvalid, "provider %s is inactive: choose another", msg.Provider)
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	key, err := k.liveKey(ctx, c.Owner, msg.SessionKey, now)
	if err != nil {
		return nil, err
	}
	line, err := k.subLines.Get(ctx, collections.Join3(msg.Owner, msg.Provider, msg.SessionKey))
	if errors.Is(err, collections.ErrNotFound) {
		if lines >= maxSubLines {
			return nil, errorsmod.Wrapf(types.ErrLimit, "%d sub-lines hold credit: reclaim some of it", maxSubLines)
		}
		line = types.SubLine{Owner: msg.Owner, Provider: msg.Provider, SessionKey: msg.SessionKey}
	} else if err != nil {
		return nil, err
	}
	pos, err := k.position(ctx, c, line)
	if err != nil {
		return nil, err
	}
	if err := pos.Allot(msg.Amount, key.CapUtop); err != nil {
		return nil, err
	}
	if err := k.storePosition(ctx, pos); err != nil {
		return nil, err
	}
	return &types.MsgAllotResponse{}, emit(ctx, &types.EventAllotted{Owner: msg.Owner, Provider: msg.Provider, Amount: msg.Amount, SessionKey: encodeHex(msg.SessionKey)})
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
	line, err := k.subLine(ctx, msg.Owner, msg.Provider, msg.SessionKey)
	if err != nil {
		return nil, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	pos, err := k.position(ctx, c, line)
	if err != nil {
		return nil, err
	}
	if err := pos.Reclaim(msg.Amount, now+params.ReclaimEpochs()); err != nil {
		return nil, err
	}
	return &types.MsgReclaimResponse{ReclaimEpoch: pos.Line.ReclaimEpoch}, k.storePosition(ctx, pos)
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
	// Who asks for more keeps its place.
	if c.Releasing == 0 {
		c.ReleasingHeight = uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())
	}
	if c.Releasing, err = billingtypes.Add(c.Releasing, msg.Amount); err != nil {
		return nil, err
	}
	if err := k.releaseQueue.Set(ctx, collections.Join(c.ReleasingHeight, c.Owner)); err != nil {
		return nil, err
	}
	return &types.MsgReleaseResponse{}, k.credits.Set(ctx, c.Owner, c)
}

// payer answers a payer's credit and how many sub-lines there are, after taking back every reclaim whose notice has passed and closing the empty lines of keys that
// have ended; at the limit all empty ones.
func (k *Keeper) payer(ctx context.Context, owner string) (types.Credit, int, error) {
	c, err := k.credit(ctx, owner)
	if err != nil {
		return c, 0, err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return c, 0, err
	}
	var lines []types.SubLine
	err = k.subLines.Walk(ctx, collections.NewPrefixedTripleRange[string, string, []byte](owner), func(_ lineKey, l types.SubLine) (bool, error) {
		lines = append(lines, l)
		return false, nil
	})
	if err != nil {
		return c, 0, err
	}
	open := len(lines)
	for _, l := range lines {
		if l.Reclaiming > 0 && l.ReclaimEpoch <= now {
			pos, err := k.position(ctx, c, l)
			if err != nil {
				return c, open, err
			}
			if err := pos.TakeBack(); err != nil {
				return c, open, err
			}
			if err := k.storePosition(ctx, pos); err != nil {
				return c, open, err
			}
			c, l = pos.Credit, pos.Line
		}
		held, err := l.Held()
		if err != nil {
			return c, open, err
		}
		if held > 0 {
			continue
		}
		if _, dead := k.liveKey(ctx, owner, l.SessionKey, now); dead == nil && len(lines) < maxSubLines {
			continue
		}
		if err := k.subLines.Remove(ctx, keyOf(l)); err != nil {
			return c, open, err
		}
		open--
	}
	return c, open, nil
}

func (k *Keeper) subLine(ctx context.Context, owner, provider string, key []byte) (types.SubLine, error) {
	l, err := k.subLines.Get(ctx, collections.Join3(owner, provider, key))
	if errors.Is(err, collections.ErrNotFound) {
		return l, errorsmod.Wrapf(types.ErrNotFound, "%s has allotted nothing of key %x to %s (tx usage allot)", owner, key, provider)
	}
	return l, err
}

// position joins a sub-line with its credit and its session key's sums.
func (k *Keeper) position(ctx context.Context, c types.Credit, l types.SubLine) (types.Position, error) {
	s, err := k.spending(ctx, l.Owner, l.SessionKey)
	return types.Position{Credit: c, Key: s, Line: l}, err
}

func (k *Keeper) storePosition(ctx context.Context, p types.Position) error {
	if err := k.credits.Set(ctx, p.Credit.Owner, p.Credit); err != nil {
		return err
	}
	return k.storeLine(ctx, p)
}

// storeLine writes a position whose credit is unchanged or written later.
func (k *Keeper) storeLine(ctx context.Context, p types.Position) error {
	if err := k.spendings.Set(ctx, collections.Join(p.Key.Owner, p.Key.Key), p.Key); err != nil {
		return err
	}
	return k.subLines.Set(ctx, keyOf(p.Line), p.Line)
}

func (k *Keeper) spending(ctx context.Context, owner string, key []byte) (types.KeySpending, error) {
	s, err := k.spendings.Get(ctx, collections.Join(owner, key))
	if errors.Is(err, collections.ErrNotFound) {
		return types.KeySpending{Owner: owner, Key: key}, nil
	}
	return s, err
}
