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

// dropDebits forgets the debits of settlements that can no longer be disputed: after as many epochs as reclaimed credit stays claimable. At most
// max_claims_per_block at a time.
func (k *Keeper) dropDebits(ctx context.Context, params types.Params) error {
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	old, err := k.due(ctx, k.settled, params.MaxClaimsPerBlock, func(settlement uint64) bool { return settlement+params.ReclaimEpochs() < now })
	if err != nil {
		return err
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
