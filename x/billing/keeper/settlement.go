package keeper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
)

// receiveSettlement turns a service chain's totals into payouts and its releases into free escrow. It is all or nothing, and the same (chain, epoch) again with the
// same content changes nothing.
func (k *Keeper) receiveSettlement(ctx context.Context, p *types.SettlementPacket, value []byte) error {
	digest := sha256.Sum256(value)
	id := collections.Join(p.ChainId, p.Epoch)
	known, err := k.settlements.Get(ctx, id)
	if err == nil {
		if bytes.Equal(known.Digest, digest[:]) {
			return nil
		}
		return errorsmod.Wrapf(types.ErrPacket, "%s has settled epoch %d with other content", p.ChainId, p.Epoch)
	}
	if !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err := k.checkNotClosed(ctx, p.ChainId); err != nil {
		return err
	}
	total, released, err := p.Sums()
	if err != nil {
		return err
	}
	pool, err := k.pool(ctx, p.ChainId)
	if err != nil {
		return err
	}
	drawn, err := types.Add(total, released)
	if err != nil {
		return err
	}
	if pool.Amount, err = types.Sub(pool.Amount, drawn); err != nil {
		return errorsmod.Wrapf(types.ErrInsufficient, "%s draws %d utop, its pool is smaller", p.ChainId, drawn)
	}
	if pool.Settled, err = types.Add(pool.Settled, total); err != nil {
		return err
	}
	for _, r := range p.Releases {
		if err := k.release(ctx, p.ChainId, r); err != nil {
			return err
		}
	}
	if err := k.schedulePayouts(ctx, p); err != nil {
		return err
	}
	if err := k.store(ctx, nil, nil, &pool); err != nil {
		return err
	}
	err = k.settlements.Set(ctx, id, types.Settlement{
		ChainId: p.ChainId, Epoch: p.Epoch, Total: total, Released: released, Providers: uint32(len(p.Totals)), DebitRoot: p.DebitRoot,
		Digest: digest[:], ReceivedHeight: sdk.UnwrapSDKContext(ctx).BlockHeight(),
	})
	if err != nil {
		return err
	}
	return emit(ctx, &types.EventSettlementReceived{ChainId: p.ChainId, Epoch: p.Epoch, Total: total, Released: released})
}

// checkNotClosed refuses what comes from a chain after its closing.
func (k *Keeper) checkNotClosed(ctx context.Context, chainID string) error {
	chain, err := k.services.Chain(ctx, chainID)
	if err != nil {
		return err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	if chain.ClosingEpoch > 0 && now >= chain.ClosingEpoch {
		return errorsmod.Wrapf(types.ErrInvalid, "%s closed with epoch %d", chainID, chain.ClosingEpoch)
	}
	return nil
}

// release gives unspent credit back to its owner's escrow.
func (k *Keeper) release(ctx context.Context, chainID string, r types.Release) error {
	line, err := k.lines.Get(ctx, collections.Join(r.Owner, chainID))
	if err != nil {
		return errorsmod.Wrapf(types.ErrNotFound, "credit line of %s on %s: %s", r.Owner, chainID, err)
	}
	e, err := k.escrow(ctx, r.Owner)
	if err != nil {
		return err
	}
	if err := line.GiveBack(r.Amount); err != nil {
		return err
	}
	if e.Free, err = types.Add(e.Free, r.Amount); err != nil {
		return err
	}
	return k.store(ctx, &e, &line, nil)
}

// schedulePayouts makes one payout per provider, due when the payout window has passed.
func (k *Keeper) schedulePayouts(ctx context.Context, p *types.SettlementPacket) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	due := now + params.PayoutWindowEpochs
	for _, t := range p.Totals {
		if _, err := k.services.Provider(ctx, p.ChainId, t.Provider); err != nil {
			return err
		}
		payout := types.Payout{ChainId: p.ChainId, Epoch: p.Epoch, Provider: t.Provider, Amount: t.Amount, Fee: fee(t.Amount, params.FeeBps), FeeBps: params.FeeBps}
		if err := k.schedule(ctx, payout, due); err != nil {
			return err
		}
		if err := k.addUnpaid(ctx, p.ChainId, t.Provider, t.Amount); err != nil {
			return err
		}
	}
	return nil
}
