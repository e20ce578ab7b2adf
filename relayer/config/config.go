// Package config reads the relayer's config.yaml. It is strict: an unknown or misspelt key is an error, not a default.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/topnetwork/top/relayer/edge"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/provider"
	"github.com/topnetwork/top/relayer/router"
)

// FileName in the relayer's home.
const FileName = "config.yaml"

// Config of a relayer. A role runs when its section is there.
type Config struct {
	Chains   Chains           `yaml:"chains"`
	IBC      *ibc.Config      `yaml:"ibc"`
	Provider *provider.Config `yaml:"provider"`
	Router   *router.Config   `yaml:"router"`
	Edge     *edge.Config     `yaml:"edge"`
	// Metrics is host:port of /metrics and /healthz; empty serves neither. Port 0 takes a free one, which the status file names.
	Metrics string `yaml:"metrics"`
	// StatusFile in the home tells scripts what started; empty writes none.
	StatusFile string `yaml:"status_file"`
	Log        Log    `yaml:"log"`
}

// Chains that the ibc and provider roles talk to; an edge alone needs none.
type Chains struct {
	Main    ibc.EndpointConfig `yaml:"main"`
	Service ibc.EndpointConfig `yaml:"service"`
}

// Load reads and validates HOME/config.yaml.
func Load(home string) (*Config, error) {
	path := filepath.Join(home, FileName)
	bz, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: write one with `relayer init --home %s`", path, home)
	}
	if err != nil {
		return nil, err
	}
	cfg, err := Parse(bz)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, nil
}

// Parse reads and validates a configuration.
func Parse(bz []byte) (*Config, error) {
	dec := yaml.NewDecoder(bytes.NewReader(bz))
	dec.KnownFields(true)
	var cfg Config
	if err := dec.Decode(&cfg); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, err
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document")
	}
	return &cfg, cfg.validate()
}

func (c *Config) validate() error {
	if c.IBC == nil && c.Provider == nil && c.Router == nil && c.Edge == nil {
		return errors.New("there is no role: add an ibc, a provider, a router or an edge section, as in the file that `relayer init` writes")
	}
	if c.IBC != nil || c.Provider != nil || named(c.Chains.Service) {
		if err := c.Chains.validate(); err != nil {
			return err
		}
	}
	if c.Router != nil {
		if err := c.validateRouter(); err != nil {
			return err
		}
	}
	if c.IBC != nil {
		if err := c.IBC.Validate(); err != nil {
			return err
		}
	}
	if c.Provider != nil {
		if err := c.Provider.Validate(); err != nil {
			return err
		}
	}
	if c.Edge != nil {
		if err := c.Edge.Validate(); err != nil {
			return err
		}
		if err := edgeAddresses(*c.Edge); err != nil {
			return err
		}
	}
	if c.IBC != nil && c.Provider != nil && c.IBC.Key == c.Provider.Key {
		return fmt.Errorf("ibc.key and provider.key are both %q: one key has one owner, give each role its own", c.IBC.Key)
	}
	if c.Router != nil && c.Router.Key != "" && (c.IBC != nil && c.IBC.Key == c.Router.Key || c.Provider != nil && c.Provider.Key == c.Router.Key) {
		return fmt.Errorf("router.key is %q, which another role has: one key has one owner, give each role its own", c.Router.Key)
	}
	if _, err := c.Log.Logger(io.Discard); err != nil {
		return err
	}
	if c.Metrics != "" {
		if err := listenAddress(c.Metrics); err != nil {
			return fmt.Errorf("metrics %q: %w, e.g. 127.0.0.1:9464", c.Metrics, err)
		}
	}
	return nil
}

// validateRouter and what it needs of the chains: it works with a main chain, and without one.
func (c *Config) validateRouter() error {
	if err := c.Router.Validate(); err != nil {
		return err
	}
	switch main := named(c.Chains.Main); {
	case !main && c.Router.Key != "":
		return fmt.Errorf("router.key is %q, and there is no main chain for it to sign on: fill in chains.main, or take the key out", c.Router.Key)
	case main && c.Router.Key == "":
		return errors.New("router.key is empty: name a key of `relayer keys add`, which signs anchors on the main chain")
	case main:
		return c.Chains.validateMain()
	}
	return nil
}

