package keeper

import (
	"bytes"
	"context"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/billing/types"
)

// maxLines per escrow: a change of keys is sent to each of them.
const maxLines = 16

// AddSessionKey lets a key spend from the escrow. The owner may add any key; a delegate only within its limit.
func (k *Keeper) AddSessionKey(ctx context.Context, msg *types.MsgAddSessionKey) (*types.MsgAddSessionKeyResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	e, err := k.escrow(ctx, msg.Owner)
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
	if msg.ExpiresEpoch < now {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "the key would expire in epoch %d, now is %d", msg.ExpiresEpoch, now)
	}
	if indexOfKey(e, msg.Key) >= 0 {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "session key %x is there: revoke it first to change cap or expiry", msg.Key)
	}
	e.SessionKeys = slices.DeleteFunc(e.SessionKeys, func(s types.SessionKey) bool { return s.ExpiresEpoch < now })
	if len(e.SessionKeys) >= int(params.MaxSessionKeys) {
		return nil, errorsmod.Wrapf(types.ErrLimit, "%d session keys: revoke one first", params.MaxSessionKeys)
	}
	if msg.Signer != e.Owner {
		if err := checkDelegation(e, msg, now); err != nil {
			return nil, err
		}
	}
	e.SessionKeys = append(e.SessionKeys, types.SessionKey{Key: msg.Key, CapUtop: msg.CapUtop, ExpiresEpoch: msg.ExpiresEpoch, GrantedBy: msg.Signer})
	if err := k.escrows.Set(ctx, e.Owner, e); err != nil {
		return nil, err
	}
	return &types.MsgAddSessionKeyResponse{}, k.announceKeys(ctx, e)
}

// RevokeSessionKey stops a key. What it spent before stays claimable.
func (k *Keeper) RevokeSessionKey(ctx context.Context, msg *types.MsgRevokeSessionKey) (*types.MsgRevokeSessionKeyResponse, error) {
	e, err := k.escrow(ctx, msg.Owner)
	if err != nil {
		return nil, err
	}
	i := indexOfKey(e, msg.Key)
	if i < 0 {
		return nil, errorsmod.Wrapf(types.ErrNotFound, "session key %x", msg.Key)
	}
	if msg.Signer != e.Owner && msg.Signer != e.SessionKeys[i].GrantedBy {
		return nil, errorsmod.Wrapf(types.ErrUnauthorized, "the key is revoked by %s or %s", e.Owner, e.SessionKeys[i].GrantedBy)
	}
	e.SessionKeys = slices.Delete(e.SessionKeys, i, i+1)
	if err := k.escrows.Set(ctx, e.Owner, e); err != nil {
		return nil, err
	}
	return &types.MsgRevokeSessionKeyResponse{}, k.announceKeys(ctx, e)
}

// announceKeys tells every service chain that holds a line of the escrow.
func (k *Keeper) announceKeys(ctx context.Context, e types.Escrow) error {
	lines, err := k.linesOf(ctx, e.Owner)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if _, err := k.sendCredit(ctx, e, l.ChainId, 0); err != nil {
			return err
		}
	}
	return nil
}

// linesOf an owner, at most maxLines, in chain order.
func (k *Keeper) linesOf(ctx context.Context, owner string) ([]types.CreditLine, error) {
	var out []types.CreditLine
	err := k.lines.Walk(ctx, collections.NewPrefixedPairRange[string, string](owner), func(_ collections.Pair[string, string], l types.CreditLine) (bool, error) {
		out = append(out, l)
		return false, nil
	})
	return out, err
}

func indexOfKey(e types.Escrow, key []byte) int {
	return slices.IndexFunc(e.SessionKeys, func(s types.SessionKey) bool { return bytes.Equal(s.Key, key) })
}
