package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/internal/account"
	"github.com/topnetwork/top/x/usage/types"
)

// lastDispute is the last epoch in which a debit of an acknowledged settlement can be disputed: the main chain had it before this one heard of that, and counts its window
// from then.
func lastDispute(s types.Settlement) uint64 {
	return s.AcknowledgedEpoch + billingtypes.MaxPayoutWindow
}

// acknowledged remembers when the main chain took a settlement: from then on its payouts can be disputed.
func (k *Keeper) acknowledged(ctx context.Context, s *types.Settlement) error {
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	s.Status, s.AcknowledgedEpoch = types.SettlementStatus_SETTLEMENT_STATUS_ACKNOWLEDGED, now
	return k.dropQueue.Set(ctx, collections.Join(lastDispute(*s), s.Epoch))
}

// dropDebits forgets the debits of settlements that can no longer be disputed, of at most max_claims_per_block claims at a time.
func (k *Keeper) dropDebits(ctx context.Context, params types.Params) error {
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	var next *collections.Pair[uint64, uint64]
	err = k.dropQueue.Walk(ctx, nil, func(id collections.Pair[uint64, uint64]) (bool, error) {
		if id.K1() < now {
			next = &id
		}
		return true, nil
	})
	if err != nil || next == nil {
		return err
	}
	var old []queueKey
	err = k.settled.Walk(ctx, collections.NewPrefixedTripleRange[uint64, string, uint64](next.K2()), func(key queueKey) (bool, error) {
		old = append(old, key)
		return len(old) >= int(params.MaxClaimsPerBlock), nil
	})
	if err != nil {
		return err
	}
	if len(old) < int(params.MaxClaimsPerBlock) {
		if err := k.dropQueue.Remove(ctx, *next); err != nil {
			return err
		}
	}
	for _, key := range old {
		if err := k.debits.Remove(ctx, collections.Join(key.K2(), key.K3())); err != nil {
			return err
		}
		if err := k.settled.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// isOld tells whether a settlement can no longer be disputed.
func isOld(s types.Settlement, now uint64) bool {
	return s.Status == types.SettlementStatus_SETTLEMENT_STATUS_ACKNOWLEDGED && now > lastDispute(s)
}

// settledRoots are the debit roots of a settlement's claims in the order of its debit root, and the place of one claim among them, or −1.
func (k *Keeper) settledRoots(ctx context.Context, settlement uint64, provider string, epoch uint64) (roots [][32]byte, place int, err error) {
	place = -1
	err = k.settled.Walk(ctx, collections.NewPrefixedTripleRange[uint64, string, uint64](settlement), func(key queueKey) (bool, error) {
		if key.K2() == provider && key.K3() == epoch {
			place = len(roots)
		}
		c, err := k.claim(ctx, key.K2(), key.K3())
		if err != nil {
			return true, err
		}
		roots = append(roots, [32]byte(c.DebitRoot))
		return false, nil
	})
	return roots, place, err
}

// DebitProof leads one debit to its settlement's debit root.
func (q queryServer) DebitProof(ctx context.Context, req *types.QueryDebitProofRequest) (*types.QueryDebitProofResponse, error) {
	if err := account.CheckQuery("provider", req.Provider); err != nil {
		return nil, err
	}
	key, err := hexKey(req.SessionKey)
	if err != nil {
		return nil, err
	}
	if err := account.CheckQuery("payer", req.Payer); err != nil {
		return nil, err
	}
	payer := sdk.MustAccAddressFromBech32(req.Payer)
	now, err := q.k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	missing := notFound(errorsmod.Wrapf(types.ErrNotFound, "no debit of %s for epoch %d in the settlement of epoch %d, or it is too old to be disputed", req.Payer, req.ClaimEpoch, req.SettlementEpoch))
	s, err := q.k.settlements.Get(ctx, req.SettlementEpoch)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	// Of an old one some debits may be gone.
	if isOld(s, now) {
		return nil, missing
	}
	roots, place, err := q.k.settledRoots(ctx, req.SettlementEpoch, req.Provider, req.ClaimEpoch)
	if err != nil {
		return nil, err
	}
	if place < 0 {
		return nil, missing
	}
	c, err := q.k.claimWithDebits(ctx, req.Provider, req.ClaimEpoch)
	if err != nil {
		return nil, err
	}
	debits, err := c.ClaimDebits()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(debits.Debits, func(d claim.Debit) bool { return bytes.Equal(d.Payer, payer) && bytes.Equal(d.SessionKey, key) })
	if i < 0 {
		return nil, missing
	}
	path, err := debits.Path(i)
	if err != nil {
		return nil, err
	}
	above, err := claim.DebitRootPath(roots, place)
	if err != nil {
		return nil, err
	}
	root := claim.DebitRoot(roots)
	res := &types.QueryDebitProofResponse{Amount: debits.Debits[i].Amount, DebitRoot: root[:]}
	for _, n := range append(path, above...) {
		res.Path = append(res.Path, billingtypes.DebitNode{Hash: n.Hash[:], Left: n.Left})
	}
	return res, nil
}
