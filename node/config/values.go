package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"
	cmtstrings "github.com/cometbft/cometbft/libs/strings"
	"github.com/spf13/viper"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// databases that both the app and CometBFT open in this binary, and that outlast a restart.
var databases = []string{"goleveldb", "pebbledb"}

// value is one setting and the test that it must pass.
type value struct {
	key, text string
	test      func(string) error
}

// checkValues refuses single settings that no node can run with, most of which the libraries find out late or never. coin is the chain's denomination.
func checkValues(app *App, comet *cmtcfg.Config, coin string) []error {
	rows := []value{
		{"minimum-gas-prices", app.MinGasPrices, gasPrices(coin)},
		{"query-gas-limit", fmt.Sprint(app.QueryGasLimit), atLeast(1, "the usual 50000000: without a limit a query could run for ever")},
		{"mempool.max-txs", strconv.Itoa(app.Mempool.MaxTxs), atLeast(-1, "the number of transactions that may wait, or -1 to leave it to config.toml")},
		{"app-db-backend", app.AppDBBackend, optional(oneOf(databases...))},
		{"db_backend", comet.DBBackend, oneOf(databases...)},
		{"moniker", comet.Moniker, CheckMoniker},
		{"priv_validator_laddr", comet.PrivValidatorListenAddr, optional(listener)},
		{"mempool.type", comet.Mempool.Type, optional(oneOf("flood"))},
		{"tx_index.indexer", comet.TxIndex.Indexer, oneOf("kv", "null", "psql")},
		{"p2p.laddr", comet.P2P.ListenAddress, listener},
		{"p2p.external_address", strings.TrimPrefix(comet.P2P.ExternalAddress, "tcp://"), optional(hostPort)},
		{"p2p.persistent_peers", comet.P2P.PersistentPeers, each(peer)},
		{"p2p.seeds", comet.P2P.Seeds, each(peer)},
		{"p2p.unconditional_peer_ids", comet.P2P.UnconditionalPeerIDs, each(nodeID)},
		{"p2p.private_peer_ids", comet.P2P.PrivatePeerIDs, each(nodeID)},
		{"rpc.laddr", comet.RPC.ListenAddress, optional(listener)},
		{"rpc.grpc_laddr", comet.RPC.GRPCListenAddress, optional(listener)},
		{"rpc.pprof_laddr", comet.RPC.PprofListenAddress, optional(hostPort)},
	}
	if app.API.Enable {
		rows = append(rows, value{"api.address", app.API.Address, listener})
	}
	if app.GRPC.Enable {
		rows = append(rows, value{"grpc.address", app.GRPC.Address, hostPort})
	}
	if comet.Instrumentation.Prometheus {
		rows = append(rows, value{"instrumentation.prometheus_listen_addr", comet.Instrumentation.PrometheusListenAddr, hostPort})
	}
	if comet.TxIndex.Indexer == "psql" {
		rows = append(rows, value{"tx_index.psql-conn", comet.TxIndex.PsqlConn, given("a connection to PostgreSQL")})
	}
	return faults(rows)
}

func faults(rows []value) []error {
	var errs []error
	for _, r := range rows {
		if err := r.test(r.text); err != nil {
			errs = append(errs, fmt.Errorf("%s is %q: %w", r.key, r.text, err))
		}
	}
	return errs
}

// checkNegative refuses a sign where a number has none; the libraries would read −3 as 2^64 − 3.
func checkNegative(v *viper.Viper) error {
	var errs []error
	for _, k := range slices.Concat(appKeys(), cometKeys()) {
		text := fmt.Sprint(v.Get(k.Path))
		if k.Type.Kind() >= reflect.Uint && k.Type.Kind() <= reflect.Uint64 && strings.HasPrefix(text, "-") {
			errs = append(errs, fmt.Errorf("%s is %s: set a whole number, 0 or more", k.Path, text))
		}
	}
	return errors.Join(errs...)
}

