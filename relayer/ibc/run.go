package ibc

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/sdk/chain"
)

// Config is the ibc section of the relayer's config.yaml.
type Config struct {
	// Key names the account that signs on both chains.
	Key string `yaml:"key"`
	// Poll is the pause between rounds.
	Poll time.Duration `yaml:"poll"`
	// Refresh is how old the service chain's view of the main chain may get: its epochs follow that view.
	Refresh time.Duration `yaml:"refresh"`
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	if c.Key == "" {
		return fmt.Errorf("ibc.key is empty: name a key of `relayer keys add`")
	}
	if c.Poll < 50*time.Millisecond || c.Poll > time.Minute {
		return fmt.Errorf("ibc.poll is %s, want 50ms to 1m", c.Poll)
	}
	if c.Refresh < time.Second || c.Refresh > time.Hour {
		return fmt.Errorf("ibc.refresh is %s, want 1s to 1h", c.Refresh)
	}
	return nil
}

const (
	// maxPause bounds the pause after failing rounds.
	maxPause = 10 * time.Second
	// nodeTurn is how long one node is asked where there are several: one that hides packets cannot do so for longer.
	nodeTurn = 5 * time.Minute
)

// Chains are where the two ends are.
type Chains struct{ Main, Service EndpointConfig }

// Serve is the ibc role: it waits until both chains answer, then relays until ctx ends. ready is told when it begins, idle why
// nothing is or can be relayed, and "" when it can again.
func Serve(ctx context.Context, cfg Config, at Chains, key *chain.Key, log *slog.Logger, metrics *Metrics, idle func(reason string), ready func(main *chain.Client)) error {
	var main, service *Endpoint
	defer func() {
		for _, e := range []*Endpoint{main, service} {
			if e != nil {
				_ = e.Close()
			}
		}
	}()
	var clients Clients
	for _, step := range []struct {
		chainID string
		connect func(context.Context) error
	}{
		{at.Main.ChainID, func(ctx context.Context) (err error) {
			main, err = Connect(ctx, at.Main, key)
			return err
		}},
		{at.Service.ChainID, func(ctx context.Context) (err error) {
			service, err = Connect(ctx, at.Service, key)
			return err
		}},
		{at.Main.ChainID + " and " + at.Service.ChainID, func(ctx context.Context) (err error) {
			clients, err = linked(ctx, main, service)
			return err
		}},
	} {
		err := Reach(ctx, step.chainID, log, func(reason string) {
			metrics.waiting.Set(1)
			idle(reason)
		}, step.connect)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step.chainID, err)
		}
	}
	metrics.waiting.Set(0)
	ready(main.Client)
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { newWatcher(main, service).run(ctx, log, idle) })
	relay(ctx, cfg, main, service, clients, log, metrics)
	return nil
}

// relay between linked chains until ctx ends.
func relay(ctx context.Context, cfg Config, main, service *Endpoint, clients Clients, log *slog.Logger, metrics *Metrics) {
	paths := []*Path{
		{Source: main, Destination: service, SourceClient: clients.Main, DestinationClient: clients.Service, Refresh: cfg.Refresh, Seeds: true, Log: log, Metrics: metrics},
		{Source: service, Destination: main, SourceClient: clients.Service, DestinationClient: clients.Main, Log: log, Metrics: metrics},
	}
	log.Info("relaying", "main", main.ChainID(), "service", service.ChainID(), "main_client", clients.Main, "service_client", clients.Service)
	var loops sync.WaitGroup
	defer loops.Wait()
	loops.Go(func() { auditAll(ctx, paths, log) })
	var told faults.Told
	pause, turned := cfg.Poll, time.Now()
	for {
		ok := true
		if time.Since(turned) > nodeTurn {
			main.rotate()
			service.rotate()
			turned = time.Now()
		}
		for _, p := range paths {
			err := p.Step(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				ok = false
				metrics.failed(p)
			}
			if told.News(p.Source.ChainID(), err) {
				log.Warn("round failed, tried again; what waits is in top_relayer_backlog_packets", "source", p.Source.ChainID(), "destination", p.Destination.ChainID(), "error", err)
			}
		}
		pause = nextPause(pause, cfg.Poll, ok)
		if !sleep(ctx, pause) {
			return
		}
	}
}

// auditAll audits the paths in turn until ctx ends.
func auditAll(ctx context.Context, paths []*Path, log *slog.Logger) {
	var told faults.Told
	for sleep(ctx, auditEvery) {
		for _, p := range paths {
			err := p.Audit(ctx)
			if ctx.Err() != nil {
				return
			}
			if told.News(p.Source.ChainID(), err) {
				log.Warn("what nodes say is not held against the chains' states, tried again: name more nodes in config.yaml", "source", p.Source.ChainID(),
					"destination", p.Destination.ChainID(), "error", err)
			}
		}
	}
}

// sleep tells whether ctx has not ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// nextPause doubles after a failing round and falls back to poll after a good one.
func nextPause(last, poll time.Duration, ok bool) time.Duration {
	if ok {
		return poll
	}
	return min(2*last, max(maxPause, poll))
}

// linked asks both chains by which clients they know each other.
func linked(ctx context.Context, main, service *Endpoint) (Clients, error) {
	known, err := acquaint(ctx, main, service)
	if err != nil {
		return Clients{}, err
	}
	c := known.clients()
	if c.Main == "" || c.Service == "" {
		return c, fmt.Errorf("%s and %s are not linked: the operator runs `relayer link` once", main.ChainID(), service.ChainID())
	}
	return c, mutual(ctx, main, service, c)
}
