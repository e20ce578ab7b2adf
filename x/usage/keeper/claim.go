package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/usage/types"
)

// Claim commits to a provider's vouchers of a past epoch and reserves what they are worth.
func (k *Keeper) Claim(ctx context.Context, msg *types.MsgClaim) (*types.MsgClaimResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	p, err := k.provider(ctx, msg.Provider)
	if err != nil {
		return nil, err
	}
	if !p.Active && msg.Epoch > p.LastEpoch {
		return nil, errorsmod.Wrapf(types.ErrWindow, "%s stopped being active in epoch %d: usage of epoch %d is claimed when it is active again on the main chain (tx services update-provider, after an exit register-provider)",
			msg.Provider, p.LastEpoch, msg.Epoch)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	if msg.Epoch >= now || now-msg.Epoch > params.ClaimWindowEpochs {
		return nil, errorsmod.Wrapf(types.ErrWindow, "epoch %d is claimed from epoch %d to %d, now is %d", msg.Epoch, msg.Epoch+1, msg.Epoch+params.ClaimWindowEpochs, now)
	}
	id := collections.Join(msg.Provider, msg.Epoch)
	if exists, err := k.claims.Has(ctx, id); err != nil {
		return nil, err
	} else if exists {
		return nil, errorsmod.Wrapf(types.ErrClaim, "%s has claimed epoch %d", msg.Provider, msg.Epoch)
	}
	if len(msg.Debits) > int(params.MaxDebits) {
		return nil, errorsmod.Wrapf(types.ErrLimit, "%d debits, at most %d", len(msg.Debits), params.MaxDebits)
	}
	for _, d := range msg.Debits {
		if err := k.reserve(ctx, msg.Provider, msg.Epoch, d); err != nil {
			return nil, err
		}
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	err = k.storeClaim(ctx, types.Claim{
		Provider: msg.Provider, Epoch: msg.Epoch, Root: msg.Root, Sum: msg.Sum, Count: msg.Count,
		Status: types.ClaimStatus_CLAIM_STATUS_CLAIMED, ClaimedHeight: height,
	})
	if err != nil {
		return nil, err
	}
	if err := k.debits.Set(ctx, id, types.Debits{Debits: msg.Debits}); err != nil {
		return nil, err
	}
	if err := k.undatedQueue.Set(ctx, collections.Join3(uint64(height), msg.Provider, msg.Epoch)); err != nil {
		return nil, err
	}
	return &types.MsgClaimResponse{}, emit(ctx, &types.EventClaimed{Provider: msg.Provider, Epoch: msg.Epoch, Sum: msg.Sum, Count: msg.Count})
}

// reserve sets a debit aside from the sub-line that the payer allotted to this provider and key. The key's cap was held against that then: what was promised stays
// good, whatever became of the cap, for epochs in which the key was.
func (k *Keeper) reserve(ctx context.Context, provider string, epoch uint64, d types.Debit) error {
	key, err := k.sessionKey(ctx, d.Payer, d.SessionKey)
	if err != nil {
		return err
	}
	if epoch > key.ExpiresEpoch {
		return errorsmod.Wrapf(types.ErrKey, "%x of %s expired with epoch %d", d.SessionKey, d.Payer, key.ExpiresEpoch)
	}
	line, err := k.subLine(ctx, d.Payer, provider, d.SessionKey)
	if err != nil {
		return err
	}
	// What is reserved stays allotted: the credit does not change.
	pos, err := k.position(ctx, types.Credit{}, line)
	if err != nil {
		return err
	}
	if err := pos.Reserve(d.Amount); err != nil {
		return err
	}
	return k.storeLine(ctx, pos)
}

// endReservations of a claim: spent when it is proven, given back when it is forfeited. Debits are sorted by payer: a credit is written once, after the last of its debits.
func (k *Keeper) endReservations(ctx context.Context, c types.Claim, end func(*types.Position, uint64) error) error {
	var credit types.Credit
	for i, d := range c.Debits {
		var err error
		if credit.Owner != d.Payer {
			if credit, err = k.credit(ctx, d.Payer); err != nil {
				return err
			}
		}
		line, err := k.subLine(ctx, d.Payer, c.Provider, d.SessionKey)
		if err != nil {
			return err
		}
		pos, err := k.position(ctx, credit, line)
		if err != nil {
			return err
		}
		if err := end(&pos, d.Amount); err != nil {
			return err
		}
		if err := k.storeLine(ctx, pos); err != nil {
			return err
		}
		credit = pos.Credit
		if i+1 < len(c.Debits) && c.Debits[i+1].Payer == d.Payer {
			continue
		}
		if err := k.credits.Set(ctx, credit.Owner, credit); err != nil {
			return err
		}
	}
	return nil
}

// claimWithDebits answers a claim as it was made.
func (k *Keeper) claimWithDebits(ctx context.Context, provider string, epoch uint64) (types.Claim, error) {
	c, err := k.claim(ctx, provider, epoch)
	if err != nil {
		return c, err
	}
	d, err := k.debits.Get(ctx, collections.Join(provider, epoch))
	if errors.Is(err, collections.ErrNotFound) {
		return c, nil
	}
	c.Debits = d.Debits
	return c, err
}

// storeClaim without its debits, which do not change.
func (k *Keeper) storeClaim(ctx context.Context, c types.Claim) error {
	c.Debits = nil
	return k.claims.Set(ctx, collections.Join(c.Provider, c.Epoch), c)
}

// claim of a provider for an epoch, without its debits.
func (k *Keeper) claim(ctx context.Context, provider string, epoch uint64) (types.Claim, error) {
	c, err := k.claims.Get(ctx, collections.Join(provider, epoch))
	if errors.Is(err, collections.ErrNotFound) {
		return c, errorsmod.Wrapf(types.ErrNotFound, "claim of %s for epoch %d", provider, epoch)
	}
	return c, err
}

// readable claim of a queue's key. One that cannot be read stays where it is and keeps no other waiting.
func (k *Keeper) readable(ctx context.Context, key queueKey) (types.Claim, bool) {
	c, err := k.claim(ctx, key.K2(), key.K3())
	if err != nil {
		sdk.UnwrapSDKContext(ctx).Logger().Error("a claim is left out", "module", types.ModuleName, "provider", key.K2(), "epoch", key.K3(), "error", err)
	}
	return c, err == nil
}
