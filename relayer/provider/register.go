package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	counted, err := c.usage.Epoch(ctx, &usagetypes.QueryEpochRequest{})
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
		Epoch: epoch.Epoch, EpochBlocks: epoch.EpochBlocks, ServiceEpochBlocks: counted.EpochBlocks, Window: terms.Window, Notice: windows.Params.WithdrawalDelayEpochs, ClosingEpoch: service.Chain.ClosingEpoch, Least: deposits.Params.MinProviderDeposit,
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

// errPending tells that a registration needs no other remedy than what its text names, and time.
var errPending = errors.New("the registration is not complete")

var errOtherIdentity = errors.New("the account is registered with another identity key: use that key file, or another account")

func (c *chains) Register(ctx context.Context, r Registration) error {
	prices := r.prices()
	err := c.registerOnce(ctx, r, prices)
	switch {
	case errors.Is(err, errOtherIdentity) || chain.Refused(err):
		return err
	case err != nil:
		return fmt.Errorf("%w: %s: %w", errPending, c.main.ChainID(), err)
	}
	res, err := c.usage.Provider(ctx, &usagetypes.QueryProviderRequest{Address: c.Address()})
	if err != nil && !notFound(err) {
		return fmt.Errorf("%w: %s does not answer; check chains.service of config.yaml and its nodes: %w", errPending, c.ChainID(), err)
	}
	return arrived(c.main.ChainID(), c.ChainID(), res, r.Key, prices)
}

// Known asks the service chain alone.
func (c *chains) Known(ctx context.Context, r Registration) (bool, error) {
	res, err := c.usage.Provider(ctx, &usagetypes.QueryProviderRequest{Address: c.Address()})
	if err != nil && !notFound(err) {
		return false, err
	}
	return arrived(c.main.ChainID(), c.ChainID(), res, r.Key, r.prices()) == nil, nil
}

func (r Registration) prices() []voucher.Price {
	prices := make([]voucher.Price, len(r.Prices))
	for i, p := range r.Prices {
		prices[i] = *p
	}
	return prices
}

// arrived tells whether the service chain has heard of a registration; res is nil when it knows no such provider.
func arrived(mainChain, serviceChain string, res *usagetypes.QueryProviderResponse, key []byte, prices []voucher.Price) error {
	if res == nil || !res.Provider.Active || !bytes.Equal(res.Provider.Key, key) || !slices.Equal(res.Provider.Prices, prices) {
		return fmt.Errorf("%w: %s has it, %s has not heard of it yet: is a relayer with the ibc role running between them?", errPending, mainChain, serviceChain)
	}
	return nil
}

// registerOnce brings the record on the main chain to r.
func (c *chains) registerOnce(ctx context.Context, r Registration, prices []voucher.Price) error {
	res, err := c.registry.Provider(ctx, &servicestypes.QueryProviderRequest{ChainId: c.service.ChainID(), Address: c.Address()})
	switch {
	case notFound(err):
		proof := voucher.ProviderKeySignBytes(c.main.ChainID(), c.service.ChainID(), c.Address(), r.Key)
		_, err := c.main.Send(ctx, c.key, &servicestypes.MsgRegisterProvider{
			Address: c.Address(), ChainId: c.service.ChainID(), Key: r.Key, KeySignature: r.Sign(proof),
			Endpoints: r.Endpoints, Prices: prices, Deposit: r.Deposit,
		})
		return err
	case err != nil:
		return err
	}
	p := res.Provider
	if !bytes.Equal(p.Key, r.Key) {
		return errOtherIdentity
	}
	same := slices.Equal(p.Endpoints, r.Endpoints) && slices.Equal(p.Prices, prices)
	if same && p.Status == servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE {
		return nil
	}
	_, err = c.main.Send(ctx, c.key, &servicestypes.MsgUpdateProvider{
		Address: c.Address(), ChainId: c.service.ChainID(), Endpoints: r.Endpoints, Prices: prices,
		Status: servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE,
	})
	return err
}
