// Package edge is the relayer's edge role: the one address at which wallets find a network of many shards. It speaks CometBFT's RPC, gRPC and REST as one chain does, asks the shard that owns an account, and
// merges what all of them know. It keeps no ledger and writes nothing; README.md is the specification.
package edge

import (
	"errors"
	"fmt"
	"time"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
)

// Config of an edge.
type Config struct {
	// Network is the chain id that wallets sign.
	Network string `yaml:"network"`
	// RPC, REST and GRPC are host:port on which the edge listens; what is empty is not served.
	RPC  string `yaml:"rpc"`
	REST string `yaml:"rest"`
	GRPC string `yaml:"grpc"`
	// Nodes is a file that says where the shards' nodes are, or their hosts (relayer/nodes).
	Nodes string `yaml:"nodes"`
	// Refresh is the pause between questions for members' health, heights and the routing table.
	Refresh time.Duration `yaml:"refresh"`
	// Rate of requests a second that one client may make for long, Burst that it may make at once.
	Rate  int `yaml:"rate"`
	Burst int `yaml:"burst"`
	// InFlight requests at once, of all clients.
	InFlight int `yaml:"in_flight"`
	// Cache in MiB of what cannot change.
	Cache int `yaml:"cache"`
	// Proxies are addresses and networks of those that connect for others: a client is who their header X-Forwarded-For names.
	Proxies []string `yaml:"proxies"`
	// Origins of browser pages that may ask; * is any.
	Origins []string `yaml:"origins"`
}

const (
	minRefresh, maxRefresh = 100 * time.Millisecond, time.Minute
	maxRate, maxBurst      = 1_000_000, 1_000_000
	maxInFlight            = 100_000
	maxCache               = 1 << 16
)

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	if c.Network == "" {
		return errors.New("edge.network is empty: name the chain id that wallets sign, e.g. top-1")
	}
	if c.RPC == "" && c.REST == "" && c.GRPC == "" {
		return errors.New("edge.rpc, edge.rest and edge.grpc are all empty: there is nothing to serve, e.g. rpc: \"127.0.0.1:26657\"")
	}
	for _, setting := range []struct {
		name       string
		value, max int
	}{{"rate", c.Rate, maxRate}, {"burst", c.Burst, maxBurst}, {"in_flight", c.InFlight, maxInFlight}, {"cache", c.Cache, maxCache}} {
		if setting.value < 1 || setting.value > setting.max {
			return fmt.Errorf("edge.%s is %d, want 1 to %d", setting.name, setting.value, setting.max)
		}
	}
	if c.Refresh < minRefresh || c.Refresh > maxRefresh {
		return fmt.Errorf("edge.refresh is %v, want %v to %v", c.Refresh, minRefresh, maxRefresh)
	}
	if _, err := parseProxies(c.Proxies); err != nil {
		return err
	}
	for _, origin := range c.Origins {
		if origin == "" {
			return errors.New("edge.origins: an origin is empty, e.g. https://wallet.example, or * for any")
		}
	}
	if c.Nodes == "" {
		return errors.New("edge.nodes is empty: name a file that says where the shards' nodes are, a line for each, CHAIN-ID RPC GRPC, or for each host, host URL")
	}
	return nil
}

// prefix that a table gives a shard.
func prefix(t trie.Table, name string) (lattice.Prefix, bool) {
	for _, r := range t {
		if r.Name == name {
			return r.Prefix, true
		}
	}
	return lattice.Prefix{}, false
}
