// Package ibc is the relayer's ibc role: it carries IBC v2 packets between the main chain and a service chain. It remembers nothing: what is to be done is
// asked of the chains, before every step.
package ibc

import (
	"context"
	"errors"
	"fmt"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/sdk/chain"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// RegisterInterfaces of the messages and states that a relayer handles.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	clienttypes.RegisterInterfaces(registry)
	clienttypesv2.RegisterInterfaces(registry)
	channeltypesv2.RegisterInterfaces(registry)
	ibctm.RegisterInterfaces(registry)
	shardstypes.RegisterInterfaces(registry)
	gatetypes.RegisterInterfaces(registry)
}

// EndpointConfig says where a chain is.
type EndpointConfig struct {
	ChainID string `yaml:"chain_id"`
	// RPC are the CometBFT RPC's URLs, GRPC host:port; where several nodes are named, the next has its turn when one fails.
	RPC  Addresses `yaml:"rpc"`
	GRPC Addresses `yaml:"grpc"`
}

// Endpoint is one chain as the relayer sees it: the gRPC client that owns the key's sequence, and the RPC for headers, proofs and events.
type Endpoint struct {
	*chain.Client
	nodes *nodes
	key   *chain.Key
	// anchor is the newest header that an audit has verified.
	anchor *anchor
}

// Dial connects to a chain's gRPC, without its RPC.
func (c EndpointConfig) Dial(ctx context.Context) (*chain.Client, error) {
	return chain.Dial(ctx, c.grpc())
}

// Client of a chain's gRPC that asks no node before it must: the chain may be down.
func (c EndpointConfig) Client() (*chain.Client, error) { return chain.New(c.grpc()) }

func (c EndpointConfig) grpc() chain.Config {
	return chain.Config{GRPC: c.GRPC[0], Others: c.GRPC[1:], ChainID: c.ChainID, Register: RegisterInterfaces}
}

// Connect dials both interfaces of a chain's nodes and refuses nodes of another chain.
func Connect(ctx context.Context, cfg EndpointConfig, key *chain.Key) (*Endpoint, error) {
	c, err := cfg.Dial(ctx)
	if err != nil {
		return nil, err
	}
	n, err := dialNodes(cfg.ChainID, cfg.RPC, rpcTimeout)
	if err == nil {
		err = n.identify(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &Endpoint{Client: c, nodes: n, key: key}, nil
}

// rotate gives the next node its turn, on both interfaces.
func (e *Endpoint) rotate() {
	e.nodes.rotate()
	e.Rotate()
}

// Signer of the endpoint's transactions.
func (e *Endpoint) Signer() string { return e.key.Address() }

// revision number at the end of the chain's id.
func (e *Endpoint) revision() uint64 { return clienttypes.ParseChainID(e.ChainID()) }

// clientState of a light client on this chain.
func (e *Endpoint) clientState(ctx context.Context, clientID string) (*ibctm.ClientState, error) {
	res, err := clienttypes.NewQueryClient(e.Conn()).ClientState(ctx, &clienttypes.QueryClientStateRequest{ClientId: clientID})
	if err != nil {
		return nil, fmt.Errorf("client %s on %s: %w", clientID, e.ChainID(), err)
	}
	return e.unpackClient(res.ClientState)
}

func (e *Endpoint) unpackClient(packed *codectypes.Any) (*ibctm.ClientState, error) {
	state, err := clienttypes.UnpackClientState(packed)
	if err != nil {
		return nil, err
	}
	tm, ok := state.(*ibctm.ClientState)
	if !ok {
		return nil, fmt.Errorf("a client of type %s on %s: only 07-tendermint is relayed", state.ClientType(), e.ChainID())
	}
	return tm, nil
}

// consensusState that a light client on this chain holds for a height of the other.
func (e *Endpoint) consensusState(ctx context.Context, clientID string, height clienttypes.Height) (*ibctm.ConsensusState, error) {
	res, err := clienttypes.NewQueryClient(e.Conn()).ConsensusState(ctx, &clienttypes.QueryConsensusStateRequest{
		ClientId: clientID, RevisionNumber: height.RevisionNumber, RevisionHeight: height.RevisionHeight,
	})
	if err != nil {
		return nil, fmt.Errorf("consensus state %s of client %s on %s: %w", height, clientID, e.ChainID(), err)
	}
	state, err := clienttypes.UnpackConsensusState(res.ConsensusState)
	if err != nil {
		return nil, err
	}
	tm, ok := state.(*ibctm.ConsensusState)
	if !ok {
		return nil, fmt.Errorf("consensus state of type %s", state.ClientType())
	}
	return tm, nil
}

// commitments are the sequences that this chain has sent through a client and that are not yet acknowledged or timed out.
func (e *Endpoint) commitments(ctx context.Context, clientID string) ([]uint64, error) {
	res, err := channeltypesv2.NewQueryClient(e.Conn()).PacketCommitments(ctx, &channeltypesv2.QueryPacketCommitmentsRequest{
		ClientId: clientID, Pagination: &query.PageRequest{Limit: maxBacklog},
	})
	if err != nil {
		return nil, fmt.Errorf("commitments of %s on %s: %w", clientID, e.ChainID(), err)
	}
	if len(res.Commitments) > maxBacklog {
		return nil, fmt.Errorf("commitments of %s on %s: %d in an answer, %d were asked for", clientID, e.ChainID(), len(res.Commitments), maxBacklog)
	}
	out := make([]uint64, len(res.Commitments))
	for i, c := range res.Commitments {
		if i > 0 && c.Sequence <= out[i-1] {
			return nil, fmt.Errorf("commitments of %s on %s: %d after %d", clientID, e.ChainID(), c.Sequence, out[i-1])
		}
		out[i] = c.Sequence
	}
	return out, nil
}

// unreceived answers which of the sequences have not arrived on this chain.
func (e *Endpoint) unreceived(ctx context.Context, clientID string, sequences []uint64) (map[uint64]bool, error) {
	if len(sequences) == 0 {
		return map[uint64]bool{}, nil
	}
	res, err := channeltypesv2.NewQueryClient(e.Conn()).UnreceivedPackets(ctx, &channeltypesv2.QueryUnreceivedPacketsRequest{ClientId: clientID, Sequences: sequences})
	if err != nil {
		return nil, fmt.Errorf("unreceived packets of %s on %s: %w", clientID, e.ChainID(), err)
	}
	out := make(map[uint64]bool, len(res.Sequences))
	for _, s := range res.Sequences {
		out[s] = true
	}
	return out, nil
}
