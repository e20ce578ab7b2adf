package provider

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/metering"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const (
	active   = servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE
	inactive = servicestypes.ProviderStatus_PROVIDER_STATUS_INACTIVE
	exiting  = servicestypes.ProviderStatus_PROVIDER_STATUS_EXITING
	exited   = servicestypes.ProviderStatus_PROVIDER_STATUS_EXITED
)

// good is the standing of a provider that serves.
func good() Standing {
	return Standing{Epoch: 20, Notice: 14, Registered: true, Status: active, Deposit: 100, Least: 100}
}

func TestWhoMustNotServe(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*Standing)
		epoch   uint64
		started bool
		reason  string
	}{
		"good":                               {func(*Standing) {}, 20, true, ""},
		"not registered yet":                 {func(s *Standing) { *s = Standing{Epoch: 20, Notice: 14, Least: 100} }, 20, false, ""},
		"closing, time enough":               {func(s *Standing) { s.ClosingEpoch = 27 }, 20, true, ""},
		"closing, too late to settle":        {func(s *Standing) { s.ClosingEpoch = 26 }, 20, true, "closes with epoch 26"},
		"the service chain is ahead":         {func(s *Standing) { s.ClosingEpoch = 27 }, 21, true, "closes with epoch 27"},
		"closed":                             {func(s *Standing) { s.ClosingEpoch = 3 }, 20, true, "closes with epoch 3"},
		"not registered on a closing chain":  {func(s *Standing) { *s = Standing{Epoch: 20, Notice: 14, ClosingEpoch: 34} }, 20, false, "takes no provider"},
		"main chain silent, time enough":     {func(*Standing) {}, 27, true, ""},
		"main chain silent for too long":     {func(*Standing) {}, 28, true, "last heard of in epoch 20"},
		"exiting":                            {func(s *Standing) { s.Status = exiting }, 20, true, "withdraw-provider-deposit"},
		"service chain a little behind":      {func(s *Standing) { s.Window = 6 }, 16, true, ""},
		"service chain far behind":           {func(s *Standing) { s.Window = 6 }, 15, true, "is a relayer running"},
		"short windows, a little behind":     {func(s *Standing) { s.Window = 1 }, 19, true, ""},
		"short windows, far behind":          {func(s *Standing) { s.Window = 1 }, 18, true, "last heard of the main chain in epoch 18"},
		"the least deposit was raised":       {func(s *Standing) { s.Least = 101 }, 20, true, ""},
		"exited, at the start":               {func(s *Standing) { s.Status, s.Deposit = exited, 0 }, 20, false, "come back, or provide with another account"},
		"slashed":                            {func(s *Standing) { s.Status, s.Deposit = inactive, 99 }, 20, true, "add-provider-deposit"},
		"slashed, at the start":              {func(s *Standing) { s.Status, s.Deposit = inactive, 99 }, 20, false, "add-provider-deposit"},
		"made inactive":                      {func(s *Standing) { s.Status = inactive }, 20, true, "update-provider"},
		"leaving, with other epochs":         {func(s *Standing) { s.Status, s.EpochBlocks, s.ServiceEpochBlocks = exiting, 20, 3 }, 20, true, "withdraw-provider-deposit"},
		"inactive, at the start of relaying": {func(s *Standing) { s.Status = inactive }, 20, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			test.change(&s)
			reason := s.halt("top-msg-1", test.epoch, test.started)
			if test.reason == "" {
				require.Empty(t, reason)
			} else {
				require.Contains(t, reason, test.reason)
			}
		})
	}
}

// A service chain that was founded with another length of epochs counts far ahead or far behind; the reason is neither a silent main chain nor a missing relayer.
func TestEpochsOfAnotherLength(t *testing.T) {
	for _, epoch := range []uint64{3, 20, 276} {
		s := good()
		s.Window, s.EpochBlocks, s.ServiceEpochBlocks = 6, 20, 3
		require.Contains(t, s.halt("top-msg-1", epoch, true), "20 blocks on the main chain, and top-msg-1 was founded with 3")
		s.ServiceEpochBlocks = 20
		require.NotContains(t, s.halt("top-msg-1", epoch, true), "blocks")
	}
}

