package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/relayer/balance"
	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/edge"
	relayerhome "github.com/topnetwork/top/relayer/home"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/keys"
	"github.com/topnetwork/top/relayer/provider"
	"github.com/topnetwork/top/relayer/router"
	"github.com/topnetwork/top/sdk/chain"
)

func startCommand() *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use: "start", Short: "Run the roles of config.yaml until interrupted", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			cfg, err := config.Check(home)
			if err != nil {
				return err
			}
			log, err := logger(cmd, cfg.Log)
			if err != nil {
				return err
			}
			release, err := relayerhome.Lock(home)
			if err != nil {
				return err
			}
			// After the lock: a start that is refused must not empty the profile of the relayer that runs.
			stop, err := profileCPU(profile)
			if err != nil {
				return errors.Join(err, release())
			}
			return errors.Join(start(cmd.Context(), home, cfg, prometheus.NewRegistry(), log), stop(), release())
		},
	}
	cmd.Flags().String("log-level", "", "least that is told: debug, info, warn or error (default: log.level of config.yaml)")
	cmd.Flags().String("log-format", "", "text or json (default: log.format of config.yaml)")
	cmd.Flags().StringVar(&profile, "cpu-profile", "", "file that gets a profile of the process's CPU time, for go tool pprof; whole once the process has ended in order")
	return cmd
}

// logger of the settings; flags go before the file.
func logger(cmd *cobra.Command, settings config.Log) (*slog.Logger, error) {
	for flag, setting := range map[string]*string{"log-level": &settings.Level, "log-format": &settings.Format} {
		value, err := cmd.Flags().GetString(flag)
		if err != nil {
			return nil, err
		}
		if value != "" {
			*setting = value
		}
	}
	return settings.Logger(cmd.ErrOrStderr())
}

// start runs every configured role; the first that fails ends the others.
func start(ctx context.Context, home string, cfg *config.Config, registry *prometheus.Registry, log *slog.Logger) error {
	st := &state{log: log, status: status{PID: os.Getpid()}}
	if cfg.StatusFile != "" {
		st.path = relayerhome.Within(home, cfg.StatusFile)
	}
	group, ctx := errgroup.WithContext(ctx)
	if cfg.Metrics != "" {
		addr, err := serveMetrics(ctx, group, cfg.Metrics, registry, st)
		if err != nil {
			return err
		}
		st.Metrics = addr
	}
	balances, err := balance.Gauge(registry)
	if err != nil {
		return err
	}
	n := &node{group: group, home: home, cfg: cfg, log: log, registry: registry, balances: balances, state: st}
	if cfg.IBC != nil {
		if err := n.startIBC(ctx); err != nil {
			return err
		}
	}
	if cfg.Provider != nil {
		if err := n.startProvider(ctx); err != nil {
			return err
		}
	}
	if cfg.Router != nil {
		if err := n.startRouter(ctx); err != nil {
			return err
		}
	}
	if cfg.Edge != nil {
		if err := n.startEdge(ctx); err != nil {
			return err
		}
	}
	return group.Wait()
}

// node is what roles start with.
type node struct {
	group    *errgroup.Group
	home     string
	cfg      *config.Config
	log      *slog.Logger
	registry *prometheus.Registry
	balances *prometheus.GaugeVec
	state    *state
}

func (n *node) startIBC(ctx context.Context) error {
	key, err := keys.Load(n.home, n.cfg.IBC.Key)
	if err != nil {
		return err
	}
	metrics, err := ibc.NewMetrics(n.registry)
	if err != nil {
		return err
	}
	n.state.idle("ibc", "starting")
	chains := ibc.Chains{Main: n.cfg.Chains.Main, Service: n.cfg.Chains.Service}
	n.group.Go(func() error {
		return ibc.Serve(ctx, *n.cfg.IBC, chains, key, n.log.With("role", "ibc"), metrics,
			func(reason string) { n.state.idle("ibc", reason) },
			func(main *chain.Client) {
				n.state.idle("ibc", "")
				n.group.Go(func() error { return balance.Watch(ctx, main, key.Address(), n.balances, n.log) })
			})
	})
	return nil
}

