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

// Claim commits to a provider's vouchers of a past epoch and reserves what they are worth.
func (k *Keeper) Claim(ctx context.Context, msg *types.MsgClaim) (*types.MsgClaimResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	if _, err := k.provider(ctx, msg.Provider); err != nil {
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
	err = k.claims.Set(ctx, id, types.Claim{
		Provider: msg.Provider, Epoch: msg.Epoch, Root: msg.Root, Sum: msg.Sum, Count: msg.Count, Debits: msg.Debits,
		Status: types.ClaimStatus_CLAIM_STATUS_CLAIMED, ClaimedHeight: height,
	})
	if err != nil {
		return nil, err
	}
	if err := k.challengeQueue.Set(ctx, collections.Join3(uint64(height)+1, msg.Provider, msg.Epoch)); err != nil {
		return nil, err
	}
	return &types.MsgClaimResponse{ChallengeHeight: height + 1},
		emit(ctx, &types.EventClaimed{Provider: msg.Provider, Epoch: msg.Epoch, Sum: msg.Sum, Count: msg.Count})
}

// reserve sets a debit aside: from the payer's sub-line for this provider and from the session key's cap.
func (k *Keeper) reserve(ctx context.Context, provider string, epoch uint64, d types.Debit) error {
	c, err := k.credit(ctx, d.Payer)
	if err != nil {
		return err
	}
	key, err := sessionKey(c, d.SessionKey)
	if err != nil {
		return err
	}
	if epoch > key.ExpiresEpoch {
		return errorsmod.Wrapf(types.ErrKey, "%x of %s expired with epoch %d", d.SessionKey, d.Payer, key.ExpiresEpoch)
	}
	spending, err := k.spending(ctx, d)
	if err != nil {
		return err
	}
	if spending.Reserved, err = billingtypes.Add(spending.Reserved, d.Amount); err != nil {
		return err
	}
	if used, err := billingtypes.Add(spending.Spent, spending.Reserved); err != nil || used > key.CapUtop {
		return errorsmod.Wrapf(types.ErrKey, "%x of %s may spend %d utop; %d are spent and reserved with this claim", d.SessionKey, d.Payer, key.CapUtop, used)
	}
	line, err := k.subLine(ctx, d.Payer, provider)
	if err != nil {
		return err
	}
	// What is under notice is the last to be used: the payer wants it back.
	fromAmount := min(d.Amount, line.Amount)
	fromReclaiming := d.Amount - fromAmount
	if fromReclaiming > line.Reclaiming {
		return errorsmod.Wrapf(types.ErrCredit, "%s guarantees %s %d utop, the claim debits %d", d.Payer, provider, line.Amount+line.Reclaiming, d.Amount)
	}
	line.Amount -= fromAmount
	line.Reclaiming -= fromReclaiming
	if line.Reserved, err = billingtypes.Add(line.Reserved, d.Amount); err != nil {
		return err
	}
	if err := k.spendings.Set(ctx, collections.Join(d.Payer, d.SessionKey), spending); err != nil {
		return err
	}
	return k.subLines.Set(ctx, collections.Join(d.Payer, provider), line)
}

// settleDebit ends a reservation: spent when the claim is proven, given back when it is forfeited.
func (k *Keeper) settleDebit(ctx context.Context, provider string, d types.Debit, proven bool) error {
	spending, err := k.spending(ctx, d)
	if err != nil {
		return err
	}
	line, err := k.subLine(ctx, d.Payer, provider)
	if err != nil {
		return err
	}
	c, err := k.credit(ctx, d.Payer)
	if err != nil {
		return err
	}
	for _, sum := range []*uint64{&spending.Reserved, &line.Reserved} {
		if *sum, err = billingtypes.Sub(*sum, d.Amount); err != nil {
			return err
		}
	}
	if proven {
		if c.Allotted, err = billingtypes.Sub(c.Allotted, d.Amount); err != nil {
			return err
		}
		for _, sum := range []*uint64{&spending.Spent, &line.Spent, &c.Spent} {
			if *sum, err = billingtypes.Add(*sum, d.Amount); err != nil {
				return err
			}
		}
	} else {
		// A claim that lapses must not undo the payer's notice.
		back := &line.Amount
		if line.ReclaimEpoch != 0 {
			back = &line.Reclaiming
		}
		if *back, err = billingtypes.Add(*back, d.Amount); err != nil {
			return err
		}
	}
	if err := k.spendings.Set(ctx, collections.Join(d.Payer, d.SessionKey), spending); err != nil {
		return err
	}
	return k.storeLine(ctx, c, line)
}

func (k *Keeper) spending(ctx context.Context, d types.Debit) (types.KeySpending, error) {
	s, err := k.spendings.Get(ctx, collections.Join(d.Payer, d.SessionKey))
	if errors.Is(err, collections.ErrNotFound) {
		return types.KeySpending{Owner: d.Payer, Key: d.SessionKey}, nil
	}
	return s, err
}

func (k *Keeper) claim(ctx context.Context, provider string, epoch uint64) (types.Claim, error) {
	c, err := k.claims.Get(ctx, collections.Join(provider, epoch))
	if errors.Is(err, collections.ErrNotFound) {
		return c, errorsmod.Wrapf(types.ErrNotFound, "claim of %s for epoch %d", provider, epoch)
	}
	return c, err
}