// registry is a main chain with one provider's record.
type registry struct {
	Ledger
	standing Standing
	down     error
	refuse   error
	tries    int
	// unknown tells that the service chain does not have the provider, deaf that it does not answer.
	unknown bool
	deaf    error
}

func (*registry) Address() string { return "top1provider" }

func (r *registry) Known(context.Context, Registration) (bool, error) { return !r.unknown, r.deaf }

func (*registry) ChainID() string                              { return "top-msg-1" }
func (r *registry) Standing(context.Context) (Standing, error) { return r.standing, r.down }

func (r *registry) Register(context.Context, Registration) error {
	r.tries++
	if r.refuse == nil {
		r.standing.Registered, r.standing.Status, r.standing.Deposit = true, active, max(r.standing.Deposit, r.standing.Least)
	}
	return r.refuse
}

func newRegistrar(t *testing.T, ledger *registry) (r *registrar, told *[]string, now *time.Time) {
	db, err := pebble.Open("db", &pebble.Options{FS: vfs.NewMem(), Logger: quiet{slog.New(slog.DiscardHandler)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	sessions, err := metering.OpenSessions(metering.Config{
		ChainID: "top-msg-1", Service: "messaging", Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Now: time.Now, Entropy: zeros{},
	}, ledger, db)
	require.NoError(t, err)
	sessions.Roll(20)
	m, err := newMetrics(prometheus.NewRegistry(), sessions)
	require.NoError(t, err)
	now, told = new(time.Time), &[]string{}
	return &registrar{
		ledger: ledger, sessions: sessions, now: func() time.Time { return *now }, log: slog.New(slog.DiscardHandler), metrics: m,
		tell: func(reason string) { *told = append(*told, reason) }, warn: func(string) {},
		journal: notebook{path: filepath.Join(t.TempDir(), "standing.json")}, silence: time.Minute, exposure: 1000,
	}, told, now
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func gauge(t *testing.T, g prometheus.Collector) float64 {
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(g))
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Len(t, families, 1)
	return families[0].Metric[0].Gauge.GetValue()
}

// serves tells whether the provider makes offers.
func (r *registrar) serves() error {
	_, err := r.sessions.Offer(&voucher.OfferRequest{ChainId: "top-msg-1", Service: "messaging"})
	return err
}

func TestRegistrarHaltsAndResumes(t *testing.T) {
	ledger := &registry{standing: Standing{Epoch: 20, Notice: 14, Least: 100}}
	r, told, _ := newRegistrar(t, ledger)
	ledger.down = errors.New("no main chain")
	require.NoError(t, r.Step(t.Context()))
	require.False(t, r.decided)
	ledger.down = nil
	require.NoError(t, r.Step(t.Context()))
	require.NoError(t, r.serves())
	require.Len(t, *told, 2)
	require.Contains(t, (*told)[0], "check chains.main")
	require.Empty(t, (*told)[1])
	for range 3 {
		ledger.standing.Status = inactive
		require.NoError(t, r.Step(t.Context()))
		require.NoError(t, r.Step(t.Context()))
		require.Equal(t, refusal.Stopped, refusal.Code(r.serves()))
		require.EqualValues(t, 1, gauge(t, r.metrics.halted))
		ledger.standing.Status = active
		require.NoError(t, r.Step(t.Context()))
		require.NoError(t, r.serves())
		require.Zero(t, gauge(t, r.metrics.halted))
	}
	require.Len(t, *told, 8, "each change once")
	require.Equal(t, 1, ledger.tries, "what somebody made inactive is not made active again")
	ledger.standing.ClosingEpoch = 24
	require.NoError(t, r.Step(t.Context()))
	require.ErrorContains(t, r.serves(), "closes with epoch 24")
}

// Nothing is sent to the chain for a provider that cannot become active: its operator is told the remedy once, and when it has been applied the provider registers.
func TestRegistrarDoesNotLoop(t *testing.T) {
	ledger := &registry{standing: good()}
	ledger.standing.Status, ledger.standing.Deposit = inactive, 7
	r, told, now := newRegistrar(t, ledger)
	for range 10 {
		require.NoError(t, r.Step(t.Context()))
	}
	require.True(t, r.decided)
	require.Zero(t, ledger.tries)
	require.Len(t, *told, 1)
	require.Contains(t, (*told)[0], "7 utop of deposit are left, 100 are needed")

	ledger.standing.Deposit, ledger.refuse = 100, errors.New("insufficient funds")
	for range 10 {
		require.NoError(t, r.Step(t.Context()))
	}
	require.Equal(t, 1, ledger.tries, "what was refused waits")
	for range 600 {
		*now = now.Add(time.Second)
		require.NoError(t, r.Step(t.Context()))
	}
	require.Less(t, ledger.tries, 20)
	require.ErrorContains(t, r.serves(), "insufficient funds")
	ledger.refuse = nil
	*now = now.Add(lastRetry)
	require.NoError(t, r.Step(t.Context()))
	require.NoError(t, r.serves())

	other := &registry{standing: Standing{Epoch: 20, Notice: 14, Least: 100}, refuse: errOtherIdentity}
	r, _, _ = newRegistrar(t, other)
	require.ErrorIs(t, r.run(t.Context(), time.Second, time.Second), errOtherIdentity)
}

// Whoever waits for a registration hears for what, each reason once, and the provider is not said to serve before it does; a main chain that is down at the start is
// such a reason, and stops nothing but the serving.
func TestRegistrarSaysForWhatItWaits(t *testing.T) {
	down := errors.New("connection refused")
	pending := func(why string) error { return fmt.Errorf("%w: %s", errPending, why) }
	ledger := &registry{standing: Standing{Epoch: 20, Notice: 14, Least: 100}, down: down}
	r, told, now := newRegistrar(t, ledger)
	var log bytes.Buffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	steps := func(n int) {
		t.Helper()
		for range n {
			*now = now.Add(time.Second)
			require.NoError(t, r.Step(t.Context()))
			require.False(t, r.decided)
		}
	}
	steps(10)
	require.Len(t, *told, 1)
	require.Contains(t, (*told)[0], "connection refused")
	ledger.down, ledger.refuse = nil, pending("top-msg-1 has not heard of it yet: is a relayer running?")
	steps(10)
	require.Len(t, *told, 2)
	require.Contains(t, (*told)[1], "is a relayer running?")
	require.Equal(t, 10, ledger.tries, "a registration on its way is no refusal: it is looked at each time")
	for range 5 {
		ledger.down = down
		steps(1)
		ledger.down = nil
		steps(1)
	}
	require.Equal(t, 2, strings.Count(log.String(), "level=WARN"), log.String())
	require.NotContains(t, *told, "")
	require.Equal(t, refusal.Code(r.serves()), "", "halted by Serve, not by the registrar")
	ledger.refuse = nil
	require.NoError(t, r.Step(t.Context()))
	require.Empty(t, (*told)[len(*told)-1])

	// A main chain that goes away later leaves what it said last in force; that is logged once.
	log.Reset()
	ledger.down = down
	for range 10 {
		require.NoError(t, r.Step(t.Context()))
	}
	require.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
	require.NoError(t, r.serves())
}

// The service chain has a registration when it has this key and these prices.
func TestRegistrationHasArrived(t *testing.T) {
	key, prices := []byte("key"), []voucher.Price{{Measure: "message", Utop: 100}}
	known := func(active bool, key string, utop uint64) *usagetypes.QueryProviderResponse {
		return &usagetypes.QueryProviderResponse{Provider: usagetypes.Provider{Active: active, Key: []byte(key), Prices: []voucher.Price{{Measure: "message", Utop: utop}}}}
	}
	require.NoError(t, arrived("top-main-1", "top-msg-1", known(true, "key", 100), key, prices))
	for name, res := range map[string]*usagetypes.QueryProviderResponse{
		"unknown": nil, "inactive": known(false, "key", 100), "old key": known(true, "old", 100), "old prices": known(true, "key", 90),
	} {
		err := arrived("top-main-1", "top-msg-1", res, key, prices)
		require.ErrorIs(t, err, errPending, name)
		require.ErrorContains(t, err, "is a relayer with the ibc role running", name)
	}
}
