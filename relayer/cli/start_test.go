package cli

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"

	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/keys"
	"github.com/topnetwork/top/sdk/chain"
)

// stranger is a node of another chain.
type stranger struct {
	cmtservice.UnimplementedServiceServer
}

func (*stranger) GetLatestBlock(context.Context, *cmtservice.GetLatestBlockRequest) (*cmtservice.GetLatestBlockResponse, error) {
	return &cmtservice.GetLatestBlockResponse{SdkBlock: &cmtservice.Block{Header: cmtservice.Header{ChainID: "other-1", Height: 5}}, Block: &cmtproto.Block{}}, nil
}

// A relayer whose chain is down waits and says for what, in the status file, at /healthz and in metrics; a node of another chain at that address ends it.
func TestRelayerWaitsForItsChainAndRefusesAnother(t *testing.T) {
	home := t.TempDir()
	mnemonic, err := chain.NewMnemonic()
	require.NoError(t, err)
	_, err = keys.Add(home, "operator", mnemonic)
	require.NoError(t, err)
	// An address at which nobody listens yet.
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	end := func(id string) ibc.EndpointConfig {
		return ibc.EndpointConfig{ChainID: id, RPC: ibc.Addresses{"http://" + address}, GRPC: ibc.Addresses{address}}
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		ended <- start(ctx, home, &config.Config{
			Chains: config.Chains{Main: end("top-main-1"), Service: end("top-msg-1")}, StatusFile: "status.json", Metrics: "127.0.0.1:0",
			IBC: &ibc.Config{Key: "operator", Poll: time.Second, Refresh: time.Second},
		}, slog.New(slog.DiscardHandler))
	}()
	var st status
	require.Eventually(t, func() bool {
		bz, err := os.ReadFile(filepath.Join(home, "status.json"))
		return err == nil && json.Unmarshal(bz, &st) == nil
	}, 30*time.Second, 10*time.Millisecond)
	require.Contains(t, st.Idle["ibc"], "waiting for top-main-1")
	require.Contains(t, st.Idle["ibc"], address)
	get := func(path string) (int, string) {
		res, err := http.Get("http://" + st.Metrics + path) //nolint:noctx // ends with the test's process
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}
	code, body := get("/healthz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, address)
	_, body = get("/metrics")
	require.True(t, strings.Contains(body, "top_relayer_waiting 1"), body)

	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	srv := grpc.NewServer()
	cmtservice.RegisterServiceServer(srv, &stranger{})
	go func() { _ = srv.Serve(listener) }()
	defer srv.Stop()
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "is a node of other-1, not of top-main-1")
	case <-time.After(time.Minute):
		require.Fail(t, "it goes on")
	}
}
