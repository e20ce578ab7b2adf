package ibc

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/protocol/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// seedNode is a node of either chain, as far as seeds go.
type seedNode struct {
	usagetypes.UnimplementedQueryServer
	waits bool
	asked int
}

func (n *seedNode) AwaitedSeed(context.Context, *usagetypes.QueryAwaitedSeedRequest) (*usagetypes.QueryAwaitedSeedResponse, error) {
	if !n.waits {
		return nil, status.Error(codes.NotFound, "no claim waits")
	}
	return &usagetypes.QueryAwaitedSeedResponse{AfterHeight: 5, AfterTime: 50}, nil
}

// seedless is the main chain before the seed is made.
type seedless struct {
	sortitiontypes.UnimplementedQueryServer
	*seedNode
}

func (n *seedless) SeedAfter(_ context.Context, req *sortitiontypes.QuerySeedAfterRequest) (*sortitiontypes.QuerySeedAfterResponse, error) {
	n.asked++
	return nil, status.Errorf(codes.NotFound, "none after %d and %d", req.Height, req.Time)
}

// The relayer asks both chains first: where no claim waits, or its seed is not made yet, it does nothing, and that is no failure.
func TestSeedsAreBroughtWhenAwaited(t *testing.T) {
	state := &seedNode{}
	chain := &grpcNode{}
	address := chain.listen(t, func(srv *grpc.Server) {
		usagetypes.RegisterQueryServer(srv, state)
		sortitiontypes.RegisterQueryServer(srv, &seedless{seedNode: state})
	})
	client, err := EndpointConfig{ChainID: "top-a-1", GRPC: Addresses{address}}.Dial(t.Context())
	require.NoError(t, err)
	defer client.Close()
	p := &Path{Source: &Endpoint{Client: client}, Destination: &Endpoint{Client: client}}
	require.NoError(t, p.seed(t.Context()))
	require.Zero(t, state.asked, "the main chain is left in peace")
	state.waits = true
	require.NoError(t, p.seed(t.Context()))
	require.Equal(t, 1, state.asked)
}

// What a node of the main chain answers is sent only if it is the awaited seed.
func TestOtherSeedsAreNotBrought(t *testing.T) {
	after := sortition.Moment{Height: 5, Time: 50}
	check := func(p sortitiontypes.PublishedSeed) error {
		bz, err := p.Marshal()
		require.NoError(t, err)
		return checkSeed(bz, after)
	}
	right := sortitiontypes.PublishedSeed{Epoch: 3, SealingHeight: 6, SealingTime: 60, PreviousHeight: 4, PreviousTime: 40}
	require.NoError(t, check(right))
	later := sortitiontypes.PublishedSeed{Epoch: 4, SealingHeight: 8, SealingTime: 80, PreviousHeight: 6, PreviousTime: 60}
	require.ErrorContains(t, check(later), "another seed")
	earlier := sortitiontypes.PublishedSeed{Epoch: 2, SealingHeight: 4, SealingTime: 40}
	require.ErrorContains(t, check(earlier), "another seed")
	require.Error(t, checkSeed([]byte{0xff}, after))
}
