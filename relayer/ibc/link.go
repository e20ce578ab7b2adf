package ibc

import (
	"context"
	"fmt"
	"time"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// Light clients trust a header for two weeks; validators are held to theirs for longer (accountable).
const (
	// DefaultTrusting is the trusting period of a client, and of the headers that audits verify.
	DefaultTrusting = 14 * 24 * time.Hour
	// leastTrusting leaves the relayer time for a few attempts: it refreshes a client after a third.
	leastTrusting = 10 * time.Second
	maxClockDrift = 40 * time.Second
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

// Link joins a service chain to the main chain: a light client on each, their counterparties, and both chains' word that these are the ones. It refuses what could not work before
// it creates anything. Every step looks first at what is there, so that an interrupted link is finished by running it again. Both endpoints sign with the operator's key.
// Clients that it creates trust a header for that long; DefaultTrusting is right unless validators of one of the chains may leave sooner.
func Link(ctx context.Context, main, service *Endpoint, trusting time.Duration) (Clients, error) {
	if trusting < leastTrusting || trusting > DefaultTrusting {
		return Clients{}, fmt.Errorf("a trusting period of %s: want %s to %s", trusting, leastTrusting, DefaultTrusting)
	}
	known, err := acquaint(ctx, main, service)
	if err != nil {
		return Clients{}, err
	}
	blocks, err := epochBlocks(ctx, main)
	if err != nil {
		return Clients{}, err
	}
	if err := known.sameEpochs(main.ChainID(), blocks); err != nil {
		return Clients{}, err
	}
	named := known.clients()
	if named.Main != "" && named.Service != "" {
		return named, mutual(ctx, main, service, named)
	}
	if err := known.operatedBy(main.ChainID(), main.Signer()); err != nil {
		return Clients{}, err
	}
	c, err := choose(ctx, main, service, named, trusting)
	if err != nil {
		return Clients{}, err
	}
	held := map[*Endpoint]time.Duration{}
	for _, missing := range []struct {
		of     *Endpoint
		client string
	}{{service, c.Main}, {main, c.Service}} {
		if missing.client != "" {
			continue
		}
		if held[missing.of], err = accountable(ctx, missing.of, trusting); err != nil {
			return c, err
		}
	}
	if c.Main == "" {
		if c.Main, err = createClient(ctx, main, service, trusting, held[service]); err != nil {
			return c, err
		}
	}
	if c.Service == "" {
		if c.Service, err = createClient(ctx, service, main, trusting, held[main]); err != nil {
			return c, err
		}
	}
	if err := ensureCounterparty(ctx, main, c.Main, c.Service); err != nil {
		return c, err
	}
	if err := ensureCounterparty(ctx, service, c.Service, c.Main); err != nil {
		return c, err
	}
	return c, name(ctx, main, service, named, c)
}

// createClient of `of`, whose validators are held to what they sign for that long, on `on`.
func createClient(ctx context.Context, on, of *Endpoint, trusting, held time.Duration) (string, error) {
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
	state := ibctm.NewClientState(of.ChainID(), trustLevel, trusting, held, maxClockDrift,
		of.proofHeight(height), commitmenttypes.GetSDKSpecs(), []string{"upgrade", "upgradedIBCState"})
	consensus := ibctm.NewConsensusState(commit.Time, commitmenttypes.NewMerkleRoot(commit.AppHash), commit.NextValidatorsHash)
	msg, err := clienttypes.NewMsgCreateClient(state, consensus, on.Signer())
	if err != nil {
		return "", err
	}
	res, err := on.Send(ctx, on.key, msg)
	if err != nil {
		return "", fmt.Errorf("create a client of %s on %s: %w", of.ChainID(), on.ChainID(), err)
	}
	var created clienttypes.MsgCreateClientResponse
	if len(res.Responses) != 1 || created.Unmarshal(res.Responses[0].Value) != nil || created.ClientId == "" {
		return "", fmt.Errorf("%s does not say which client of %s transaction %s made: run it again", on.ChainID(), of.ChainID(), res.Hash)
	}
	return created.ClientId, nil
}

// ensureCounterparty tells a client's chain which client on the other chain follows it.
func ensureCounterparty(ctx context.Context, on *Endpoint, clientID, want string) error {
	known, err := counterparty(ctx, on, clientID)
	if err != nil || known == want {
		return err
	}
	if _, err := on.Send(ctx, on.key, clienttypesv2.NewMsgRegisterCounterparty(clientID, merklePrefix, want, on.Signer())); err != nil {
		return fmt.Errorf("register counterparty %s of %s on %s: %w", want, clientID, on.ChainID(), err)
	}
	return nil
}

// name makes the clients those through which the chains hear each other, where they have not been named.
func name(ctx context.Context, main, service *Endpoint, named, c Clients) error {
	if named.Service == "" {
		if _, err := service.Send(ctx, service.key, &usagetypes.MsgLinkMainChain{Operator: service.Signer(), ClientId: c.Service}); err != nil {
			return fmt.Errorf("link %s on %s: %w", main.ChainID(), service.ChainID(), err)
		}
	}
	if named.Main == "" {
		if _, err := main.Send(ctx, main.key, &servicestypes.MsgLinkServiceChain{Operator: main.Signer(), ChainId: service.ChainID(), ClientId: c.Main}); err != nil {
			return fmt.Errorf("link %s on %s: %w", service.ChainID(), main.ChainID(), err)
		}
	}
	return nil
}
