package provider

import (
	"context"

	"github.com/cosmos/cosmos-sdk/types/query"

	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// pageSize of lists.
const pageSize = 100

// pages reads a list to its end; step reads one page and answers where the next begins.
func pages(step func(*query.PageRequest) (*query.PageResponse, error)) error {
	page := &query.PageRequest{Limit: pageSize}
	for {
		res, err := step(page)
		if err != nil || res == nil || len(res.NextKey) == 0 {
			return err
		}
		page = &query.PageRequest{Limit: pageSize, Key: res.NextKey}
	}
}

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

func (c *chains) Liability(ctx context.Context) (Liability, error) {
	var l Liability
	epoch, err := c.billing.Epoch(ctx, &billingtypes.QueryEpochRequest{})
	if err != nil {
		return l, err
	}
	params, err := c.billing.Params(ctx, &billingtypes.QueryParamsRequest{})
	if err != nil {
		return l, err
	}
	l.Epoch, l.Delay = epoch.Epoch, params.Params.WithdrawalDelayEpochs
	err = pages(func(page *query.PageRequest) (*query.PageResponse, error) {
		res, err := c.billing.Payouts(ctx, &billingtypes.QueryPayoutsRequest{ChainId: c.ChainID(), Pagination: page})
		if err != nil {
			return nil, err
		}
		for _, p := range res.Payouts {
			over := p.Status == billingtypes.PayoutStatus_PAYOUT_STATUS_PAID || p.Status == billingtypes.PayoutStatus_PAYOUT_STATUS_CANCELLED
			if p.Provider == c.Address() && !over {
				l.Unpaid = append(l.Unpaid, p.Epoch)
			}
		}
		return res.Pagination, nil
	})
	return l, err
}
