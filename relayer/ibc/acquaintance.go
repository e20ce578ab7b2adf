package ibc

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// acquaintance is what two chains say of each other.
type acquaintance struct {
	// registered is the main chain's record of the service chain, own what the service chain was founded as.
	registered servicestypes.ServiceChain
	own        usagetypes.Chain
}

// acquaint asks both chains, and refuses two of which the one is no main chain or the other is not its service chain.
func acquaint(ctx context.Context, main, service *Endpoint) (acquaintance, error) {
	reg, err := servicestypes.NewQueryClient(main.Conn()).ServiceChain(ctx, &servicestypes.QueryServiceChainRequest{ChainId: service.ChainID()})
	switch status.Code(err) {
	case codes.OK:
	case codes.Unimplemented:
		return acquaintance{}, swapped(main, "main chain", err)
	case codes.NotFound:
		return acquaintance{}, fmt.Errorf("%s does not know %s: its operator registers it with `topchaind tx services register-service-chain` first, or chains.service of config.yaml names another: %w",
			main.ChainID(), service.ChainID(), err)
	default:
		return acquaintance{}, unanswered(fmt.Errorf("%s on %s: %w", service.ChainID(), main.ChainID(), err))
	}
	own, err := usagetypes.NewQueryClient(service.Conn()).Chain(ctx, &usagetypes.QueryChainRequest{})
	switch status.Code(err) {
	case codes.OK:
	case codes.Unimplemented:
		return acquaintance{}, swapped(service, "service chain", err)
	default:
		return acquaintance{}, unanswered(fmt.Errorf("%s: %w", service.ChainID(), err))
	}
	if own.Chain.MainChainId != main.ChainID() {
		return acquaintance{}, fmt.Errorf("%s was founded for the main chain %q, not for %s: name its own main chain in chains.main of config.yaml, or found it anew (`topserviced genesis set-chain --main-chain-id %s`)",
			service.ChainID(), own.Chain.MainChainId, main.ChainID(), main.ChainID())
	}
	return acquaintance{reg.Chain, own.Chain}, nil
}

func swapped(of *Endpoint, role string, err error) error {
	return fmt.Errorf("%s is no %s: chains.main and chains.service of config.yaml look swapped: %w", of.ChainID(), role, err)
}

// unanswered marks what may be answered later.
func unanswered(err error) error { return fmt.Errorf("%w: %w", chain.ErrUnreachable, err) }

// clients by which the chains are linked; empty where they are not.
func (a acquaintance) clients() Clients {
	return Clients{Main: a.registered.ClientId, Service: a.own.MainClientId}
}

// sameEpochs refuses chains that count other epochs: what is used in an epoch of the one could not be claimed or paid in that of the other.
func (a acquaintance) sameEpochs(mainChain string, blocks uint64) error {
	if a.own.EpochBlocks == blocks {
		return nil
	}
	remedy := "found it anew"
	if a.clients() != (Clients{}) {
		remedy = "a link is for good, so end it (`topchaind tx services exit-service-chain`) and found another"
	}
	return fmt.Errorf("an epoch has %d blocks on %s, and %s was founded with %d: %s (`topserviced genesis set-chain --epoch-blocks %d`)",
		blocks, mainChain, a.registered.ChainId, a.own.EpochBlocks, remedy, blocks)
}

// operatedBy refuses a signer to whom not both chains listen when it links them.
func (a acquaintance) operatedBy(mainChain, signer string) error {
	switch {
	case a.registered.Operator != signer:
		return fmt.Errorf("%s is registered on %s by %s, and ibc.key is of %s: link with the key that registered it", a.registered.ChainId, mainChain, a.registered.Operator, signer)
	case a.own.Operator != signer:
		return fmt.Errorf("%s is operated by %s, and ibc.key is of %s, which registered it on %s: one key must do both, found it anew (`topserviced genesis set-chain --operator %s`)",
			a.registered.ChainId, a.own.Operator, signer, mainChain, signer)
	}
	return nil
}

// epochBlocks is the length of the main chain's epochs.
func epochBlocks(ctx context.Context, main *Endpoint) (uint64, error) {
	res, err := billingtypes.NewQueryClient(main.Conn()).Epoch(ctx, &billingtypes.QueryEpochRequest{})
	if err != nil {
		return 0, fmt.Errorf("epoch of %s: %w", main.ChainID(), err)
	}
	return res.EpochBlocks, nil
}
