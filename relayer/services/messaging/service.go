package messaging

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/relayer/host"
	"github.com/topnetwork/top/relayer/services"
)

// sweepEvery is how often expired envelopes are looked for.
const sweepEvery = time.Minute

// Service serves mailboxes.
type Service struct{ caps Caps }

// New makes a messaging service with caps.
func New(caps Caps) *Service { return &Service{caps: caps} }

// Name implements services.Service.
func (*Service) Name() string { return messaging.Service }

// Measures implements services.Service.
func (*Service) Measures() []string {
	return []string{messaging.MeasureKiB, messaging.MeasureMessage}
}

// Serve implements services.Service.
func (s *Service) Serve(ctx context.Context, env services.Env) error {
	boxes, err := OpenMailboxes(env.DB, s.caps, env.Retention, env.Now)
	if err != nil {
		return err
	}
	srv := &server{env: env, boxes: boxes, handed: map[handedKey]*messaging.Prekey{}}
	if err := srv.register(); err != nil {
		return err
	}
	// Streams end before Serve does: nobody may use the database after it.
	ctx, cancel := context.WithCancel(ctx)
	stop := host.Handle(ctx, env.Host, messaging.Protocol, srv.serve)
	defer stop()
	defer cancel()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		if err := boxes.Sweep(); err != nil {
			return fmt.Errorf("sweep mailboxes: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
		}
	}
}

type server struct {
	env   services.Env
	boxes *Mailboxes

	mu     sync.Mutex
	handed map[handedKey]*messaging.Prekey

	deposits, duplicates, pickups prometheus.Counter
	refusals                      *prometheus.CounterVec
}

// handedKey: a session gets the same prekey of a recipient until it deposits with it.
type handedKey struct {
	session   [32]byte
	recipient recipientKey
}

// maxHanded prekeys are remembered; beyond that, sessions get a new one as if they had deposited.
const maxHanded = 1 << 16

func (s *server) register() error {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "top", Subsystem: "messaging", Name: name, Help: help})
	}
	s.deposits = counter("deposits_total", "Envelopes stored.")
	s.duplicates = counter("duplicates_total", "Deposits of envelopes that were there before.")
	s.pickups = counter("deliveries_total", "Envelopes sent to their recipients.")
	s.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "top", Subsystem: "messaging", Name: "refusals_total", Help: "Refused requests by code.",
	}, []string{"code"})
	stored := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "top", Subsystem: "messaging", Name: "stored_bytes", Help: "Sealed bytes that wait for their recipients.",
	}, func() float64 {
		s.boxes.mu.Lock()
		defer s.boxes.mu.Unlock()
		return float64(s.boxes.bytes)
	})
	for _, c := range []prometheus.Collector{s.deposits, s.duplicates, s.pickups, s.refusals, stored} {
		if err := s.env.Registry.Register(c); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}
