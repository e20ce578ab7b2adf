package keeper

import (
	"context"
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/billing/types"
)

// Delegate lets another account add session keys whose caps sum to at most the limit. Limit 0 ends it, and
// what it had granted is forgotten; keys it added stay until revoked or expired.
func (k *Keeper) Delegate(ctx context.Context, msg *types.MsgDelegate) (*types.MsgDelegateResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	e, err := k.escrow(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	granted := uint64(0)
	if i := slices.IndexFunc(e.Delegations, func(d types.Delegation) bool { return d.Delegate == msg.Delegate }); i >= 0 {
		granted = e.Delegations[i].GrantedUtop
	}
	e.Delegations = slices.DeleteFunc(e.Delegations, func(d types.Delegation) bool { return d.Delegate == msg.Delegate })
	if msg.LimitUtop > 0 {
		params, err := k.params.Get(ctx)
		if err != nil {
			return nil, err
		}
		now, err := k.Epoch(ctx)
		if err != nil {
			return nil, err
		}
		if msg.ExpiresEpoch < now {
			return nil, errorsmod.Wrapf(types.ErrInvalid, "the delegation would expire in epoch %d, now is %d", msg.ExpiresEpoch, now)
		}
		if len(e.Delegations) >= int(params.MaxDelegations) {
			return nil, errorsmod.Wrapf(types.ErrLimit, "%d delegations: end one first", params.MaxDelegations)
		}
		e.Delegations = append(e.Delegations, types.Delegation{Delegate: msg.Delegate, LimitUtop: msg.LimitUtop, ExpiresEpoch: msg.ExpiresEpoch, GrantedUtop: granted})
	}
	return &types.MsgDelegateResponse{}, k.escrows.Set(ctx, e.Owner, e)
}

// grant holds a delegate's new key against its limit: the caps of all keys that it ever added, this one included. A key that ended may have spent its cap.
func grant(e *types.Escrow, msg *types.MsgAddSessionKey, now uint64) error {
	i := slices.IndexFunc(e.Delegations, func(d types.Delegation) bool { return d.Delegate == msg.Signer })
	if i < 0 {
		return errorsmod.Wrapf(types.ErrUnauthorized, "%s is no delegate of %s (tx billing delegate)", msg.Signer, e.Owner)
	}
	d := &e.Delegations[i]
	if d.ExpiresEpoch < now || msg.ExpiresEpoch > d.ExpiresEpoch {
		return errorsmod.Wrapf(types.ErrUnauthorized, "the delegation ends with epoch %d; the key may not outlive it", d.ExpiresEpoch)
	}
	caps, err := types.Add(d.GrantedUtop, msg.CapUtop)
	if err != nil {
		return err
	}
	if caps > d.LimitUtop {
		return errorsmod.Wrapf(types.ErrLimit, "caps of %d utop exceed the delegation's limit of %d: the owner may raise it", caps, d.LimitUtop)
	}
	d.GrantedUtop = caps
	return nil
}