func gasPrices(coin string) func(string) error {
	return func(s string) error {
		prices, err := sdk.ParseDecCoins(s)
		if err != nil || s == "" {
			return fmt.Errorf(`set the price that this node asks for, e.g. "0.01%s", or "0%s" for none`, coin, coin)
		}
		for _, p := range prices {
			if p.Denom != coin {
				return fmt.Errorf("this chain has no %q, so that nobody could pay: ask in %s", p.Denom, coin)
			}
		}
		return nil
	}
}

func atLeast(least int64, remedy string) func(string) error {
	return func(s string) error {
		if n, err := strconv.ParseUint(s, 10, 64); err == nil && (least < 0 || n >= uint64(least)) {
			return nil
		}
		if n, err := strconv.ParseInt(s, 10, 64); err != nil || n < least {
			return errors.New("set " + remedy)
		}
		return nil
	}
}

func oneOf(choice ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(choice, s) {
			return fmt.Errorf("choose %s", strings.Join(choice, " or "))
		}
		return nil
	}
}

func given(what string) func(string) error {
	return func(s string) error {
		if s == "" {
			return errors.New("name " + what)
		}
		return nil
	}
}

func optional(test func(string) error) func(string) error {
	return func(s string) error {
		if s == "" {
			return nil
		}
		return test(s)
	}
}

// each tests the members of a comma-separated list.
func each(test func(string) error) func(string) error {
	return func(s string) error {
		for member := range strings.SplitSeq(s, ",") {
			if err := optional(test)(strings.TrimSpace(member)); err != nil {
				return err
			}
		}
		return nil
	}
}

// CheckMoniker refuses names that CometBFT would refuse when it meets its first peer.
func CheckMoniker(s string) error {
	if !cmtstrings.IsASCIIText(s) || cmtstrings.ASCIITrim(s) == "" {
		return errors.New("a node's name has visible ASCII characters only, at least one")
	}
	return nil
}

// listener is tcp://HOST:PORT or unix://PATH.
func listener(s string) error {
	protocol, rest, ok := strings.Cut(s, "://")
	if ok && protocol == "unix" && rest != "" || ok && protocol == "tcp" && hostPort(rest) == nil {
		return nil
	}
	return errors.New("an address to listen on is tcp://HOST:PORT, e.g. tcp://127.0.0.1:26657, or unix://PATH")
}

func hostPort(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || host != "" && CheckHost(host) != nil {
		return errors.New("an address is HOST:PORT, with a port from 0 to 65535, e.g. 127.0.0.1:9090")
	}
	return nil
}

// CheckHost accepts an IP address or a DNS name (RFC 1123); it does not look it up.
func CheckHost(s string) error {
	if net.ParseIP(s) != nil {
		return nil
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		odd := strings.IndexFunc(label, func(r rune) bool {
			return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
		if label == "" || len(label) > 63 || odd >= 0 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return fmt.Errorf("%q is neither an IP address nor a host's name", s)
		}
	}
	return nil
}

// peer is NODE_ID@HOST:PORT.
func peer(s string) error {
	id, address, ok := strings.Cut(s, "@")
	if !ok || nodeID(id) != nil || strings.HasPrefix(address, ":") || hostPort(address) != nil {
		return fmt.Errorf("a node is NODE_ID@HOST:PORT, with what `comet show-node-id` prints there, not %q", s)
	}
	return nil
}

// nodeID is the hex of the first 20 bytes of a key's hash.
func nodeID(s string) error {
	if len(s) != 40 || strings.Trim(s, "0123456789abcdef") != "" {
		return fmt.Errorf("a node's id has 40 hex digits, as `comet show-node-id` prints there, not %q", s)
	}
	return nil
}

// rpcURL is where a client asks a node.
func rpcURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || !slices.Contains([]string{"tcp", "http", "https", "unix"}, u.Scheme) || u.Host == "" && u.Path == "" {
		return errors.New("a node's RPC is tcp://HOST:PORT, e.g. tcp://localhost:26657, or an http(s) address")
	}
	return nil
}
