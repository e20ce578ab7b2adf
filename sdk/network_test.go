package sdk_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/relayer/provider"
	"github.com/topnetwork/top/relayer/services"
	"github.com/topnetwork/top/relayer/services/messaging"
	"github.com/topnetwork/top/sdk"
)

// buffer is a log that goroutines write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// node is a provider that a test starts and stops.
type node struct {
	t       testing.TB
	world   *world
	home    string
	address string
	timing  provider.Timing
	// exposure of its configuration.
	exposure uint64
	log      buffer
	stop     func()
}

func newNode(t testing.TB, w *world, name string) *node {
	n := &node{
		t: t, world: w, home: t.TempDir(), address: account(t, name),
		timing: provider.Timing{Poll: 50 * time.Millisecond, Grace: 300 * time.Millisecond, GuaranteeAge: 200 * time.Millisecond, Standing: 50 * time.Millisecond},
	}
	n.start()
	t.Cleanup(func() {
		n.stop()
		if t.Failed() {
			t.Log(name, n.log.String())
		}
	})
	return n
}

func init() { services.Register(messaging.New(messaging.DefaultCaps)) }

func config() provider.Config {
	return provider.Config{
		Key: "provider", Identity: "identity.key", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Service: "messaging",
		Prices: map[string]uint64{"message": 100, "kib": 10}, Tick: 10, Float: 2000, Voucher: 1000, Data: "data",
		Deposit: 1_000_000, Retention: 72 * time.Hour,
	}
}

func (n *node) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		cfg := config()
		cfg.Exposure = &n.exposure
		err := provider.Serve(ctx, cfg, provider.Node{
			Ledger: providerLedger{n.world, n.address}, Home: n.home,
			Log:      slog.New(slog.NewTextHandler(&n.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Registry: prometheus.NewRegistry(), Timing: n.timing,
			Status: func(string, []string) { close(ready) },
		})
		if err != nil {
			n.t.Error(err)
		}
	}()
	select {
	case <-ready:
	case <-done:
		n.t.FailNow()
	}
	require.Eventually(n.t, func() bool {
		n.world.mu.Lock()
		defer n.world.mu.Unlock()
		return len(n.world.providers[n.address].Endpoints) > 0
	}, 5*time.Second, time.Millisecond)
	n.stop = sync.OnceFunc(func() { cancel(); <-done })
}

// user is a client that a test starts and stops.
type user struct {
	*sdk.Client
	*sdk.Messenger
	home, name string
	world      *world
	log        buffer
}

func newUser(t testing.TB, w *world, name string, change ...func(*sdk.Config)) *user {
	u := &user{home: t.TempDir(), name: name, world: w}
	u.open(t, change...)
	t.Cleanup(func() {
		_ = u.Client.Close()
		if t.Failed() {
			t.Log(name, u.log.String())
		}
	})
	return u
}

func (u *user) open(t testing.TB, change ...func(*sdk.Config)) {
	cfg := sdk.Config{
		Home: u.home, Ledger: userLedger{u.world, account(t, u.name)}, Poll: 50 * time.Millisecond,
		VoucherPeriod: 200 * time.Millisecond,
		Log:           slog.New(slog.NewTextHandler(&u.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&cfg)
	}
	ctx := t.Context()
	var err error
	u.Client, err = sdk.Open(ctx, cfg)
	require.NoError(t, err)
	require.NoError(t, u.EnsureCredit(ctx, 1_000_000))
	u.Messenger, err = u.Client.Messenger(ctx)
	require.NoError(t, err)
}

// contains tells in which files below a folder some bytes stand.
func contains(t testing.TB, folder string, needle []byte) []string {
	var found []string
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, needle) {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func next(t testing.TB, in <-chan sdk.Message) sdk.Message {
	t.Helper()
	select {
	case m, ok := <-in:
		require.True(t, ok, "the channel is closed")
		return m
	case <-time.After(20 * time.Second):
		require.Fail(t, "no message came")
	}
	return sdk.Message{}
}
