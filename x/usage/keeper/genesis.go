package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/usage/types"
)

// InitGenesis stores the books and rebuilds the queues from the claims.
func (k *Keeper) InitGenesis(ctx context.Context, gs *types.GenesisState) error {
	if err := k.params.Set(ctx, gs.Params); err != nil {
		return err
	}
	if err := k.chain.Set(ctx, gs.Chain); err != nil {
		return err
	}
	if err := k.lastSettlement.Set(ctx, gs.LastSettlementEpoch); err != nil {
		return err
	}
	for _, c := range gs.Credits {
		if err := k.setKeys(ctx, c.Owner, c.SessionKeys); err != nil {
			return err
		}
		c.SessionKeys = nil
		if err := k.credits.Set(ctx, c.Owner, c); err != nil {
			return err
		}
		if c.Releasing > 0 {
			if err := k.releaseQueue.Set(ctx, collections.Join(c.ReleasingHeight, c.Owner)); err != nil {
				return err
			}
		}
	}
	for _, l := range gs.SubLines {
		if err := k.subLines.Set(ctx, keyOf(l), l); err != nil {
			return err
		}
	}
	for _, s := range gs.KeySpendings {
		if err := k.spendings.Set(ctx, collections.Join(s.Owner, s.Key), s); err != nil {
			return err
		}
	}
	for _, p := range gs.Providers {
		if err := k.providers.Set(ctx, p.Address, p); err != nil {
			return err
		}
	}
	for _, c := range gs.Claims {
		if err := k.initClaim(ctx, c); err != nil {
			return err
		}
	}
	if gs.Seed != nil {
		if err := k.seed.Set(ctx, *gs.Seed); err != nil {
			return err
		}
	}
	for _, a := range gs.Activities {
		account, err := sdk.AccAddressFromBech32(a.Account)
		if err != nil {
			return err
		}
		if err := k.activities.Set(ctx, account, a); err != nil {
			return err
		}
	}
	for _, s := range gs.Settlements {
		if err := k.settlements.Set(ctx, s.Epoch, s); err != nil {
			return err
		}
		if s.Status == types.SettlementStatus_SETTLEMENT_STATUS_ACKNOWLEDGED {
			if err := k.dropQueue.Set(ctx, collections.Join(lastDispute(s), s.Epoch)); err != nil {
				return err
			}
		}
		if s.Waiting() {
			if err := k.resendQueue.Set(ctx, s.Epoch); err != nil {
				return err
			}
		}
	}
	return k.Invariants(ctx)
}

func (k *Keeper) initClaim(ctx context.Context, c types.Claim) error {
	if err := k.storeClaim(ctx, c); err != nil {
		return err
	}
	if len(c.Debits) > 0 {
		if err := k.debits.Set(ctx, collections.Join(c.Provider, c.Epoch), types.Debits{Debits: c.Debits}); err != nil {
			return err
		}
	}
	switch c.Status {
	case types.ClaimStatus_CLAIM_STATUS_CLAIMED:
		if c.CommittedTime == 0 {
			// The time of the first block is whatever genesis says.
			first := uint64(max(sdk.UnwrapSDKContext(ctx).BlockHeight(), 1))
			return k.undatedQueue.Set(ctx, collections.Join3(first, c.Provider, c.Epoch))
		}
		return k.challengeQueue.Set(ctx, collections.Join3(uint64(c.CommittedTime), c.Provider, c.Epoch))
	case types.ClaimStatus_CLAIM_STATUS_CHALLENGED:
		return k.deadlineQueue.Set(ctx, collections.Join3(uint64(c.ProofDeadline), c.Provider, c.Epoch))
	case types.ClaimStatus_CLAIM_STATUS_PROVEN:
		return k.provenQueue.Set(ctx, collections.Join3(uint64(c.ProvenHeight), c.Provider, c.Epoch))
	case types.ClaimStatus_CLAIM_STATUS_SETTLED:
		if len(c.Debits) == 0 {
			return nil
		}
		return k.settled.Set(ctx, collections.Join3(c.SettlementEpoch, c.Provider, c.Epoch))
	default:
		return nil
	}
}

// ExportGenesis writes the books in key order.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	gs := types.DefaultGenesisState()
	var err error
	if gs.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if gs.Chain, err = k.chain.Get(ctx); err != nil {
		return nil, err
	}
	if gs.LastSettlementEpoch, err = k.lastSettlement.Get(ctx); err != nil {
		return nil, err
	}
	if seed, err := k.seed.Get(ctx); err == nil {
		gs.Seed = &seed
	} else if !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	if err := k.credits.Walk(ctx, nil, func(_ string, c types.Credit) (bool, error) {
		c, err := k.withKeys(ctx, c)
		gs.Credits = append(gs.Credits, c)
		return false, err
	}); err != nil {
		return nil, err
	}
	if err := k.subLines.Walk(ctx, nil, func(_ lineKey, l types.SubLine) (bool, error) {
		gs.SubLines = append(gs.SubLines, l)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.spendings.Walk(ctx, nil, func(_ collections.Pair[string, []byte], s types.KeySpending) (bool, error) {
		gs.KeySpendings = append(gs.KeySpendings, s)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.providers.Walk(ctx, nil, func(_ string, p types.Provider) (bool, error) {
		gs.Providers = append(gs.Providers, p)
		return false, nil
	}); err != nil {
		return nil, err
	}
	if err := k.claims.Walk(ctx, nil, func(id claimID, _ types.Claim) (bool, error) {
		c, err := k.claimWithDebits(ctx, id.K1(), id.K2())
		gs.Claims = append(gs.Claims, c)
		return false, err
	}); err != nil {
		return nil, err
	}
	if err := k.activities.Walk(ctx, nil, func(_ []byte, a types.Activity) (bool, error) {
		gs.Activities = append(gs.Activities, a)
		return false, nil
	}); err != nil {
		return nil, err
	}
	return gs, k.settlements.Walk(ctx, nil, func(_ uint64, s types.Settlement) (bool, error) {
		gs.Settlements = append(gs.Settlements, s)
		return false, nil
	})
}

// Invariants checks that credits, sub-lines, keys and claims add up, at the height of ctx.
func (k *Keeper) Invariants(ctx context.Context) error {
	gs, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	return gs.CheckBooks()
}
