// Package ibc is the relayer's ibc role: it carries IBC v2 packets between the main chain and a service chain. It remembers nothing: what is to be done is
// asked of the chains, before every step.
package ibc

import (
	"context"
	"fmt"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/topnetwork/top/sdk/chain"
)

// RegisterInterfaces of the messages and states that a relayer handles.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	clienttypes.RegisterInterfaces(registry)
	clienttypesv2.RegisterInterfaces(registry)
	channeltypesv2.RegisterInterfaces(registry)
	ibctm.RegisterInterfaces(registry)
}

// EndpointConfig says where a chain is.
type EndpointConfig struct {
	ChainID string `yaml:"chain_id"`
	// RPC is the CometBFT RPC's URL, GRPC host:port.
	RPC  string `yaml:"rpc"`
	GRPC string `yaml:"grpc"`
}

// Endpoint is one chain as the relayer sees it: the gRPC client that owns the key's sequence, and the RPC for headers, proofs and events.
type Endpoint struct {
	*chain.Client
	rpc *rpchttp.HTTP
	key *chain.Key
}

// Connect dials both interfaces of a node and refuses them when they are of different chains.
func Connect(ctx context.Context, cfg EndpointConfig, key *chain.Key) (*Endpoint, error) {
	c, err := chain.Dial(ctx, chain.Config{GRPC: cfg.GRPC, ChainID: cfg.ChainID, Register: RegisterInterfaces})
	if err != nil {
		return nil, err
	}
	rpc, err := rpchttp.New(cfg.RPC, "/websocket")
	if err != nil {
		return nil, fmt.Errorf("RPC %q: %w", cfg.RPC, err)
	}
	status, err := rpc.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("RPC %s: %w", cfg.RPC, err)
	}
	if status.NodeInfo.Network != cfg.ChainID {
		return nil, fmt.Errorf("RPC %s is a node of %s, not of %s", cfg.RPC, status.NodeInfo.Network, cfg.ChainID)
	}
	return &Endpoint{Client: c, rpc: rpc, key: key}, nil
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
	out := make([]uint64, len(res.Commitments))
	for i, c := range res.Commitments {
		out[i] = c.Sequence
	}
	return out, nil
}

// unreceived answers which of the sequences have not arrived on this chain.
func (e *Endpoint) unreceived(ctx context.Context, clientID string, sequences []uint64) (map[uint64]bool, error) {
	if len(sequences) == 0 {
		return nil, nil //nolint:nilnil // no sequences, nothing unreceived
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
