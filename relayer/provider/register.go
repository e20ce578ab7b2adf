package provider

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

func (c *chains) Standing(ctx context.Context) (Standing, error) {
	epoch, err := c.billing.Epoch(ctx, &billingtypes.QueryEpochRequest{})
	if err != nil {
		return Standing{}, err
	}
	windows, err := c.billing.Params(ctx, &billingtypes.QueryParamsRequest{})
	if err != nil {
		return Standing{}, err
	}
	deposits, err := c.registry.Params(ctx, &servicestypes.QueryParamsRequest{})
	if err != nil {
		return Standing{}, err
	}
	terms, err := c.Terms(ctx)
	if err != nil {
		return Standing{}, err
	}
	service, err := c.registry.ServiceChain(ctx, &servicestypes.QueryServiceChainRequest{ChainId: c.ChainID()})
	if err != nil {
		return Standing{}, err
	}
	s := Standing{
		Epoch: epoch.Epoch, Window: terms.Window, Notice: windows.Params.WithdrawalDelayEpochs, ClosingEpoch: service.Chain.ClosingEpoch, Least: deposits.Params.MinProviderDeposit,
	}
	own, err := c.registry.Provider(ctx, &servicestypes.QueryProviderRequest{ChainId: c.ChainID(), Address: c.Address()})
	if notFound(err) {
		return s, nil
	}
	if err != nil {
		return Standing{}, err
	}
	s.Registered, s.Status, s.Deposit = true, own.Provider.Status, own.Provider.Deposit
	return s, nil
}

// Register brings the record on the main chain to r, then waits for the service chain to hear of it over IBC. What waiting does not cure is answered: another identity,
// and the main chain's refusal.
func (c *chains) Register(ctx context.Context, r Registration) error {
	prices := make([]voucher.Price, len(r.Prices))
	for i, p := range r.Prices {
		prices[i] = *p
	}
	var wrong error
	err := c.until(ctx, "registration on "+c.main.ChainID(), func() (bool, error) {
		done, err := c.registerOnce(ctx, r, prices)
		if errors.Is(err, errOtherIdentity) || chain.Refused(err) {
			wrong = err
			return true, nil
		}
		return done, err
	})
	if err = errors.Join(wrong, err); err != nil {
		return err
	}
	return c.until(ctx, "registration on "+c.service.ChainID(), func() (bool, error) {
		res, err := c.usage.Provider(ctx, &usagetypes.QueryProviderRequest{Address: c.Address()})
		if err != nil {
			return false, err
		}
		p := res.Provider
		return p.Active && bytes.Equal(p.Key, r.Key) && slices.Equal(p.Prices, prices), nil
	})
}

var errOtherIdentity = errors.New("the account is registered with another identity key: use that key file, or another account")

func (c *chains) registerOnce(ctx context.Context, r Registration, prices []voucher.Price) (bool, error) {
	res, err := c.registry.Provider(ctx, &servicestypes.QueryProviderRequest{ChainId: c.service.ChainID(), Address: c.Address()})
	switch {
	case notFound(err):
		proof := voucher.ProviderKeySignBytes(c.main.ChainID(), c.service.ChainID(), c.Address(), r.Key)
		_, err := c.main.Send(ctx, c.key, &servicestypes.MsgRegisterProvider{
			Address: c.Address(), ChainId: c.service.ChainID(), Key: r.Key, KeySignature: r.Sign(proof),
			Endpoints: r.Endpoints, Prices: prices, Deposit: r.Deposit,
		})
		return err == nil, err
	case err != nil:
		return false, err
	}
	p := res.Provider
	if !bytes.Equal(p.Key, r.Key) {
		return false, errOtherIdentity
	}
	same := slices.Equal(p.Endpoints, r.Endpoints) && slices.Equal(p.Prices, prices)
	if same && p.Status == servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE {
		return true, nil
	}
	_, err = c.main.Send(ctx, c.key, &servicestypes.MsgUpdateProvider{
		Address: c.Address(), ChainId: c.service.ChainID(), Endpoints: r.Endpoints, Prices: prices,
		Status: servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE,
	})
	return err == nil, err
}
