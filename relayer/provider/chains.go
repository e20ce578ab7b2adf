package provider

import (
	"bytes"
	"context"
	"encoding/hex"
	"log/slog"
	"math/bits"

	sdktypes "github.com/cosmos/cosmos-sdk/types"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/relayer/metering"
	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// Deps are what the relayer gives to the role.
type Deps struct {
	Main, Service *chain.Client
	Key           *chain.Key
	Home          string
	Log           *slog.Logger
	Registry      *prometheus.Registry
	// Status is told the peer id and the addresses once the node listens.
	Status func(peerID string, listen []string)
	// Halted is told why the provider takes no sessions, and "" once it does; Warned what it serves without knowing, and "" once it knows.
	Halted, Warned func(text string)
}

// Run is the provider role: it registers the node, serves clients and claims what they owe, until ctx ends.
func Run(ctx context.Context, cfg Config, deps Deps) error {
	return Serve(ctx, cfg, Node{
		Ledger: newChains(deps), Home: deps.Home, Log: deps.Log, Registry: deps.Registry, Status: deps.Status, Halted: deps.Halted, Warned: deps.Warned,
	})
}

// chains is the ledger of a real network.
type chains struct {
	main, service *chain.Client
	key           *chain.Key

	registry servicestypes.QueryClient
	usage    usagetypes.QueryClient
	billing  billingtypes.QueryClient
}

func newChains(d Deps) *chains {
	return &chains{
		main: d.Main, service: d.Service, key: d.Key,
		registry: servicestypes.NewQueryClient(d.Main.Conn()), usage: usagetypes.NewQueryClient(d.Service.Conn()),
		billing: billingtypes.NewQueryClient(d.Main.Conn()),
	}
}

func notFound(err error) bool { return status.Code(err) == codes.NotFound }

func (c *chains) ChainID() string { return c.service.ChainID() }
func (c *chains) Address() string { return c.key.Address() }

func (c *chains) Epoch(ctx context.Context) (uint64, error) {
	res, err := c.usage.Epoch(ctx, &usagetypes.QueryEpochRequest{})
	if err != nil {
		return 0, err
	}
	return res.Epoch, nil
}

func (c *chains) Terms(ctx context.Context) (Terms, error) {
	res, err := c.usage.Params(ctx, &usagetypes.QueryParamsRequest{})
	if err != nil {
		return Terms{}, err
	}
	return Terms{Window: res.Params.ClaimWindowEpochs, Samples: res.Params.Samples, MaxDebits: res.Params.MaxDebits}, nil
}

// MaxDebits implements metering.Ledger.
func (c *chains) MaxDebits(ctx context.Context) (int, error) {
	terms, err := c.Terms(ctx)
	return int(terms.MaxDebits), err
}

func (c *chains) Guarantee(ctx context.Context, payer string, key []byte) (metering.Guarantee, error) {
	var g metering.Guarantee
	if address, err := sdktypes.GetFromBech32(payer, chain.Prefix); err != nil || len(address) != claim.PayerLen {
		return g, nil // a claim cannot name such an account: nothing is guaranteed
	}
	credit, err := c.usage.Credit(ctx, &usagetypes.QueryCreditRequest{Owner: payer})
	if notFound(err) {
		return g, nil
	}
	if err != nil {
		return g, err
	}
	for _, k := range credit.Credit.SessionKeys {
		if bytes.Equal(k.Key, key) {
			g.KeyKnown, g.KeyExpires = true, k.ExpiresEpoch
		}
	}
	line, err := c.usage.SubLine(ctx, &usagetypes.QuerySubLineRequest{Owner: payer, Provider: c.Address(), SessionKey: hex.EncodeToString(key)})
	if err != nil && !notFound(err) {
		return g, err
	}
	if err == nil {
		g.Line = line.SubLine.Amount
		g.Claimable = saturating(line.SubLine.Amount, line.SubLine.Reclaiming)
	}
	return g, nil
}

func saturating(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return ^uint64(0)
	}
	return sum
}

func (c *chains) Claim(ctx context.Context, epoch uint64) (claim usagetypes.Claim, found bool, err error) {
	res, err := c.usage.Claim(ctx, &usagetypes.QueryClaimRequest{Provider: c.Address(), Epoch: epoch})
	if notFound(err) {
		return claim, false, nil
	}
	if err != nil {
		return claim, false, err
	}
	return res.Claim, true, nil
}

func (c *chains) SubmitClaim(ctx context.Context, m *usagetypes.MsgClaim) error {
	_, err := c.service.Send(ctx, c.key, m)
	return err
}

func (c *chains) SubmitProof(ctx context.Context, m *usagetypes.MsgProve) error {
	_, err := c.service.Send(ctx, c.key, m)
	return err
}
