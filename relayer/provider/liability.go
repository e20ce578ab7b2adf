package provider

import (
	"context"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

func (c *chains) Disputes(ctx context.Context) ([]billingtypes.Dispute, error) {
	res, err := c.billing.OpenDisputes(ctx, &billingtypes.QueryOpenDisputesRequest{ChainId: c.ChainID(), Provider: c.Address()})
	if err != nil {
		return nil, err
	}
	return res.Disputes, nil
}

func (c *chains) SubmitAnswer(ctx context.Context, m *billingtypes.MsgAnswerDispute) (uint64, error) {
	res, err := c.main.Send(ctx, c.key, m)
	if err != nil || len(res.Responses) == 0 {
		return 0, err
	}
	var answer billingtypes.MsgAnswerDisputeResponse
	err = answer.Unmarshal(res.Responses[0].Value)
	return answer.Missing, err
}

// Liable asks for one claim and one payout, so that its cost does not grow with what was paid long ago.
func (c *chains) Liable(ctx context.Context, epoch uint64) (bool, error) {
	claim, found, err := c.Claim(ctx, epoch)
	if err != nil || !found {
		return true, err
	}
	res, err := c.billing.Payout(ctx, &billingtypes.QueryPayoutRequest{ChainId: c.ChainID(), Epoch: claim.SettlementEpoch, Provider: c.Address()})
	if notFound(err) {
		return liable(claim, nil), nil
	}
	if err != nil {
		return true, err
	}
	return liable(claim, &res.Payout), nil
}

// liable tells whether the vouchers of a claim can still be asked for. payout is that of its settlement, nil while the main chain has none: a settlement may be late, and
// what is late can be disputed all the same.
func liable(claim usagetypes.Claim, payout *billingtypes.Payout) bool {
	switch {
	case claim.Status == usagetypes.ClaimStatus_CLAIM_STATUS_FORFEITED:
		return false
	case claim.Status != usagetypes.ClaimStatus_CLAIM_STATUS_SETTLED || payout == nil:
		return true
	}
	return payout.Status != billingtypes.PayoutStatus_PAYOUT_STATUS_PAID && payout.Status != billingtypes.PayoutStatus_PAYOUT_STATUS_CANCELLED
}
