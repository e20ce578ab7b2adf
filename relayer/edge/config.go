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
	// Shards of the network, and where their members are.
	Shards []Shard `yaml:"shards"`
	// Refresh is the pause between questions for members' health, heights and the routing table.
	Refresh time.Duration `yaml:"refresh"`
	// Rate of requests a second that one client may make for long, Burst that it may make at once.
	Rate  int `yaml:"rate"`
	Burst int `yaml:"burst"`
	// InFlight requests at once, of all clients.
	InFlight int `yaml:"in_flight"`
	// Cache in MiB of what cannot change.
	Cache int `yaml:"cache"`
	// Origins of browser pages that may ask; * is any.
	Origins []string `yaml:"origins"`
}

// Shard of the network.
type Shard struct {
	// Name is its chain id.
	Name string `yaml:"name"`
	// Bits that its buckets begin with (protocol/trie), - for all; empty for a shard that is not there yet and comes with a split.
	Bits  string `yaml:"bits"`
	Nodes []Node `yaml:"nodes"`
}

// Node is a member of a shard.
type Node struct {
	// RPC is its CometBFT RPC's URL, GRPC host:port.
	RPC  string `yaml:"rpc"`
	GRPC string `yaml:"grpc"`
}

const (
	minRefresh, maxRefresh = 100 * time.Millisecond, time.Minute
	maxRate, maxBurst      = 1_000_000, 1_000_000
	maxInFlight            = 100_000
	maxCache               = 1 << 16
	// maxNodes of a shard.
	maxNodes = 32
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
	for _, origin := range c.Origins {
		if origin == "" {
			return errors.New("edge.origins: an origin is empty, e.g. https://wallet.example, or * for any")
		}
	}
	if err := c.nodes(); err != nil {
		return err
	}
	_, err := c.table()
	return err
}

// nodes of all shards: each is one shard's, and stands there once.
func (c Config) nodes() error {
	if len(c.Shards) == 0 {
		return errors.New("edge.shards is empty: name the network's shards and their nodes")
	}
	names, taken := map[string]bool{}, map[string]string{}
	for i, s := range c.Shards {
		if s.Name == "" {
			return fmt.Errorf("edge.shards[%d].name is empty: it is the shard's chain id, e.g. top-z0.s0-1", i)
		}
		if names[s.Name] {
			return fmt.Errorf("edge.shards: %s is there twice: name all its nodes in one place", s.Name)
		}
		names[s.Name] = true
		if len(s.Nodes) == 0 || len(s.Nodes) > maxNodes {
			return fmt.Errorf("edge.shards: %s has %d nodes, want 1 to %d, e.g. {rpc: \"http://127.0.0.1:26657\", grpc: \"127.0.0.1:9090\"}", s.Name, len(s.Nodes), maxNodes)
		}
		for _, n := range s.Nodes {
			for _, address := range []string{n.RPC, n.GRPC} {
				if address == "" {
					return fmt.Errorf("edge.shards: a node of %s lacks rpc or grpc: it needs both", s.Name)
				}
				if other, there := taken[address]; there {
					return fmt.Errorf("edge.shards: %s is named for %s and for %s: a node is one shard's, and stands there once", address, other, s.Name)
				}
				taken[address] = s.Name
			}
		}
	}
	return nil
}

// table that the settings name; the shards' own follows it.
func (c Config) table() (trie.Table, error) {
	var routes []trie.Route
	for _, s := range c.Shards {
		if s.Bits == "" {
			continue
		}
		p, err := trie.ParseBits(s.Bits)
		if err != nil {
			return nil, fmt.Errorf("edge.shards: bits of %s: %w", s.Name, err)
		}
		routes = append(routes, trie.Route{Prefix: p, Name: s.Name})
	}
	if len(routes) == 0 {
		return nil, errors.New("edge.shards: no shard has bits: write those of every shard that is there, or - for the only one")
	}
	t := trie.Sorted(routes)
	if err := t.Check(); err != nil {
		return nil, fmt.Errorf("edge.shards: %w", err)
	}
	return t, nil
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
