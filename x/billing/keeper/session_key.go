package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
)

// maxKeys bounds an escrow's keys, recent past ones included.
const maxKeys = 128

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
		return nil, errorsmod.Wrapf(types.ErrInvalid, "session key %x is there: for another cap or expiry take another key", msg.Key)
	}
	if err := k.retireKeys(ctx, &e, params, now); err != nil {
		return nil, err
	}
	// What a key has signed stands under the terms that it had.
	if _, known, err := k.knownKey(ctx, e, msg.Key); err != nil {
		return nil, err
	} else if known {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "session key %x has ended: take a new key", msg.Key)
	}
	if len(e.SessionKeys)+len(e.PastKeys) >= maxKeys {
		return nil, errorsmod.Wrapf(types.ErrLimit, "%d session keys and recent past ones, at most %d: wait for the next epochs",
			len(e.SessionKeys)+len(e.PastKeys), maxKeys)
	}
	if len(e.SessionKeys) >= int(params.MaxSessionKeys) {
		return nil, errorsmod.Wrapf(types.ErrLimit, "%d session keys: revoke one first", params.MaxSessionKeys)
	}
	if msg.Signer != e.Owner {
		if err := grant(&e, msg, now); err != nil {
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
	now, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	past := e.SessionKeys[i]
	past.RevokedEpoch = now
	e.SessionKeys = slices.Delete(e.SessionKeys, i, i+1)
	e.PastKeys = append(e.PastKeys, past)
	if err := k.escrows.Set(ctx, e.Owner, e); err != nil {
		return nil, err
	}
	return &types.MsgRevokeSessionKeyResponse{}, k.announceKeys(ctx, e)
}

// retireKeys moves expired keys to the past ones, and those whose usage is settled by now, unless a settlement is late, out of the escrow. They are kept apart: a
// late settlement can be disputed too, and then the provider must be able to show whose key signed.
func (k *Keeper) retireKeys(ctx context.Context, e *types.Escrow, params types.Params, now uint64) error {
	expired := func(s types.SessionKey) bool { return s.ExpiresEpoch < now }
	old := func(s types.SessionKey) bool {
		return lastEpoch(s, params)+params.WithdrawalDelayEpochs+params.AnswerWindowEpochs < now
	}
	for _, s := range e.SessionKeys {
		if expired(s) {
			e.PastKeys = append(e.PastKeys, s)
		}
	}
	e.SessionKeys = slices.DeleteFunc(e.SessionKeys, expired)
	for _, s := range e.PastKeys {
		if !old(s) {
			continue
		}
		if err := k.endedKeys.Set(ctx, collections.Join(e.Owner, s.Key), s); err != nil {
			return err
		}
	}
	e.PastKeys = slices.DeleteFunc(e.PastKeys, old)
	return nil
}

// lastEpoch in which a provider may have served a key in good faith: a revocation takes its time to the service chain, and until it is there the key pays.
func lastEpoch(s types.SessionKey, params types.Params) uint64 {
	if s.RevokedEpoch == 0 {
		return s.ExpiresEpoch
	}
	return min(s.ExpiresEpoch, s.RevokedEpoch+params.WithdrawalDelayEpochs)
}

// knownKey finds a key that an owner has or had.
func (k *Keeper) knownKey(ctx context.Context, e types.Escrow, key []byte) (types.SessionKey, bool, error) {
	for _, list := range [][]types.SessionKey{e.SessionKeys, e.PastKeys} {
		for _, s := range list {
			if bytes.Equal(s.Key, key) {
				return s, true, nil
			}
		}
	}
	s, err := k.endedKeys.Get(ctx, collections.Join(e.Owner, key))
	if errors.Is(err, collections.ErrNotFound) {
		return s, false, nil
	}
	return s, err == nil, err
}

// announceKeys tells every service chain that holds a line of the escrow. One that cannot be reached must not keep a payer from revoking a key on the others.
func (k *Keeper) announceKeys(ctx context.Context, e types.Escrow) error {
	lines, err := k.linesOf(ctx, e.Owner)
	if err != nil {
		return err
	}
	for _, l := range lines {
		err := isolated(ctx, func(attempt sdk.Context) error {
			_, err := k.sendCredit(attempt, e, l.ChainId, 0)
			return err
		})
		if err != nil {
			sdk.UnwrapSDKContext(ctx).Logger().Error("service chain not told of keys", "module", types.ModuleName, "chain", l.ChainId, "owner", e.Owner, "error", err)
			if err := k.announceAgain(ctx, l.ChainId, e.Owner, false); err != nil {
				return err
			}
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
