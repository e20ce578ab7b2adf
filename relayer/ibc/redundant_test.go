package ibc

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
)

// grpcNode says which packets have not arrived.
type grpcNode struct {
	cmtservice.UnimplementedServiceServer
	channeltypesv2.UnimplementedQueryServer
	open  []uint64
	asked int
}

func (*grpcNode) GetLatestBlock(context.Context, *cmtservice.GetLatestBlockRequest) (*cmtservice.GetLatestBlockResponse, error) {
	return &cmtservice.GetLatestBlockResponse{SdkBlock: &cmtservice.Block{Header: cmtservice.Header{ChainID: "top-a-1", Height: 5}}, Block: &cmtproto.Block{}}, nil
}

func (n *grpcNode) UnreceivedPackets(context.Context, *channeltypesv2.QueryUnreceivedPacketsRequest) (*channeltypesv2.QueryUnreceivedPacketsResponse, error) {
	n.asked++
	return &channeltypesv2.QueryUnreceivedPacketsResponse{Sequences: n.open}, nil
}

func (n *grpcNode) listen(t *testing.T, more ...func(*grpc.Server)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := grpc.NewServer()
	cmtservice.RegisterServiceServer(srv, n)
	channeltypesv2.RegisterQueryServer(srv, n)
	for _, register := range more {
		register(srv)
	}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(srv.Stop)
	return listener.Addr().String()
}

// A node that goes on listing a packet that its chain refuses as received before loses its turn, and the next one's word counts at once.
func TestNodeThatDeniesAnArrivalLosesItsTurn(t *testing.T) {
	liar, honest := &grpcNode{open: []uint64{7, 8}}, &grpcNode{open: []uint64{8}}
	client, err := EndpointConfig{ChainID: "top-a-1", GRPC: Addresses{liar.listen(t), honest.listen(t)}}.Dial(t.Context())
	require.NoError(t, err)
	defer client.Close()
	p := &Path{Destination: &Endpoint{Client: client}, DestinationClient: "07-tendermint-0"}
	ask := func() map[uint64]bool {
		t.Helper()
		open, err := p.unreceived(t.Context(), []uint64{6, 7, 8})
		require.NoError(t, err)
		return open
	}
	require.Equal(t, map[uint64]bool{7: true, 8: true}, ask())
	p.noteRedundant([]sdk.Msg{&channeltypesv2.MsgRecvPacket{Packet: channeltypesv2.Packet{Sequence: 6}}})
	require.Equal(t, map[uint64]bool{7: true, 8: true}, ask(), "it has seen that 6 arrived")
	require.Zero(t, honest.asked)
	p.noteRedundant([]sdk.Msg{&channeltypesv2.MsgRecvPacket{Packet: channeltypesv2.Packet{Sequence: 7}}})
	require.Equal(t, map[uint64]bool{8: true}, ask())
	require.Equal(t, map[uint64]bool{8: true}, ask())
	require.Equal(t, 3, liar.asked)
}
