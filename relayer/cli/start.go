package cli

import (
	"context"
	"encoding/json"
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
	"github.com/topnetwork/top/sdk/keyfile"
)

// status tells scripts what started.
type status struct {
	PID     int      `json:"pid"`
	PeerID  string   `json:"peer_id,omitempty"`
	Listen  []string `json:"listen,omitempty"`
	Metrics string   `json:"metrics,omitempty"`
	Address string   `json:"address,omitempty"`
}

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
	st := status{PID: os.Getpid()}
	group, ctx := errgroup.WithContext(ctx)
	if cfg.Metrics != "" {
		addr, err := serveMetrics(ctx, group, cfg.Metrics, registry)
		if err != nil {
			return err
		}
		st.Metrics = addr
	}
	write := func() error {
		if cfg.StatusFile == "" {
			return nil
		}
		bz, err := json.Marshal(st)
		if err != nil {
			return err
		}
		path := cfg.StatusFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(home, path)
		}
		return keyfile.Write(path, bz)
	}
	balances, err := balance.Gauge(registry)
	if err != nil {
		return err
	}
	if cfg.IBC != nil {
		if err := startIBC(ctx, group, home, cfg, log, registry, balances); err != nil {
			return err
		}
	}
	if cfg.Provider == nil {
		if err := write(); err != nil {
			return err
		}
		return group.Wait()
	}
	key, err := keys.Load(home, cfg.Provider.Key)
	if err != nil {
		return err
	}
	main, err := cfg.Chains.Main.Dial(ctx)
	if err != nil {
		return fmt.Errorf("chains.main: %w", err)
	}
	defer func() { _ = main.Close() }()
	service, err := cfg.Chains.Service.Dial(ctx)
	if err != nil {
		return fmt.Errorf("chains.service: %w", err)
	}
	defer func() { _ = service.Close() }()
	st.Address = key.Address()
	group.Go(func() error { return balance.Watch(ctx, main, key.Address(), balances, log) })
	group.Go(func() error {
		return provider.Run(ctx, *cfg.Provider, provider.Deps{
			Main: main, Service: service, Key: key, Home: home, Log: log.With("role", "provider"), Registry: registry,
			Status: func(peerID string, listen []string) {
				st.PeerID, st.Listen = peerID, listen
				if err := write(); err != nil {
					log.Error("status file", "error", err)
				}
			},
		})
	})
	return group.Wait()
}

func startIBC(ctx context.Context, group *errgroup.Group, home string, cfg *config.Config, log *slog.Logger, registry prometheus.Registerer, balances *prometheus.GaugeVec) error {
	key, err := keys.Load(home, cfg.IBC.Key)
	if err != nil {
		return err
	}
	main, err := ibc.Connect(ctx, cfg.Chains.Main, key)
	if err != nil {
		return fmt.Errorf("chains.main: %w", err)
	}
	service, err := ibc.Connect(ctx, cfg.Chains.Service, key)
	if err != nil {
		return fmt.Errorf("chains.service: %w", err)
	}
	metrics, err := ibc.NewMetrics(registry)
	if err != nil {
		return err
	}
	group.Go(func() error { return balance.Watch(ctx, main.Client, key.Address(), balances, log) })
	group.Go(func() error { return ibc.Run(ctx, *cfg.IBC, main, service, log.With("role", "ibc"), metrics) })
	return nil
}

// serveMetrics answers /metrics and /healthz until ctx ends.
func serveMetrics(ctx context.Context, group *errgroup.Group, addr string, registry *prometheus.Registry) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintln(w, `{"status":"running"}`)
	})
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
