package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// maxKeys a payer may have on a service chain, dropped ones that can still be claimed for included.
const maxKeys = 256

// receiveCredit adds a credit packet to its owner's credit and takes over its keys, unless a newer packet came first.
func (k *Keeper) receiveCredit(ctx context.Context, p *billingtypes.CreditPacket) error {
	c, err := k.credits.Get(ctx, p.Owner)
	if errors.Is(err, collections.ErrNotFound) {
		c = types.Credit{Owner: p.Owner}
	} else if err != nil {
		return err
	}
	if c.Credited, err = billingtypes.Add(c.Credited, p.Amount); err != nil {
		return err
	}
	if p.Revision > c.Revision {
		if err := k.replaceKeys(ctx, p.Owner, p.SessionKeys); err != nil {
			return err
		}
		c.Revision = p.Revision
	}
	if err := k.ensureAccount(ctx, p.Owner); err != nil {
		return err
	}
	if err := k.credits.Set(ctx, c.Owner, c); err != nil {
		return err
	}
	return emit(ctx, &types.EventCreditReceived{Owner: c.Owner, Amount: p.Amount, SessionKeys: uint32(len(p.SessionKeys))})
}

// replaceKeys takes the new set. A key that is not in it any more ends with this epoch, but stays as long as a claim can still name it: a payer must not undo by
// revocation what it has signed.
func (k *Keeper) replaceKeys(ctx context.Context, owner string, keys []billingtypes.SessionKey) error {
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	known, err := k.keysOf(ctx, owner)
	if err != nil {
		return err
	}
	next := slices.Clone(keys)
	for _, old := range known {
		if slices.ContainsFunc(keys, func(n billingtypes.SessionKey) bool { return bytes.Equal(n.Key, old.Key) }) {
			continue
		}
		old.ExpiresEpoch = min(old.ExpiresEpoch, now)
		if old.ExpiresEpoch+params.ReclaimEpochs() >= now {
			next = append(next, old)
		} else if err := k.sessionKeys.Remove(ctx, collections.Join(owner, old.Key)); err != nil {
			return err
		}
	}
	if len(next) > maxKeys {
		return errorsmod.Wrapf(types.ErrLimit, "%d session keys within a claim window, at most %d", len(next), maxKeys)
	}
	return k.setKeys(ctx, owner, next)
}

func (k *Keeper) setKeys(ctx context.Context, owner string, keys []billingtypes.SessionKey) error {
	for _, s := range keys {
		if err := k.sessionKeys.Set(ctx, collections.Join(owner, s.Key), s); err != nil {
			return err
		}
	}
	return nil
}

// keysOf a payer, sorted.
func (k *Keeper) keysOf(ctx context.Context, owner string) (keys []billingtypes.SessionKey, err error) {
	err = k.sessionKeys.Walk(ctx, collections.NewPrefixedPairRange[string, []byte](owner), func(_ keyID, s billingtypes.SessionKey) (bool, error) {
		keys = append(keys, s)
		return false, nil
	})
	return keys, err
}

// credit of a payer, without its session keys.
func (k *Keeper) credit(ctx context.Context, owner string) (types.Credit, error) {
	c, err := k.credits.Get(ctx, owner)
	if errors.Is(err, collections.ErrNotFound) {
		return c, errorsmod.Wrapf(types.ErrNotFound, "%s has no credit here: open a credit line on the main chain (tx billing open-credit-line)", owner)
	}
	return c, err
}

// withKeys is a credit as queries and genesis have it.
func (k *Keeper) withKeys(ctx context.Context, c types.Credit) (_ types.Credit, err error) {
	c.SessionKeys, err = k.keysOf(ctx, c.Owner)
	return c, err
}

// sessionKey of a payer.
func (k *Keeper) sessionKey(ctx context.Context, owner string, key []byte) (billingtypes.SessionKey, error) {
	s, err := k.sessionKeys.Get(ctx, collections.Join(owner, key))
	if errors.Is(err, collections.ErrNotFound) {
		if _, err := k.credit(ctx, owner); err != nil {
			return s, err
		}
		return s, errorsmod.Wrapf(types.ErrKey, "%x is no session key of %s here: add it on the main chain (tx billing add-session-key)", key, owner)
	}
	return s, err
}

// liveKey of a payer that may be promised something: one that has not ended.
func (k *Keeper) liveKey(ctx context.Context, owner string, key []byte, now uint64) (billingtypes.SessionKey, error) {
	s, err := k.sessionKey(ctx, owner, key)
	if err == nil && s.ExpiresEpoch < now {
		err = errorsmod.Wrapf(types.ErrKey, "%x of %s ended with epoch %d: take another", key, owner, s.ExpiresEpoch)
	}
	return s, err
}
