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
		if err := k.replaceKeys(ctx, &c, p.SessionKeys); err != nil {
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
func (k *Keeper) replaceKeys(ctx context.Context, c *types.Credit, keys []billingtypes.SessionKey) error {
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	next := slices.Clone(keys)
	for _, old := range c.SessionKeys {
		if slices.ContainsFunc(keys, func(n billingtypes.SessionKey) bool { return bytes.Equal(n.Key, old.Key) }) {
			continue
		}
		old.ExpiresEpoch = min(old.ExpiresEpoch, now)
		if old.ExpiresEpoch+params.ReclaimEpochs() >= now {
			next = append(next, old)
		}
	}
	if len(next) > maxKeys {
		return errorsmod.Wrapf(types.ErrLimit, "%d session keys within a claim window, at most %d", len(next), maxKeys)
	}
	c.SessionKeys = next
	return nil
}

// credit of a payer.
func (k *Keeper) credit(ctx context.Context, owner string) (types.Credit, error) {
	c, err := k.credits.Get(ctx, owner)
	if errors.Is(err, collections.ErrNotFound) {
		return c, errorsmod.Wrapf(types.ErrNotFound, "%s has no credit here: open a credit line on the main chain (tx billing open-credit-line)", owner)
	}
	return c, err
}

// sessionKey of a credit.
func sessionKey(c types.Credit, key []byte) (billingtypes.SessionKey, error) {
	i := slices.IndexFunc(c.SessionKeys, func(s billingtypes.SessionKey) bool { return bytes.Equal(s.Key, key) })
	if i < 0 {
		return billingtypes.SessionKey{}, errorsmod.Wrapf(types.ErrKey, "%x is no session key of %s here: add it on the main chain (tx billing add-session-key)", key, c.Owner)
	}
	return c.SessionKeys[i], nil
}

// liveKey of a credit that may be promised something: one that has not ended.
func (k *Keeper) liveKey(ctx context.Context, c types.Credit, key []byte) (billingtypes.SessionKey, error) {
	now, err := k.Epoch(ctx)
	if err != nil {
		return billingtypes.SessionKey{}, err
	}
	return liveKey(c, key, now)
}

func liveKey(c types.Credit, key []byte, now uint64) (billingtypes.SessionKey, error) {
	s, err := sessionKey(c, key)
	if err == nil && s.ExpiresEpoch < now {
		err = errorsmod.Wrapf(types.ErrKey, "%x of %s ended with epoch %d: take another", key, c.Owner, s.ExpiresEpoch)
	}
	return s, err
}