func (n *node) startProvider(ctx context.Context) error {
	key, err := keys.Load(n.home, n.cfg.Provider.Key)
	if err != nil {
		return err
	}
	log := n.log.With("role", "provider")
	idle := func(reason string) { n.state.idle("provider", reason) }
	idle("starting")
	// Vouchers and claims need the service chain alone: the main chain may be down.
	main, err := n.cfg.Chains.Main.Client()
	if err != nil {
		return fmt.Errorf("chains.main: %w", err)
	}
	n.group.Go(func() error {
		// The registrar says what the provider lacks without the main chain; here it is found out whether the address can be right.
		if err := reach(ctx, n.cfg.Chains.Main.ChainID, log, func(string) {}, main.Identify); err != nil || ctx.Err() != nil {
			return err
		}
		return balance.Watch(ctx, main, key.Address(), n.balances, n.log)
	})
	n.group.Go(func() (err error) {
		defer func() { err = errors.Join(err, main.Close()) }()
		var service *chain.Client
		err = reach(ctx, n.cfg.Chains.Service.ChainID, log, idle, func(ctx context.Context) (err error) {
			service, err = n.cfg.Chains.Service.Dial(ctx)
			return err
		})
		if err != nil || ctx.Err() != nil {
			return err
		}
		defer func() { err = errors.Join(err, service.Close()) }()
		return provider.Run(ctx, *n.cfg.Provider, provider.Deps{
			Main: main, Service: service, Key: key, Home: n.home, Log: log, Registry: n.registry,
			Status: func(peerID string, listen []string) {
				n.state.change(func(s *status) { s.Address, s.PeerID, s.Listen = key.Address(), peerID, listen })
			},
			Halted: idle, Warned: func(text string) { n.state.warn("provider", text) },
		})
	})
	return nil
}

func (n *node) startRouter(ctx context.Context) error {
	metrics, err := router.NewMetrics(n.registry)
	if err != nil {
		return err
	}
	cfg, log := *n.cfg.Router, n.log.With("role", "router")
	cfg.Nodes = relayerhome.Within(n.home, cfg.Nodes)
	idle := func(reason string) { n.state.idle("router", reason) }
	idle("starting")
	if cfg.Key == "" {
		n.group.Go(func() error { return router.Serve(ctx, cfg, log, metrics, idle) })
		return nil
	}
	key, err := keys.Load(n.home, cfg.Key)
	if err != nil {
		return err
	}
	n.group.Go(func() error {
		return router.ServeMain(ctx, cfg, n.cfg.Chains.Main, key, log, metrics, idle, func(main *chain.Client) {
			n.group.Go(func() error { return balance.Watch(ctx, main, key.Address(), n.balances, n.log) })
		})
	})
	return nil
}

func (n *node) startEdge(ctx context.Context) error {
	metrics, err := edge.NewMetrics(n.registry)
	if err != nil {
		return err
	}
	cfg := *n.cfg.Edge
	cfg.Nodes = relayerhome.Within(n.home, cfg.Nodes)
	n.state.idle("edge", "starting")
	n.group.Go(func() error {
		return edge.Run(ctx, cfg, edge.Deps{
			Log: n.log.With("role", "edge"), Metrics: metrics,
			Serving: func(addresses edge.Addresses) { n.state.change(func(s *status) { s.Edge = &addresses }) },
			Idle:    func(text string) { n.state.idle("edge", text) },
			Warned:  func(text string) { n.state.warn("edge", text) },
		})
	})
	return nil
}

// reach waits for a chain; what ends with ctx is no failure.
func reach(ctx context.Context, chainID string, log *slog.Logger, idle func(reason string), connect func(context.Context) error) error {
	err := ibc.Reach(ctx, chainID, log, idle, connect)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s: %w", chainID, err)
}

// serveMetrics answers /metrics and /healthz until ctx ends.
func serveMetrics(ctx context.Context, group *errgroup.Group, addr string, registry *prometheus.Registry, health http.Handler) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/healthz", health)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
	return l.Addr().String(), nil
}