// Example is what `relayer init` writes. Beside or above each key stands its meaning, from which the reference is made.
const Example = `# Configuration of a TOP relayer. A role runs when its section is here; unknown keys are errors.
# Where several nodes of a chain are at hand, rpc and grpc take a list, ["http://a:26657", "http://b:26657"]: when one fails or lies, the next is asked.
chains:
  main:
    chain_id: top-main-1            # name of the main chain; nodes of another are refused
    rpc: "http://127.0.0.1:26657"   # CometBFT RPC of one or more of its nodes
    grpc: "127.0.0.1:9090"          # gRPC of one or more of its nodes, host:port
  service:
    chain_id: top-msg-1             # name of the service chain; nodes of another are refused
    rpc: "http://127.0.0.1:26757"   # CometBFT RPC of one or more of its nodes
    grpc: "127.0.0.1:9190"          # gRPC of one or more of its nodes, host:port

# Carries IBC packets between the two chains.
ibc:
  key: relayer     # account that signs on both chains, made with: relayer keys add relayer
  poll: 500ms      # pause between rounds
  refresh: 5s      # how old the service chain's view of the main chain may get; its epochs follow that view

# Serves clients and is paid for it. Remove the leading "# " to run it.
# provider:
#   key: provider                      # account that registers, claims and is paid, made with: relayer keys add provider
#   identity: identity.key             # the node's ed25519 key, made when missing
#   listen: ["/ip4/0.0.0.0/tcp/4001"]  # multiaddrs at which clients reach the node; port 0 takes a free one and keeps it
#   service: messaging                 # kind of service, the one of the service chain
#   prices: {message: 100, kib: 10}    # utop per unit
#   tick: 10                           # utop per tick
#   float: 2000                        # most that is served unpaid, utop
#   voucher: 10000                     # most that is served without a voucher, utop
#   deposit: 1000000                   # registration deposit, utop
#   exposure: 1000000                  # most that is used and not claimed while the main chain does not answer, utop; unset it is the deposit
#   data: data                         # mailboxes and vouchers
#   retention: 72h                     # how long a message waits for its recipient

# Carries coins between the shards of a network; with chains.main also what the main chain says to the shards, and their headers back. Remove the leading "# " to run it.
# router:
#   nodes: shards.txt     # file with a line for each node of a shard, CHAIN-ID RPC GRPC, e.g. top-z0.s0-1 http://127.0.0.1:26657 127.0.0.1:9090; in a pattern like top-z*.s*-* {shard} is the chain id in the addresses; or with a line for each host, host URL of its directory, e.g. host http://127.0.0.1:26680; it is read again when it changes
#   key: router           # account that signs on the main chain, made with: relayer keys add router; leave it out where there is no main chain
#   poll: 1s              # pause between two looks at a shard that tells of no blocks
#   confirm: 5s           # how long a shard waits at most to be told that what it has sent was taken
#   confirm_batches: 100  # and after how many batches it is told at once
#   anchor: 10s           # pause between two anchors of all shards' headers on the main chain

# Wallets' one address for a network of many shards. Remove the leading "# " to run it; without the sections above, chains is not needed.
# edge:
#   network: top-1               # chain id that wallets sign; nodes of another network are not asked
#   rpc: "127.0.0.1:36657"       # where CometBFT's RPC is served, host:port; empty serves it not, port 0 takes a free one
#   rest: "127.0.0.1:31317"      # where REST is served; empty serves it not
#   grpc: "127.0.0.1:39090"      # where gRPC is served; empty serves it not
#   nodes: shards.txt            # file of the shards' nodes, as the router's; nodes need to listen to nobody but the edge
#   refresh: 1s                  # pause between questions for nodes' health, heights and the routing table
#   rate: 50                     # requests a second that one client may make for long; a client is an IPv4 address, or 64 bits of an IPv6 one
#   burst: 200                   # requests that it may make at once
#   in_flight: 1024              # requests of all clients at once; a quarter of them for one client
#   cache: 256                   # MiB of blocks and transactions that are kept in memory
#   proxies: []                  # addresses and networks of proxies before the edge, e.g. 127.0.0.1 or 10.0.0.0/8: who their header X-Forwarded-For names last is the client; everybody else's is not read
#   origins: ["*"]               # origins of browser pages that may ask; * is any

metrics: "127.0.0.1:9464"   # where /metrics and /healthz are served; empty serves neither, port 0 takes a free one
status_file: status.json    # tells scripts pid, addresses and what is idle; empty writes none
log:
  level: info               # least that is told: debug, info, warn or error
  format: text              # text for people, json for machines
`
