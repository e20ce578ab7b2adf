package keeper

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/billing/types"
)

// InitGenesis stores the books and checks them against the bank.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := k.params.Set(ctx, gs.Params); err != nil {
		return err
	}
	if err := k.epochBlocks.Set(ctx, gs.EpochBlocks); err != nil {
		return err
	}
	if err := k.revision.Set(ctx, gs.Revision); err != nil {
		return err
	}
	for _, e := range gs.Escrows {
		if err := k.store(ctx, &e, nil, nil); err != nil {
			return err
		}
	}
	for _, l := range gs.CreditLines {
		if err := k.store(ctx, nil, &l, nil); err != nil {
			return err
		}
	}
	for _, p := range gs.Pools {
		if err := k.store(ctx, nil, nil, &p); err != nil {
			return err
		}
	}
	for _, p := range gs.Payouts {
		if err := k.payouts.Set(ctx, collections.Join3(p.ChainId, p.Epoch, p.Provider), p); err != nil {
			return err
		}
		if p.Status != types.PayoutStatus_PAYOUT_STATUS_PAID {
			if err := k.addUnpaid(ctx, p.ChainId, p.Provider, p.Amount); err != nil {
				return err
			}
		}
		if p.Status != types.PayoutStatus_PAYOUT_STATUS_PENDING {
			continue
		}
		if err := k.queue.Set(ctx, collections.Join4(p.DueEpoch, p.ChainId, p.Epoch, p.Provider)); err != nil {
			return err
		}
	}
	for _, s := range gs.Settlements {
		if err := k.settlements.Set(ctx, collections.Join(s.ChainId, s.Epoch), s); err != nil {
			return err
		}
	}
	for _, d := range gs.Disputes {
		if err := k.storeDispute(ctx, d); err != nil {
			return err
		}
	}
	for _, e := range gs.Equivocations {
		if err := k.equivocations.Set(ctx, collections.Join3(e.ChainId, e.Provider, e.SessionId)); err != nil {
			return err
		}
	}
	for _, e := range gs.EndedKeys {
		if err := k.endedKeys.Set(ctx, collections.Join(e.Owner, e.Key.Key), e.Key); err != nil {
			return err
		}
	}
	for _, a := range gs.Announcements {
		if err := k.announcements.Set(ctx, collections.Join4(a.Epoch, a.ChainId, a.Account, a.Provider)); err != nil {
			return err
		}
	}
	return k.Invariants(ctx)
}

// ExportGenesis writes the books in key order.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	var err error
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.EpochBlocks, err = k.epochBlocks.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Revision, err = k.revision.Peek(ctx); err != nil {
		return nil, err
	}
	if err := k.escrows.Walk(ctx, nil, func(_ string, e types.Escrow) (bool, error) {
		gs.Escrows = append(gs.Escrows, e)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.lines.Walk(ctx, nil, func(_ collections.Pair[string, string], l types.CreditLine) (bool, error) {
		gs.CreditLines = append(gs.CreditLines, l)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.pools.Walk(ctx, nil, func(_ string, p types.Pool) (bool, error) {
		gs.Pools = append(gs.Pools, p)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.payouts.Walk(ctx, nil, func(_ collections.Triple[string, uint64, string], p types.Payout) (bool, error) {
		gs.Payouts = append(gs.Payouts, p)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.settlements.Walk(ctx, nil, func(_ collections.Pair[string, uint64], s types.Settlement) (bool, error) {
		gs.Settlements = append(gs.Settlements, s)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.disputes.Walk(ctx, nil, func(_ disputeKey, d types.Dispute) (bool, error) {
		gs.Disputes = append(gs.Disputes, d)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.exportAnnouncements(ctx, gs); err != nil {
		return nil, err
	}
	if err := k.endedKeys.Walk(ctx, nil, func(id collections.Pair[string, []byte], key types.SessionKey) (bool, error) {
		gs.EndedKeys = append(gs.EndedKeys, types.EndedKey{Owner: id.K1(), Key: key})
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.equivocations.Walk(ctx, nil, func(key collections.Triple[string, string, []byte]) (bool, error) {
		gs.Equivocations = append(gs.Equivocations, types.Equivocation{ChainId: key.K1(), Provider: key.K2(), SessionId: key.K3()})
		return false, nil
	})
}
