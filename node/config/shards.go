package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
)

// Shards says how a node of the main chain hosts the shards that its operator is assigned to (node/hosting).
type Shards struct {
	Enable bool `mapstructure:"enable"`
	// Home of the shards' nodes, and Genesis with what the network's first shards begin with; empty for folders in the node's home.
	Home    string `mapstructure:"home"`
	Genesis string `mapstructure:"genesis"`
	// ListenHost for other nodes of the shards, ServeHost for RPC, gRPC and REST, and ExternalHost under which others reach both; empty for ListenHost.
	ListenHost   string `mapstructure:"listen-host"`
	ServeHost    string `mapstructure:"serve-host"`
	ExternalHost string `mapstructure:"external-host"`
	FirstPort    int    `mapstructure:"first-port"`
	LastPort     int    `mapstructure:"last-port"`
	// Directory is where this host lists its shards, and Directories are those of others beside the registered ones.
	Directory   string   `mapstructure:"directory"`
	Directories []string `mapstructure:"directories"`
	// TimeoutCommit is the pause between a shard's blocks, TimeoutPropose how long a proposal is waited for.
	TimeoutCommit  time.Duration `mapstructure:"timeout-commit"`
	TimeoutPropose time.Duration `mapstructure:"timeout-propose"`
	// Processors that one shard's node may use at a time; 0 for all.
	Processors int `mapstructure:"processors"`
	// StallTimeout without a new block, while others go on, after which a shard's node is started again.
	StallTimeout time.Duration `mapstructure:"stall-timeout"`
	// LingerBlocks of the main chain for which a node runs on after its last term, and KeepData is how long its data stay afterwards.
	LingerBlocks int64         `mapstructure:"linger-blocks"`
	KeepData     time.Duration `mapstructure:"keep-data"`
	// LogBytes of a shard's log before it begins anew; one old file is kept.
	LogBytes int64 `mapstructure:"log-bytes"`
}

// DefaultShards host nothing.
func DefaultShards() Shards {
	return Shards{
		ListenHost: "0.0.0.0", ServeHost: "127.0.0.1", FirstPort: 27000, LastPort: 27399, Directory: "127.0.0.1:26680", Directories: []string{},
		TimeoutCommit: 200 * time.Millisecond, TimeoutPropose: 2 * time.Second, StallTimeout: time.Minute, LingerBlocks: 20, KeepData: 24 * time.Hour, LogBytes: 64 << 20,
	}
}

// PortsPerShard that its node listens on.
const PortsPerShard = 4

// shardsTemplate of app.toml.
const shardsTemplate = `
###############################################################################
###                         Shards                                          ###
###############################################################################

# A node of the main chain hosts the shards that its operator is drawn for: one process of this program for each.
[shards]

# Host them. Nodes of other chains must not.
enable = {{ .Shards.Enable }}

# Folder of the shards' nodes; "" is HOME/shards. What they have signed is remembered in its folder votes: never remove that, or set it back.
home = "{{ .Shards.Home }}"

# Folder with CHAIN-ID.json, and CHAIN-ID.accounts, of the shards that the network began with; "" is HOME/config/shards.
genesis = "{{ .Shards.Genesis }}"

# Address to listen on for other nodes of the shards.
listen-host = "{{ .Shards.ListenHost }}"

# Address to serve RPC, gRPC and REST on: for routers, edges and nodes that join, never for clients.
serve-host = "{{ .Shards.ServeHost }}"

# Address or name under which others reach this host; "" is listen-host.
external-host = "{{ .Shards.ExternalHost }}"

# Ports of the shards' nodes, four for each, from the first to the last.
first-port = {{ .Shards.FirstPort }}

# The last of them.
last-port = {{ .Shards.LastPort }}

# Address on which GET /shards lists what this host runs; "" for none. Others find it as the endpoint shards+http://HOST:PORT of the registered node.
directory = "{{ .Shards.Directory }}"

# Directories of other hosts, http://HOST:PORT, beside those of registered nodes.
directories = [{{ range $i, $d := .Shards.Directories }}{{ if $i }}, {{ end }}"{{ $d }}"{{ end }}]

# Pause between a shard's blocks: the same for all its members.
timeout-commit = "{{ .Shards.TimeoutCommit }}"

# How long a shard's members wait for a proposal.
timeout-propose = "{{ .Shards.TimeoutPropose }}"

# Processors that one shard's node may use at a time; 0 for all.
processors = {{ .Shards.Processors }}

# A shard's node without a new block for so long, while others go on, is started again.
stall-timeout = "{{ .Shards.StallTimeout }}"

# Blocks of the main chain for which a shard's node runs on after its last term: others may still need its last blocks.
linger-blocks = {{ .Shards.LingerBlocks }}

# How long the data of a shard stay after its node was stopped for good.
keep-data = "{{ .Shards.KeepData }}"

# Bytes of a shard's log, after which it begins anew; one old file is kept.
log-bytes = {{ .Shards.LogBytes }}
`

