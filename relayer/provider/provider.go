package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/relayer/home"
	"github.com/topnetwork/top/relayer/host"
	"github.com/topnetwork/top/relayer/metering"
	"github.com/topnetwork/top/relayer/services"
	"github.com/topnetwork/top/sdk/keyfile"
)

// Node is the environment of a provider.
type Node struct {
	Ledger   Ledger
	Home     string
	Log      *slog.Logger
	Registry prometheus.Registerer
	// Status is told the peer id and the addresses once the node listens.
	Status func(peerID string, listen []string)
	// Halted is told why the provider takes no sessions, and "" once it does; Warned what it serves without knowing, and "" once it knows.
	Halted, Warned func(text string)
	Timing         Timing
}

// Timing of a provider's own steps; zero values are replaced by the defaults.
type Timing struct {
	// Poll is how often the chains are looked at.
	Poll time.Duration
	// Grace is how long after an epoch's end clients may sign their final vouchers before it is claimed.
	Grace time.Duration
	// VoucherPeriod is how long usage may stay without a voucher.
	VoucherPeriod time.Duration
	// Disputes is how often the main chain is asked for disputes, Standing for the provider's and the service chain's record.
	Disputes, Standing time.Duration
	// Silence is for how long the main chain may not answer before the exposure bounds what is served.
	Silence time.Duration
	// GuaranteeAge is how old the chain's answer about a payer may be.
	GuaranteeAge time.Duration
}

func (t Timing) orDefault() Timing {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&t.Poll, time.Second)
	set(&t.Disputes, 3*time.Second)
	set(&t.Standing, 3*time.Second)
	set(&t.Silence, time.Minute)
	set(&t.Grace, 5*time.Second)
	set(&t.VoucherPeriod, 30*time.Second)
	set(&t.GuaranteeAge, 5*time.Second)
	return t
}

// Serve runs a provider until ctx ends; it answers nil then and an error when it cannot go on.
func Serve(ctx context.Context, cfg Config, node Node) (err error) {
	if err := cfg.Validate(); err != nil {
		return err
	}
	service, err := cfg.service()
	if err != nil {
		return err
	}
	identity, err := keyfile.Load(home.Within(node.Home, cfg.Identity))
	if err != nil {
		return err
	}
	data := home.Within(node.Home, cfg.Data)
	db, err := open(data, node.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	h, err := host.New(host.Config{
		Identity: identity, Listen: cfg.Listen, Remember: filepath.Join(data, "listen.json"), Limits: host.DefaultLimits,
	})
	if err != nil {
		return err
	}
	// The host goes first: its streams use the database.
	defer func() { err = errors.Join(err, h.Close()) }()
	endpoints := host.Addresses(h)
	if node.Status != nil {
		node.Status(h.ID().String(), endpoints)
	}
	if node.Halted == nil {
		node.Halted = func(string) {}
	}
	if node.Warned == nil {
		node.Warned = func(string) {}
	}
	timing := node.Timing.orDefault()
	sessions, err := metering.OpenSessions(metering.Config{
		ChainID: node.Ledger.ChainID(), Service: cfg.Service, Provider: node.Ledger.Address(), Key: identity,
		Prices: cfg.prices(), Tick: cfg.Tick, Float: cfg.Float, Voucher: cfg.Voucher,
		Terms:        metering.Terms{VoucherPeriod: timing.VoucherPeriod},
		GuaranteeAge: timing.GuaranteeAge, Now: time.Now, Entropy: rand.Reader,
		Room: func() error { return room(data, leastFree) },
	}, node.Ledger, db)
	if err != nil {
		return err
	}
	metrics, err := newMetrics(node.Registry, sessions)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if err := firstEpoch(ctx, node, sessions, timing); err != nil {
		return stopped(ctx, err)
	}

	// What is open is vouchered and claimed whether or not the provider may serve.
	sessions.Halt(refusal.New(refusal.Unavailable, "the provider is starting; try again"))
	metrics.halted.Set(1)
	ctx, cancel := context.WithCancelCause(ctx)
	var loops sync.WaitGroup
	stop := host.Handle(ctx, h, metering.Protocol, func(ctx context.Context, s network.Stream) {
		sessions.Serve(ctx, s, node.Log)
	})
	defer func() {
		cancel(nil)
		stop()
		loops.Wait()
	}()
	claims := &claims{
		ledger: node.Ledger, sessions: sessions, grace: timing.Grace, now: time.Now, log: node.Log, metrics: metrics,
		ended: map[uint64]time.Time{},
	}
	answers := &disputes{ledger: node.Ledger, store: sessions.Store(), log: node.Log, metrics: metrics, told: map[string]bool{}}
	loops.Go(func() { every(ctx, timing.Disputes, func() { answers.Step(ctx) }) })
	var epochs faults.Told
	loops.Go(func() { every(ctx, timing.Poll, func() { _ = rollEpoch(ctx, node, sessions, &epochs) }) })
	loops.Go(func() { every(ctx, timing.Poll, func() { claims.Step(ctx) }) })
	registrar := &registrar{
		ledger: node.Ledger, sessions: sessions, now: time.Now, log: node.Log, metrics: metrics, tell: node.Halted, warn: node.Warned,
		journal: notebook{path: filepath.Join(data, "standing.json")}, silence: timing.Silence, exposure: cfg.exposure(),
		want: Registration{
			Key: identity.Public().(ed25519Public), Sign: signer(identity), Endpoints: endpoints, Prices: cfg.prices(), Deposit: cfg.Deposit,
		},
	}
	loops.Go(func() {
		if err := registrar.run(ctx, timing.Poll, timing.Standing); err != nil {
			cancel(err)
		}
	})
	node.Log.Info("listening", "service", cfg.Service, "peer", h.ID().String(), "listen", endpoints)
	// What costs nothing, such as fetching messages, is served while the registration is on its way.
	err = service.Serve(ctx, services.Env{
		Host: h, Sessions: sessions, DB: db, Retention: cfg.Retention, Log: node.Log, Registry: node.Registry,
		Now: time.Now, Entropy: rand.Reader,
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return err
}

func open(data string, log *slog.Logger) (*pebble.DB, error) {
	db, err := pebble.Open(filepath.Join(data, "db"), &pebble.Options{Logger: quiet{log}})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", data, err)
	}
	return db, nil
}

// stopped answers nil when ctx ended: being told to stop is no failure.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// firstEpoch waits for the service chain's epoch: without it no session can be told from one that is over.
func firstEpoch(ctx context.Context, node Node, sessions *metering.Sessions, timing Timing) error {
	var told faults.Told
	for {
		err := rollEpoch(ctx, node, sessions, &told)
		if err == nil || ctx.Err() != nil {
			return err
		}
		node.Halted(err.Error())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(timing.Poll):
		}
	}
}

func rollEpoch(ctx context.Context, node Node, sessions *metering.Sessions, told *faults.Told) error {
	epoch, err := node.Ledger.Epoch(ctx)
	if err != nil {
		err = fmt.Errorf("%s does not say which epoch it is; check chains.service of config.yaml and its nodes: %w", node.Ledger.ChainID(), err)
	} else {
		sessions.Roll(epoch)
	}
	if ctx.Err() == nil && told.News("epoch", err) {
		node.Log.Warn("no epoch", "err", err)
	}
	return err
}

func every(ctx context.Context, period time.Duration, step func()) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		step()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
