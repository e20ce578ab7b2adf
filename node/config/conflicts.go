package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/viper"

	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"
)

// FromViper reads the effective app settings: defaults, file, environment, flags.
func FromViper(v *viper.Viper) (*App, error) {
	if err := checkNegative(v); err != nil {
		return nil, err
	}
	app := DefaultApp()
	if err := v.Unmarshal(app); err != nil {
		return nil, fmt.Errorf("app.toml: %w", err)
	}
	return app, nil
}

// Check refuses settings that are invalid or that cannot work together, on a chain with this coin. Every error names the setting and the remedy.
func Check(app *App, comet *cmtcfg.Config, coin string) error {
	errs := checkValues(app, comet, coin)
	refuse := func(when bool, format string, args ...any) {
		if when {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	errs = append(errs, checkPruning(app)...)
	inside := cmtcfg.DefaultConfig().ProxyApp
	refuse(comet.ProxyApp != inside, "proxy_app is %q and does nothing, for the application runs inside the node: set it to %q", comet.ProxyApp, inside)
	refuse(app.BlockExecutor == "block-stm", `block-executor = "block-stm" is not wired into this binary: set block-executor = "sequential"`)

	refuse(app.API.EnableUnsafeCORS && !app.API.Enable, "api.enabled-unsafe-cors = true without the REST server: set api.enable = true, or api.enabled-unsafe-cors = false")
	refuse(app.API.Swagger && !app.API.Enable, "api.swagger = true without the REST server: set api.enable = true, or api.swagger = false")
	refuse(app.GRPCWeb.Enable && app.API.Enable && !app.GRPC.Enable,
		"grpc-web.enable = true without gRPC, which it wraps: set grpc.enable = true, or grpc-web.enable = false")
	errs = append(errs, checkAddresses(app, comet)...)
	errs = append(errs, checkShards(app, comet)...)

	refuse(app.Telemetry.Enabled && app.Telemetry.PrometheusRetentionTime == 0 && (app.Telemetry.MetricsSink == "" || app.Telemetry.MetricsSink == "mem"),
		"telemetry.enabled = true and nobody can read it: set telemetry.prometheus-retention-time = 60 (seconds), or telemetry.enabled = false")

	age := app.Health.MaxBlockAge
	refuse(age <= 0, "health.max-block-age is %s: set a duration above 0, e.g. \"30s\"", age)
	refuse(age > 0 && age <= comet.Consensus.TimeoutCommit,
		"health.max-block-age (%s) is not above consensus.timeout_commit (%s): the node would count as ill between any two blocks; set it to several times that pause",
		age, comet.Consensus.TimeoutCommit)
	refuse(!comet.Consensus.CreateEmptyBlocks,
		"consensus.create_empty_blocks = false: epochs are counted in blocks, and /health takes a chain without blocks for a halted one; set it to true")
	refuse(comet.Consensus.CreateEmptyBlocks && age > 0 && comet.Consensus.CreateEmptyBlocksInterval >= age,
		"consensus.create_empty_blocks_interval (%s) is not below health.max-block-age (%s): lower the one or raise the other", comet.Consensus.CreateEmptyBlocksInterval, age)

	refuse(comet.StateSync.Enable && len(comet.StateSync.RPCServers) < 2,
		"statesync.enable = true with %d rpc_servers: name at least two independent nodes, so that one cannot lie alone", len(comet.StateSync.RPCServers))
	refuse(comet.StateSync.Enable && (comet.StateSync.TrustHeight <= 0 || comet.StateSync.TrustHash == ""),
		"statesync.enable = true without trust_height and trust_hash: take both from a block that you trust (`query block --type=height HEIGHT`)")
	if len(errs) == 0 {
		if err := comet.ValidateBasic(); err != nil {
			errs = append(errs, fmt.Errorf("config.toml: %w", err))
		}
		if err := app.ValidateBasic(); err != nil {
			errs = append(errs, fmt.Errorf("app.toml: %w", err))
		}
	}
	return errors.Join(errs...)
}

// checkPruning holds what a node keeps against what it offers others.
func checkPruning(app *App) []error {
	var errs []error
	switch app.Pruning {
	case pruningtypes.PruningOptionDefault, pruningtypes.PruningOptionNothing:
	case pruningtypes.PruningOptionEverything:
		if app.StateSync.SnapshotInterval > 0 {
			errs = append(errs, fmt.Errorf(
				`pruning = "everything" with state-sync.snapshot-interval = %d: a snapshot's state would be gone before it is written; set pruning = "default", or state-sync.snapshot-interval = 0`,
				app.StateSync.SnapshotInterval))
		}
		if app.API.Enable && open(app.API.Address) || app.GRPC.Enable && open(app.GRPC.Address) {
			errs = append(errs, fmt.Errorf(
				`pruning = "everything" on a node that serves others (api.address %s, grpc.address %s): proofs and queries at recent heights would fail; set pruning = "default", or bind both to 127.0.0.1`,
				app.API.Address, app.GRPC.Address))
		}
	case pruningtypes.PruningOptionCustom:
		for _, n := range []struct{ key, value string }{{"pruning-keep-recent", app.PruningKeepRecent}, {"pruning-interval", app.PruningInterval}} {
			if _, err := strconv.ParseUint(n.value, 10, 64); err != nil {
				errs = append(errs, fmt.Errorf("%s is %q: with pruning = \"custom\" it is a whole number of blocks", n.key, n.value))
			}
		}
		if len(errs) == 0 {
			keep, _ := strconv.ParseUint(app.PruningKeepRecent, 10, 64)
			interval, _ := strconv.ParseUint(app.PruningInterval, 10, 64)
			if err := CheckCustomPruning(keep, interval); err != nil {
				errs = append(errs, err)
			}
		}
	default:
		errs = append(errs, fmt.Errorf("pruning is %q: choose default, nothing, everything or custom", app.Pruning))
	}
	return errs
}

// CheckCustomPruning refuses numbers that pruning cannot work with. The SDK would advise `everything`, which a node with snapshots or clients must not use.
func CheckCustomPruning(keepRecent, interval uint64) error {
	if err := pruningtypes.NewCustomPruningOptions(keepRecent, interval).Validate(); err == nil {
		return nil
	}
	return fmt.Errorf("custom pruning with pruning-keep-recent %d and pruning-interval %d: "+
		"keep 2 states or more (and fewer than 2^63) and prune every 10 blocks or less often, e.g. pruning-keep-recent 100 and pruning-interval 10; `default` keeps 362880 states, `nothing` all",
		keepRecent, interval)
}

// open says whether others than this machine can reach an address.
func open(address string) bool {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		rest = address
	}
	host, _, err := net.SplitHostPort(rest)
	if err != nil {
		return true
	}
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// checkAddresses refuses two servers on one port.
func checkAddresses(app *App, comet *cmtcfg.Config) []error {
	used := map[string]string{}
	var errs []error
	for _, s := range []struct {
		key, address string
		on           bool
	}{
		{"p2p.laddr", comet.P2P.ListenAddress, true},
		{"rpc.laddr", comet.RPC.ListenAddress, comet.RPC.ListenAddress != ""},
		{"api.address", app.API.Address, app.API.Enable},
		{"grpc.address", app.GRPC.Address, app.GRPC.Enable},
		{"instrumentation.prometheus_listen_addr", comet.Instrumentation.PrometheusListenAddr, comet.Instrumentation.Prometheus},
		{"rpc.pprof_laddr", comet.RPC.PprofListenAddress, comet.RPC.PprofListenAddress != ""},
		{"shards.directory", app.Shards.Directory, app.Shards.Enable && app.Shards.Directory != ""},
	} {
		i := strings.LastIndex(s.address, ":")
		if !s.on || i < 0 || strings.HasPrefix(s.address, "unix:") {
			continue
		}
		port := s.address[i+1:]
		if other, ok := used[port]; ok && port != "0" {
			errs = append(errs, fmt.Errorf("%s and %s both use port %s: give each its own", other, s.key, port))
		}
		used[port] = s.key
	}
	return errs
}
