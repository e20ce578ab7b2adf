package testnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"path/filepath"
	"time"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// Shards of a test network; its validators host them.
type Shards struct {
	// Zones of the network, none for a main chain alone, and PerZone shards in each: powers of two.
	Zones, PerZone int
	// Members and Standbys of a shard's committee, Auditors of a zone.
	Members, Standbys, Auditors uint32
	// Steward splits, merges, freezes and restarts shards beside governance; empty for nobody.
	Steward       string
	TimeoutCommit time.Duration
	// Processors that one shard's node may use; 0 for all.
	Processors int
	// LingerBlocks and KeepData as in app.toml.
	LingerBlocks int64
	KeepData     time.Duration
	// Issued utop to accounts of shards by their genesis: `shard found` makes it, by the same accounts.
	Issued uint64
}

const (
	// directoryPort of a host, counted from its first port.
	directoryPort = 4
	// roomForShards of a host, beyond twice as many as there are: splits make more.
	roomForShards = 8
)

func (s Shards) params() shardstypes.Params {
	p := shardstypes.DevnetParams(s.Members)
	p.Standbys, p.Auditors, p.Steward = s.Standbys, s.Auditors, s.Steward
	return p
}

func (s Shards) count() int { return s.Zones * s.PerZone }

// check that the network can begin with them.
func (s Shards) check(validators, basePort int) error {
	if s.Zones == 0 {
		if s.Issued > 0 {
			return errors.New("--shard-accounts without --zones: there are no shards that could have them")
		}
		return nil
	}
	if s.Zones < 1 || s.PerZone < 1 || bits.OnesCount(uint(s.Zones)) != 1 || bits.OnesCount(uint(s.PerZone)) != 1 || s.Zones > 1<<trie.MaxZoneBits || s.count() > 1<<lattice.MaxPrefix {
		return fmt.Errorf("--zones is %d and --shards is %d: both are powers of two, with %d zones and %d shards at most", s.Zones, s.PerZone, 1<<trie.MaxZoneBits, 1<<lattice.MaxPrefix)
	}
	if s.Members < 1 || int(s.Members+s.Auditors) > validators {
		return fmt.Errorf("--shard-members is %d and --shard-auditors is %d with %d validators: who audits a zone sits in none of its committees; take more validators, or fewer of the others", s.Members, s.Auditors, validators)
	}
	if err := s.params().Validate(true); err != nil {
		return fmt.Errorf("--shard-members, -standbys, -auditors, -steward: %w", err)
	}
	if basePort == 0 {
		return errors.New("--zones needs --base-port: every host has a range of ports for its shards")
	}
	return nil
}

// genesis of x/zones and x/shards: the main chain draws the first committees itself.
func (n *network) shards(state map[string]json.RawMessage) error {
	s := n.opts.Shards
	if s.Zones == 0 {
		return nil
	}
	zoneBits, depth := uint8(bits.Len(uint(s.Zones))-1), uint8(bits.Len(uint(s.count()))-1)
	var table trie.Table
	for i := range s.count() {
		p := lattice.Prefix{Bits: uint32(i), Len: depth}
		shard, err := trie.NewShard(p, zoneBits, 1)
		if err != nil {
			return err
		}
		table = append(table, trie.Route{Prefix: p, Name: shard.Name()})
	}
	zones := zonestypes.DefaultGenesisState()
	zones.Tables = []zonestypes.RoutingTable{{Version: 1, ZoneBits: uint32(zoneBits), Routes: zonestypes.RoutesOf(table)}}
	state[zonestypes.ModuleName] = n.app.Codec.MustMarshalJSON(zones)
	shards := shardstypes.DefaultGenesisState()
	shards.Params = s.params()
	state[shardstypes.ModuleName] = n.app.Codec.MustMarshalJSON(shards)
	return n.app.IssueToShards(state, s.Issued)
}

// GenesisFolder of the shards of a test network, for all its hosts.
func GenesisFolder(dir string) string { return filepath.Join(dir, "shards") }

// app settings of a node; with shards it is a host.
func (o Options) app(i int, node *home.Node) (*config.App, error) {
	app := config.DefaultApp()
	s := o.Shards
	if s.Zones == 0 {
		return app, nil
	}
	genesis, err := filepath.Abs(GenesisFolder(o.Dir))
	if err != nil {
		return nil, err
	}
	room := config.PortsPerShard * (2*s.count() + roomForShards)
	first := o.BasePort + home.PortsPerNode*o.Validators + i*room
	app.Shards.Enable, app.Shards.Genesis = true, genesis
	app.Shards.ListenHost, app.Shards.ServeHost = node.Host, node.Host
	app.Shards.FirstPort, app.Shards.LastPort = first, first+room-1
	app.Shards.Directory = directoryOf(node)
	app.Shards.TimeoutCommit, app.Shards.Processors = s.TimeoutCommit, s.Processors
	app.Shards.LingerBlocks, app.Shards.KeepData = s.LingerBlocks, s.KeepData
	return app, nil
}

func directoryOf(node *home.Node) string { return node.At(node.Ports.P2P + directoryPort) }

// endpoints that a validator registers.
func (n *network) endpoints(v validator) []string {
	list := []string{v.node.Endpoints().REST}
	if n.opts.Shards.Zones > 0 {
		list = append(list, directory.Scheme+"http://"+directoryOf(v.node))
	}
	return list
}