// checkShards refuses what no host can work with.
func checkShards(app *App, comet *cmtcfg.Config) []error {
	s := app.Shards
	if !s.Enable {
		return nil
	}
	errs := faults([]value{
		{"shards.listen-host", s.ListenHost, host},
		{"shards.serve-host", s.ServeHost, host},
		{"shards.external-host", s.ExternalHost, optional(host)},
		{"shards.directory", s.Directory, optional(hostPort)},
	})
	for _, d := range s.Directories {
		if err := CheckDirectory(d); err != nil {
			errs = append(errs, fmt.Errorf("shards.directories has %q: %w", d, err))
		}
	}
	refuse := func(when bool, format string, args ...any) {
		if when {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(!app.GRPC.Enable && !app.API.Enable, "shards.enable = true with neither grpc.enable nor api.enable: a host asks its own node which shards to run; set one of them to true")
	refuse(comet.PrivValidatorListenAddr != "", "shards.enable = true with priv_validator_laddr = %q: shards' nodes sign by the file priv_validator_key_file; set priv_validator_laddr = \"\", or host no shards", comet.PrivValidatorListenAddr)
	refuse(s.FirstPort < 1 || s.LastPort > 65535 || s.LastPort-s.FirstPort+1 < PortsPerShard,
		"shards.first-port is %d and shards.last-port is %d: set a range within 1 to 65535 with %d ports for each shard, e.g. 27000 and 27399", s.FirstPort, s.LastPort, PortsPerShard)
	refuse(unspecified(s.ListenHost) && s.ExternalHost == "",
		"shards.listen-host is %q without shards.external-host: others need an address or a name that leads here; set shards.external-host", s.ListenHost)
	refuse(s.TimeoutCommit <= 0 || s.TimeoutPropose <= 0, "shards.timeout-commit is %s and shards.timeout-propose is %s: set durations above 0, e.g. \"200ms\" and \"2s\"", s.TimeoutCommit, s.TimeoutPropose)
	refuse(s.StallTimeout < 10*time.Second || s.StallTimeout < 5*s.TimeoutCommit,
		"shards.stall-timeout is %s: set 10s or more, and several times shards.timeout-commit (%s), or slow blocks would count as none", s.StallTimeout, s.TimeoutCommit)
	refuse(s.Processors < 0, "shards.processors is %d: set 0 for all, or how many one shard's node may use", s.Processors)
	refuse(s.LingerBlocks < 1, "shards.linger-blocks is %d: set 1 or more blocks of the main chain, e.g. 20", s.LingerBlocks)
	refuse(s.KeepData < 0, "shards.keep-data is %s: set a duration, \"0s\" to remove data at once", s.KeepData)
	refuse(s.LogBytes < 1<<20, "shards.log-bytes is %d: set 1048576 or more", s.LogBytes)
	return errs
}

// unspecified tells whether an address is that of all interfaces.
func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsUnspecified()
}

// Host under which others reach this one's shards.
func (s Shards) Host() string {
	if s.ExternalHost != "" {
		return s.ExternalHost
	}
	return s.ListenHost
}

func host(s string) error {
	if s == "" || CheckHost(s) != nil {
		return errors.New("name an IP address or a host, e.g. 127.0.0.1")
	}
	return nil
}

// CheckDirectory accepts http://HOST:PORT and https://HOST:PORT.
func CheckDirectory(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || CheckHost(u.Hostname()) != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return errors.New("a directory is http://HOST:PORT, as its host's shards.directory says")
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return errors.New("a directory's port is a number up to 65535")
		}
	}
	return nil
}

// CheckPeer accepts NODE_ID@HOST:PORT.
func CheckPeer(s string) error { return peer(s) }
