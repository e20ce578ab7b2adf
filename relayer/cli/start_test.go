package cli

import (
	"bytes"
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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"

	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/keys"
	"github.com/topnetwork/top/relayer/provider"
	"github.com/topnetwork/top/relayer/services"
	"github.com/topnetwork/top/sdk/chain"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// peer is a node of a chain in epoch 20.
type peer struct {
	cmtservice.UnimplementedServiceServer
	usagetypes.UnimplementedQueryServer
	chainID string
}

func (n *peer) GetLatestBlock(context.Context, *cmtservice.GetLatestBlockRequest) (*cmtservice.GetLatestBlockResponse, error) {
	return &cmtservice.GetLatestBlockResponse{SdkBlock: &cmtservice.Block{Header: cmtservice.Header{ChainID: n.chainID, Height: 5}}, Block: &cmtproto.Block{}}, nil
}

func (*peer) Epoch(context.Context, *usagetypes.QueryEpochRequest) (*usagetypes.QueryEpochResponse, error) {
	return &usagetypes.QueryEpochResponse{Epoch: 20}, nil
}

// listen at an address, or at "" at a free one, as a node of a chain.
func listen(t *testing.T, address, chainID string) string {
	t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	srv := grpc.NewServer()
	n := &peer{chainID: chainID}
	cmtservice.RegisterServiceServer(srv, n)
	usagetypes.RegisterQueryServer(srv, n)
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(srv.Stop)
	return listener.Addr().String()
}

// nobody listens at this address yet.
func nobody(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	return free.Addr().String()
}

// operator's key in a home.
func operator(t *testing.T, home string) {
	t.Helper()
	mnemonic, err := chain.NewMnemonic()
	require.NoError(t, err)
	_, err = keys.Add(home, "operator", mnemonic)
	require.NoError(t, err)
}

func end(id, address string) ibc.EndpointConfig {
	return ibc.EndpointConfig{ChainID: id, RPC: ibc.Addresses{"http://" + address}, GRPC: ibc.Addresses{address}}
}

// told waits until the status file says of a role why it is idle.
func told(t *testing.T, home, role, why string) (st status) {
	t.Helper()
	require.Eventually(t, func() bool {
		bz, err := os.ReadFile(filepath.Join(home, "status.json"))
		st = status{}
		return err == nil && json.Unmarshal(bz, &st) == nil && strings.Contains(st.Idle[role], why)
	}, 30*time.Second, 10*time.Millisecond)
	return st
}

func get(t *testing.T, st status, path string) (int, string) {
	t.Helper()
	res, err := http.Get("http://" + st.Metrics + path) //nolint:noctx // ends with the test's process
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

// A relayer whose chain is down waits and says for what, in the status file, at /healthz and in metrics; a node of another chain at that address ends it.
func TestRelayerWaitsForItsChainAndRefusesAnother(t *testing.T) {
	home, address := t.TempDir(), nobody(t)
	operator(t, home)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		ended <- start(ctx, home, &config.Config{
			Chains: config.Chains{Main: end("top-main-1", address), Service: end("top-msg-1", address)}, StatusFile: "status.json", Metrics: "127.0.0.1:0",
			IBC: &ibc.Config{Key: "operator", Poll: time.Second, Refresh: time.Second},
		}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	}()
	st := told(t, home, "ibc", "waiting for top-main-1")
	require.Contains(t, st.Idle["ibc"], address)
	code, body := get(t, st, "/healthz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, address)
	_, body = get(t, st, "/metrics")
	require.True(t, strings.Contains(body, "top_relayer_waiting 1"), body)

	listen(t, address, "other-1")
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "is a node of other-1, not of top-main-1")
	case <-time.After(time.Minute):
		require.Fail(t, "it goes on")
	}
}

// A provider that starts while the main chain is down listens, for vouchers and claims need the service chain alone, and is not ready: it says why.
func TestProviderStartsWithoutTheMainChain(t *testing.T) {
	serves := make(chan struct{})
	services.Register(idler{serves})
	home, address := t.TempDir(), nobody(t)
	operator(t, home)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		ended <- start(ctx, home, &config.Config{
			Chains: config.Chains{Main: end("top-main-1", address), Service: end("top-msg-1", listen(t, "", "top-msg-1"))}, StatusFile: "status.json", Metrics: "127.0.0.1:0",
			Provider: &provider.Config{
				Key: "operator", Identity: "identity.key", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Service: "idle", Prices: map[string]uint64{"hour": 1}, Tick: 1, Float: 1, Voucher: 1, Deposit: 1,
				Data: "data", Retention: time.Hour,
			},
		}, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	}()
	st := told(t, home, "provider", "vouchers and claims go on")
	<-serves
	require.NotEmpty(t, st.PeerID)
	require.NotEmpty(t, st.Listen)
	code, body := get(t, st, "/healthz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, "chains.main")
	require.Contains(t, body, address)
	_, body = get(t, st, "/metrics")
	require.Contains(t, body, "top_provider_halted 1")

	listen(t, address, "other-1")
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "is a node of other-1, not of top-main-1")
	case <-time.After(time.Minute):
		require.Fail(t, "it goes on")
	}
}

// idler is a service that says when it is asked to serve, and does nothing.
type idler struct{ serves chan struct{} }

func (idler) Name() string       { return "idle" }
func (idler) Measures() []string { return []string{"hour"} }

func (i idler) Serve(ctx context.Context, _ services.Env) error {
	close(i.serves)
	<-ctx.Done()
	return nil
}

// Level and format of the log are settings, and flags go before them; what there is not is refused before anything starts.
func TestLogFlags(t *testing.T) {
	home := t.TempDir()
	operator(t, home)
	text := strings.NewReplacer("key: relayer", "key: operator", "127.0.0.1:9464", "127.0.0.1:0", "format: text", "format: json").Replace(config.Example)
	require.NoError(t, os.WriteFile(filepath.Join(home, config.FileName), []byte(text), 0o600))
	_, err := run("start", "--home", home, "--log-level", "loud")
	require.ErrorContains(t, err, "want debug, info, warn or error")
	_, err = run("start", "--home", home, "--log-format", "xml")
	require.ErrorContains(t, err, "want text or json")

	cmd := startCommand()
	require.NoError(t, cmd.Flags().Set("log-level", "warn"))
	cfg, err := config.Load(home)
	require.NoError(t, err)
	var log bytes.Buffer
	cmd.SetErr(&log)
	l, err := logger(cmd, cfg.Log)
	require.NoError(t, err)
	l.Info("news")
	l.Warn("trouble")
	require.NotContains(t, log.String(), "news")
	require.Contains(t, log.String(), `"msg":"trouble"`, "the file's format")
}
