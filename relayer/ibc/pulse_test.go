package ibc

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChainWithoutNewBlocksIsSilent(t *testing.T) {
	p := pulse{chainID: "top-a-1", through: "RPC"}
	at := time.Unix(1_800_000_000, 0)
	const node = "http://a:26657"
	require.Empty(t, p.beat(7, node, nil, at))
	require.Empty(t, p.beat(7, node, nil, at.Add(staleAfter-time.Second)))
	stays := p.beat(7, node, nil, at.Add(staleAfter))
	for _, part := range []string{"top-a-1", node, "height 7", "2027-01-15T08:00:00Z", "/health"} {
		require.Contains(t, stays, part)
	}
	require.Equal(t, stays, p.beat(7, node, nil, at.Add(time.Hour)), "it is one reason")
	require.Equal(t, stays, p.beat(6, node, nil, at.Add(time.Hour)), "an older block is no news")
	fails := p.beat(0, node, errors.New("connection refused"), at.Add(time.Hour))
	require.Contains(t, fails, "connection refused")
	require.Contains(t, fails, "check the addresses")
	require.Equal(t, fails, p.beat(0, node, errors.New("timeout"), at.Add(time.Hour)))
	require.Empty(t, p.beat(8, node, nil, at.Add(2*time.Hour)))
	require.Empty(t, p.beat(0, node, errors.New("timeout"), at.Add(2*time.Hour)), "one failure is no silence")

	never := pulse{chainID: "top-a-1", through: "gRPC"}
	require.Empty(t, never.beat(0, node, errors.New("refused"), at))
	require.NotEmpty(t, never.beat(0, node, errors.New("refused"), at.Add(staleAfter)))
}

// Each chain is looked at through both interfaces: the one that stands still is named.
func TestWatcherNamesTheNodeThatStandsStill(t *testing.T) {
	now := time.Now()
	height := int64(20)
	rpc := fakeNode(t, func(string) string { return statusOf("top-a-1", height, now, false) })
	n, err := dialNodes("top-a-1", []string{rpc}, rpcTimeout)
	require.NoError(t, err)
	frozen := (&grpcNode{}).listen(t)
	client, err := EndpointConfig{ChainID: "top-a-1", GRPC: Addresses{frozen}}.Dial(t.Context())
	require.NoError(t, err)
	defer client.Close()
	w := newWatcher(&Endpoint{Client: client, nodes: n})
	clock := func() time.Time { return now }
	require.Empty(t, w.look(t.Context(), clock))
	now, height = now.Add(staleAfter), height+1
	reason := w.look(t.Context(), clock)
	require.Contains(t, reason, "top-a-1")
	require.Contains(t, reason, "gRPC "+frozen)
	require.NotContains(t, reason, rpc)
	now = now.Add(staleAfter)
	require.Contains(t, w.look(t.Context(), clock), "RPC "+rpc)
}
