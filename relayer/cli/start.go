package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/relayer/balance"
	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/keys"
	"github.com/topnetwork/top/relayer/provider"
	"github.com/topnetwork/top/sdk/chain"
)

func startCommand() *cobra.Command {
	return &cobra.Command{
		Use: "start", Short: "Run the roles of config.yaml until interrupted", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			cfg, err := config.Load(home)
			if err != nil {
				return err
			}
			if cfg.IBC == nil && cfg.Provider == nil {
				return errors.New("config.yaml has no role: add an ibc or a provider section")
			}
			return start(cmd.Context(), home, cfg, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
		},
	}
}

// start runs every configured role; the first that fails ends the others.
func start(ctx context.Context, home string, cfg *config.Config, log *slog.Logger) error {
	registry := prometheus.NewRegistry()
	st := &state{log: log, status: status{PID: os.Getpid()}}
	if cfg.StatusFile != "" {
		if st.path = cfg.StatusFile; !filepath.IsAbs(st.path) {
			st.path = filepath.Join(home, st.path)
		}
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
	n.group.Go(func() error {
		log := n.log.With("role", "provider")
		clients := map[string]*chain.Client{}
		for _, end := range []ibc.EndpointConfig{n.cfg.Chains.Main, n.cfg.Chains.Service} {
			err := ibc.Reach(ctx, end.ChainID, log, func(reason string) { n.state.idle("provider", reason) }, func(ctx context.Context) error {
				c, err := end.Dial(ctx)
				if err == nil {
					clients[end.ChainID] = c
				}
				return err
			})
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", end.ChainID, err)
			}
			defer func() { _ = clients[end.ChainID].Close() }()
		}
		main := clients[n.cfg.Chains.Main.ChainID]
		n.group.Go(func() error { return balance.Watch(ctx, main, key.Address(), n.balances, n.log) })
		return provider.Run(ctx, *n.cfg.Provider, provider.Deps{
			Main: main, Service: clients[n.cfg.Chains.Service.ChainID], Key: key, Home: n.home, Log: log, Registry: n.registry,
			Status: func(peerID string, listen []string) {
				n.state.change(func(s *status) { s.Address, s.PeerID, s.Listen = key.Address(), peerID, listen })
				n.state.idle("provider", "")
			},
			Halted: func(reason string) { n.state.idle("provider", reason) },
		})
	})
	return nil
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
