// Package config reads the relayer's config.yaml. It is strict: an unknown or misspelt key is an error, not a default.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/provider"
)

// FileName in the relayer's home.
const FileName = "config.yaml"

// Config of a relayer. A role runs when its section is there.
type Config struct {
	Chains   Chains           `yaml:"chains"`
	IBC      *ibc.Config      `yaml:"ibc"`
	Provider *provider.Config `yaml:"provider"`
	// Metrics is host:port of /metrics and /healthz; empty serves neither. Port 0 takes a free one, which the status file names.
	Metrics string `yaml:"metrics"`
	// StatusFile in the home tells scripts what started; empty writes none.
	StatusFile string `yaml:"status_file"`
}

// Chains that the relayer talks to.
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
	for _, e := range []struct {
		name string
		cfg  ibc.EndpointConfig
	}{{"main", c.Chains.Main}, {"service", c.Chains.Service}} {
		for _, f := range []struct {
			field   string
			given   int
			example string
		}{
			{"chain_id", len(e.cfg.ChainID), "top-main-1"}, {"rpc", len(e.cfg.RPC), "http://127.0.0.1:26657"}, {"grpc", len(e.cfg.GRPC), "127.0.0.1:9090"},
		} {
			if f.given == 0 {
				return fmt.Errorf("chains.%s.%s is empty, e.g. %s", e.name, f.field, f.example)
			}
		}
	}
	if c.Chains.Main.ChainID == c.Chains.Service.ChainID {
		return fmt.Errorf("chains.main and chains.service are both %s", c.Chains.Main.ChainID)
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
	if c.IBC != nil && c.Provider != nil && c.IBC.Key == c.Provider.Key {
		return fmt.Errorf("ibc.key and provider.key are both %q: one key has one owner, give each role its own", c.IBC.Key)
	}
	if c.Metrics != "" {
		if _, _, err := net.SplitHostPort(c.Metrics); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}

// Example is what `relayer init` writes.
const Example = `# Configuration of a TOP relayer. A role runs when its section is here; unknown keys are errors.
# rpc and grpc take a list where several nodes are at hand, ["http://a:26657", "http://b:26657"]: when one fails or lies, the next is asked.
chains:
  main:    {chain_id: top-main-1, rpc: "http://127.0.0.1:26657", grpc: "127.0.0.1:9090"}
  service: {chain_id: top-msg-1,  rpc: "http://127.0.0.1:26757", grpc: "127.0.0.1:9190"}

# Carries IBC packets between the two chains.
ibc:
  key: relayer     # made with: relayer keys add relayer
  poll: 500ms      # pause between rounds
  refresh: 5s      # how old the service chain's view of the main chain may get; its epochs follow that view

# Serves clients and is paid for it. Remove the leading "# " to run it.
# provider:
#   key: provider                      # account that registers, claims and is paid
#   identity: identity.key             # the node's ed25519 key, made when missing
#   listen: ["/ip4/0.0.0.0/tcp/4001"]
#   service: messaging
#   prices: {message: 100, kib: 10}    # utop per unit
#   tick: 10                           # utop per tick
#   float: 2000                        # most that is served unpaid, utop
#   voucher: 1000                      # most that is served without a voucher, utop
#   deposit: 1000000                   # registration deposit, utop
#   data: data                         # mailboxes and vouchers
#   retention: 72h                     # how long a message waits for its recipient

metrics: "127.0.0.1:9464"   # /metrics and /healthz
status_file: status.json
`
