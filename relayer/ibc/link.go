package ibc

import (
	"context"
	"fmt"
	"time"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// Light clients trust a header for two weeks; validators are held to theirs for three (unbonding on the main chain).
const (
	// DefaultTrusting is the trusting period of a client, and of the headers that audits verify.
	DefaultTrusting = 14 * 24 * time.Hour
	// leastTrusting leaves the relayer time for a few attempts: it refreshes a client after a third.
	leastTrusting   = 10 * time.Second
	unbondingPeriod = 21 * 24 * time.Hour
	maxClockDrift   = 40 * time.Second
)

// trustLevel is the share of the trusted set that must have signed a skipped-to header: 2/3, for sets rotate.
var trustLevel = ibctm.Fraction{Numerator: 2, Denominator: 3}

// merklePrefix leads to the IBC store of a Cosmos chain.
var merklePrefix = [][]byte{[]byte("ibc"), {}}

// Clients by which two linked chains know each other.
type Clients struct {
	// Main is the main chain's client of the service chain, Service the reverse.
	Main    string `json:"main_client"`
	Service string `json:"service_client"`
}

// Link joins a service chain to the main chain: a light client on each, their counterparties, and both chains' word that these are the ones. Every step looks
// first at what is there, so that an interrupted link is finished by running it again. Both endpoints sign with the operator's key.
// The clients trust a header for that long; DefaultTrusting is right unless validators of one of the chains may leave sooner.
func Link(ctx context.Context, main, service *Endpoint, trusting time.Duration) (Clients, error) {
	if trusting < leastTrusting || trusting > DefaultTrusting {
		return Clients{}, fmt.Errorf("a trusting period of %s: want %s to %s", trusting, leastTrusting, DefaultTrusting)
	}
	if m, s, err := linked(ctx, main, service); err == nil {
		return Clients{Main: m, Service: s}, nil
	}
	var c Clients
	var err error
	if c.Main, err = ensureClient(ctx, main, service, trusting); err != nil {
		return c, err
	}
	if c.Service, err = ensureClient(ctx, service, main, trusting); err != nil {
		return c, err
	}
	if err := ensureCounterparty(ctx, main, c.Main, c.Service); err != nil {
		return c, err
	}
	if err := ensureCounterparty(ctx, service, c.Service, c.Main); err != nil {
		return c, err
	}
	return c, name(ctx, main, service, c)
}

// ensureClient answers the client of `of` on `on` that this signer created, and creates it if there is none.
func ensureClient(ctx context.Context, on, of *Endpoint, trusting time.Duration) (string, error) {
	id, err := findClient(ctx, on, of, trusting)
	if err != nil || id != "" {
		return id, err
	}
	height, err := of.latest(ctx)
	if err != nil {
		return "", err
	}
	var commit *ctypes.ResultCommit
	err = of.nodes.ask(ctx, func(at node) (err error) {
		commit, err = of.commit(ctx, at, height)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("commit of %s: %w", of.ChainID(), err)
	}
	state := ibctm.NewClientState(of.ChainID(), trustLevel, trusting, unbondingPeriod, maxClockDrift,
		of.proofHeight(height), commitmenttypes.GetSDKSpecs(), []string{"upgrade", "upgradedIBCState"})
	consensus := ibctm.NewConsensusState(commit.Time, commitmenttypes.NewMerkleRoot(commit.AppHash), commit.NextValidatorsHash)
	msg, err := clienttypes.NewMsgCreateClient(state, consensus, on.Signer())
	if err != nil {
		return "", err
	}
	if _, err := on.Send(ctx, on.key, msg); err != nil {
		return "", fmt.Errorf("create a client of %s on %s: %w", of.ChainID(), on.ChainID(), err)
	}
	id, err = findClient(ctx, on, of, trusting)
	if err == nil && id == "" {
		err = fmt.Errorf("the client of %s on %s was created but is not found", of.ChainID(), on.ChainID())
	}
	return id, err
}

// findClient looks for a usable client of `of` that this signer created: right chain, right trust, not expired or frozen.
func findClient(ctx context.Context, on, of *Endpoint, trusting time.Duration) (string, error) {
	q := clienttypes.NewQueryClient(on.Conn())
	page := &query.PageRequest{Limit: 100}
	for {
		res, err := q.ClientStates(ctx, &clienttypes.QueryClientStatesRequest{Pagination: page})
		if err != nil {
			return "", fmt.Errorf("clients on %s: %w", on.ChainID(), err)
		}
		for _, c := range res.ClientStates {
			tm, err := on.unpackClient(c.ClientState)
			if err != nil || tm.ChainId != of.ChainID() || tm.TrustingPeriod != trusting {
				continue
			}
			creator, err := q.ClientCreator(ctx, &clienttypes.QueryClientCreatorRequest{ClientId: c.ClientId})
			if err != nil {
				return "", fmt.Errorf("creator of %s on %s: %w", c.ClientId, on.ChainID(), err)
			}
			// Only its creator may register a client's counterparty.
			if creator.Creator != on.Signer() {
				continue
			}
			st, err := q.ClientStatus(ctx, &clienttypes.QueryClientStatusRequest{ClientId: c.ClientId})
			if err != nil {
				return "", fmt.Errorf("status of %s on %s: %w", c.ClientId, on.ChainID(), err)
			}
			if st.Status == "Active" {
				return c.ClientId, nil
			}
		}
		if res.Pagination == nil || len(res.Pagination.NextKey) == 0 {
			return "", nil
		}
		page = &query.PageRequest{Limit: 100, Key: res.Pagination.NextKey}
	}
}

// ensureCounterparty tells a client's chain which client on the other chain follows it.
func ensureCounterparty(ctx context.Context, on *Endpoint, clientID, counterparty string) error {
	res, err := clienttypesv2.NewQueryClient(on.Conn()).CounterpartyInfo(ctx, &clienttypesv2.QueryCounterpartyInfoRequest{ClientId: clientID})
	if err == nil && res.CounterpartyInfo != nil && res.CounterpartyInfo.ClientId != "" {
		if known := res.CounterpartyInfo.ClientId; known != counterparty {
			return fmt.Errorf("client %s on %s already has the counterparty %s, not %s", clientID, on.ChainID(), known, counterparty)
		}
		return nil
	}
	if err != nil && status.Code(err) != codes.NotFound {
		return fmt.Errorf("counterparty of %s on %s: %w", clientID, on.ChainID(), err)
	}
	_, err = on.Send(ctx, on.key, clienttypesv2.NewMsgRegisterCounterparty(clientID, merklePrefix, counterparty, on.Signer()))
	if err != nil {
		return fmt.Errorf("register counterparty %s of %s on %s: %w", counterparty, clientID, on.ChainID(), err)
	}
	return nil
}

// name makes the clients those through which the chains hear each other.
func name(ctx context.Context, main, service *Endpoint, c Clients) error {
	own, err := usagetypes.NewQueryClient(service.Conn()).Chain(ctx, &usagetypes.QueryChainRequest{})
	if err != nil {
		return fmt.Errorf("%s: %w", service.ChainID(), err)
	}
	if own.Chain.MainClientId == "" {
		if _, err := service.Send(ctx, service.key, &usagetypes.MsgLinkMainChain{Operator: service.Signer(), ClientId: c.Service}); err != nil {
			return fmt.Errorf("link %s on %s: %w", main.ChainID(), service.ChainID(), err)
		}
	}
	reg, err := servicestypes.NewQueryClient(main.Conn()).ServiceChain(ctx, &servicestypes.QueryServiceChainRequest{ChainId: service.ChainID()})
	if err != nil {
		return fmt.Errorf("%s on %s: %w", service.ChainID(), main.ChainID(), err)
	}
	if reg.Chain.ClientId != "" {
		return nil
	}
	_, err = main.Send(ctx, main.key, &servicestypes.MsgLinkServiceChain{Operator: main.Signer(), ChainId: service.ChainID(), ClientId: c.Main})
	if err != nil {
		return fmt.Errorf("link %s on %s: %w", service.ChainID(), main.ChainID(), err)
	}
	return nil
}
