package keeper

import (
	"bytes"
	"context"
	"encoding/hex"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// acknowledged remembers when the main chain took a settlement: from then on its payouts can be disputed, for as many epochs at most as reclaimed credit stays claimable.
func (k *Keeper) acknowledged(ctx context.Context, s *types.Settlement, params types.Params) error {
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	s.Status, s.AcknowledgedEpoch = types.SettlementStatus_SETTLEMENT_STATUS_ACKNOWLEDGED, now
	return k.dropQueue.Set(ctx, collections.Join(now+params.ReclaimEpochs(), s.Epoch))
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
		c, err := k.claim(ctx, key.K2(), key.K3())
		if err != nil {
			return err
		}
		c.Debits = nil
		if err := k.claims.Set(ctx, collections.Join(c.Provider, c.Epoch), c); err != nil {
			return err
		}
		if err := k.settled.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// settledClaims of a settlement, in the order of its debit root.
func (k *Keeper) settledClaims(ctx context.Context, settlement uint64) ([]claim.SettledClaim, error) {
	var out []claim.SettledClaim
	err := k.settled.Walk(ctx, collections.NewPrefixedTripleRange[uint64, string, uint64](settlement), func(key queueKey) (bool, error) {
		c, err := k.claim(ctx, key.K2(), key.K3())
		if err != nil {
			return true, err
		}
		debits, err := claimDebits(c.Debits)
		out = append(out, claim.SettledClaim{Provider: c.Provider, Epoch: c.Epoch, Debits: debits})
		return false, err
	})
	return out, err
}

// DebitProof leads one debit to its settlement's debit root.
func (q queryServer) DebitProof(ctx context.Context, req *types.QueryDebitProofRequest) (*types.QueryDebitProofResponse, error) {
	key, err := hex.DecodeString(req.SessionKey)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "session_key %q: want hex", req.SessionKey)
	}
	payer, err := sdk.AccAddressFromBech32(req.Payer)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "payer %q: %s", req.Payer, err)
	}
	claims, err := q.k.settledClaims(ctx, req.SettlementEpoch)
	if err != nil {
		return nil, err
	}
	for i, c := range claims {
		for j, d := range c.Debits {
			if c.Provider != req.Provider || c.Epoch != req.ClaimEpoch || !bytes.Equal(d.Payer, payer) || !bytes.Equal(d.SessionKey, key) {
				continue
			}
			path, err := claim.DebitPath(claims, i, j)
			if err != nil {
				return nil, err
			}
			root := claim.DebitRoot(claims)
			res := &types.QueryDebitProofResponse{Amount: d.Amount, DebitRoot: root[:]}
			for _, n := range path {
				res.Path = append(res.Path, billingtypes.DebitNode{Hash: n.Hash[:], Left: n.Left})
			}
			return res, nil
		}
	}
	return nil, notFound(errorsmod.Wrapf(types.ErrNotFound, "no debit of %s for epoch %d in the settlement of epoch %d, or it is too old to be disputed", req.Payer, req.ClaimEpoch, req.SettlementEpoch))
}
