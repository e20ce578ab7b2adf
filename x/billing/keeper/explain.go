package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/internal/account"
)

// maxDisputes caps the answers that have no pages.
const maxDisputes = 500

// Explain recomputes a payout from what this chain has. What the provider's vouchers were is on the service chain (query usage claims PROVIDER).
func (q queryServer) Explain(ctx context.Context, req *types.QueryExplainRequest) (*types.QueryExplainResponse, error) {
	if err := account.CheckQuery("provider", req.Provider); err != nil {
		return nil, err
	}
	p, err := q.k.payout(ctx, req.ChainId, req.Epoch, req.Provider)
	if errors.Is(err, types.ErrNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err != nil {
		return nil, err
	}
	s, err := q.k.settlements.Get(ctx, collections.Join(req.ChainId, req.Epoch))
	if err != nil {
		return nil, err
	}
	provider, err := q.k.services.Provider(ctx, req.ChainId, req.Provider)
	if err != nil {
		return nil, err
	}
	res := &types.QueryExplainResponse{
		Settlement: s, Payout: p, Contribution: p.Amount + p.Refunded, Refunded: p.Refunded, Fee: fee(p.Amount, p.FeeBps), Slashed: provider.Slashed,
	}
	if p.Status == types.PayoutStatus_PAYOUT_STATUS_PAID {
		res.Paid = p.Amount - res.Fee
	}
	if res.Disputes, err = q.k.disputesOf(ctx, p); err != nil {
		return nil, err
	}
	res.Steps = steps(res)
	return res, nil
}

// disputesOf a payout, in the order of their ids.
func (k *Keeper) disputesOf(ctx context.Context, p types.Payout) ([]types.Dispute, error) {
	var out []types.Dispute
	err := k.disputes.Walk(ctx, collections.NewSuperPrefixedTripleRange[string, uint64, string](p.ChainId, p.Epoch), func(_ disputeKey, d types.Dispute) (bool, error) {
		if d.Provider == p.Provider {
			out = append(out, d)
		}
		return len(out) >= maxDisputes, nil
	})
	return out, err
}

// steps of the computation in words.
func steps(r *types.QueryExplainResponse) []string {
	p, s := r.Payout, r.Settlement
	out := []string{
		fmt.Sprintf("%s settled %d utop for %d providers in epoch %d; the packet arrived at height %d with the debit root %x.", s.ChainId, s.Total, s.Providers, s.Epoch, s.ReceivedHeight, s.DebitRoot),
		fmt.Sprintf("Of that, %d utop were for %s: the sum of its proven claims (on %s: query usage claims %s, those with settlement_epoch %d).", r.Contribution, p.Provider, s.ChainId, p.Provider, s.Epoch),
	}
	for _, d := range r.Disputes {
		out = append(out, fmt.Sprintf("%s disputed %d utop of epoch %d: %s.", d.Payer, d.Amount, d.ClaimEpoch, d.Status))
	}
	if p.Refunded > 0 {
		out = append(out, fmt.Sprintf("%d utop went back to payers; %d remain.", p.Refunded, p.Amount))
	}
	out = append(out, fmt.Sprintf("Fee: ⌊%d × %d / 10,000⌋ = %d utop.", p.Amount, p.FeeBps, r.Fee))
	switch p.Status {
	case types.PayoutStatus_PAYOUT_STATUS_PAID:
		out = append(out, fmt.Sprintf("Paid at height %d: %d − %d = %d utop.", p.PaidHeight, p.Amount, r.Fee, r.Paid))
	case types.PayoutStatus_PAYOUT_STATUS_PENDING:
		out = append(out, fmt.Sprintf("To be paid from epoch %d on: %d − %d = %d utop.", p.DueEpoch, p.Amount, r.Fee, p.Amount-r.Fee))
	case types.PayoutStatus_PAYOUT_STATUS_HELD:
		out = append(out, "Held: the account takes no coins; tx billing retry-payout tries again.")
	case types.PayoutStatus_PAYOUT_STATUS_DISPUTED:
		out = append(out, fmt.Sprintf("Waits for %d disputes.", p.OpenDisputes))
	case types.PayoutStatus_PAYOUT_STATUS_CANCELLED:
		out = append(out, "Nothing is left to pay.")
	}
	if r.Slashed > 0 {
		out = append(out, fmt.Sprintf("The provider has lost %d utop of its deposit on %s for faults so far.", r.Slashed, s.ChainId))
	}
	return out
}

// Disputes of a service chain's settlements.
func (q queryServer) Disputes(ctx context.Context, req *types.QueryDisputesRequest) (*types.QueryDisputesResponse, error) {
	list, page, err := paginateTriples(ctx, q.k.disputes, req.Pagination, req.ChainId)
	return &types.QueryDisputesResponse{Disputes: list, Pagination: page}, err
}

// OpenDisputes of a provider: the queue holds no others, so that old disputes cost a provider that asks often nothing. Others' are told by their keys alone.
func (q queryServer) OpenDisputes(ctx context.Context, req *types.QueryOpenDisputesRequest) (*types.QueryOpenDisputesResponse, error) {
	if err := account.CheckQuery("provider", req.Provider); err != nil {
		return nil, err
	}
	res := &types.QueryOpenDisputesResponse{}
	err := q.k.disputeQueue.Walk(ctx, nil, func(key collections.Quad[uint64, string, uint64, string]) (bool, error) {
		if key.K2() != req.ChainId || !types.DisputeOf(key.K4(), req.Provider) {
			return false, nil
		}
		d, err := q.k.disputes.Get(ctx, collections.Join3(key.K2(), key.K3(), key.K4()))
		if err == nil {
			res.Disputes = append(res.Disputes, d)
		}
		return len(res.Disputes) >= maxDisputes, err
	})
	return res, err
}
