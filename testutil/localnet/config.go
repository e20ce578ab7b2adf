package localnet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// What the chains of a local network are called.
const (
	MainChainID    = "top-main-1"
	ServiceChainID = "top-msg-1"
	ServiceType    = "messaging"
	Denom          = "utop"
)

// What the accounts of a local network begin with, in utop.
const (
	OperatorFunds = 2_000_000_000_000
	ProviderFunds = 100_000_000
	UserFunds     = 100_000_000
)

// Config of a network. The zero value of a number takes the default.
type Config struct {
	// Dir is emptied and gets everything: homes, logs, network.json.
	Dir string
	// Bin is the folder with topchaind, topserviced, relayer and topuser.
	Bin string

	Validators int
	// Committee is how many of the validators sit at a time, Standbys how many stand by; 0 leaves it to topchaind.
	Committee, Standbys int
	// SignedBlocksWindow is how many blocks absence is counted over on the main chain; 0 leaves it to topchaind.
	SignedBlocksWindow int
	ServiceValidators  int
	Providers          int
	Users              int
	// UserCredit in utop that each user ensures at its start; 0 leaves it to topuser.
	UserCredit    uint64
	TimeoutCommit time.Duration
	EpochBlocks   int
	// VotingPeriod of proposals on both chains.
	VotingPeriod time.Duration
	// TrustingPeriod of the light clients that join the chains; 0 leaves it to `relayer link`.
	TrustingPeriod time.Duration
	// SnapshotInterval is how many blocks lie between two snapshots that fresh nodes can join from; 0 leaves it to the nodes' configuration.
	SnapshotInterval int

	// Shards that the main chain's validators host; none without zones.
	Shards Shards
	// MainOnly leaves out service chain, relayer and providers.
	MainOnly bool

	// SmallCaches makes nodes keep so few of their stores' nodes in memory that caches are full within minutes: what grows on is a leak.
	SmallCaches bool

	// Cuttable lets Cut separate nodes from each other; links in this program then carry all that they say.
	Cuttable bool

	// Machines gives each main node, with the shards that it hosts, a network namespace of its own, as if it had a machine: it has its own address there, and hears of others by a switch alone. Where this program may make none, they share loopback, and Logf is told why.
	Machines bool

	// RESTPort is where the first main node serves REST if the port is free.
	RESTPort int
	// Outlive lets the network run on when this program ends.
	Outlive bool
	// Logf reports progress.
	Logf func(format string, args ...any)
}

// Shards of a network.
type Shards struct {
	// Zones, and PerZone shards in each: powers of two.
	Zones, PerZone int
	// Members and Standbys of a shard's committee, Auditors of a zone.
	Members, Standbys, Auditors int
	// TimeoutCommit between a shard's blocks.
	TimeoutCommit time.Duration
	// Processors that one shard's node may use; 0 for one.
	Processors int
	// LingerBlocks of the main chain for which a shard's node runs on after its last term; 0 leaves it to topchaind.
	LingerBlocks int
	// Unaudited utop that a shard, or the main chain, takes from a shard before auditors have confirmed it; 0 for no bound.
	Unaudited uint64
	// StallEpochs without a header after which the main chain freezes a shard by itself; 0 for never.
	StallEpochs int
	// Seats are the hosts, by their numbers, that are the first members of each shard, Audits those that audit each zone first; without Seats they are drawn.
	Seats  map[string][]int
	Audits [][]int
	// Funds in utop that each user has in its shard.
	Funds uint64
	// Accounts beside the users', as ADDRESS COINS lines.
	Accounts []string
}

func (c Config) complete() (Config, error) {
	for _, d := range []struct {
		field    *int
		standard int
	}{{&c.Validators, 4}, {&c.ServiceValidators, 3}, {&c.Providers, 2}, {&c.Users, 2}, {&c.EpochBlocks, 20}} {
		if *d.field == 0 {
			*d.field = d.standard
		}
	}
	if c.TimeoutCommit == 0 {
		c.TimeoutCommit = time.Second
	}
	if c.VotingPeriod == 0 {
		c.VotingPeriod = time.Minute
	}
	if c.Shards.TimeoutCommit == 0 {
		c.Shards.TimeoutCommit = 500 * time.Millisecond
	}
	if c.Shards.Processors == 0 {
		c.Shards.Processors = 1
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	if c.Cuttable && c.Outlive {
		return c, errors.New("a network that outlives this program cannot be Cuttable: its links would end with the program")
	}
	if c.Machines && (c.Outlive || c.Cuttable || c.RESTPort > 0) {
		return c, errors.New("a network whose nodes have Machines is neither Cuttable nor has it a RESTPort, nor does it outlive this program: its switch would end with the program")
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return c, err
	}
	if c.Bin, err = filepath.Abs(c.Bin); err != nil {
		return c, err
	}
	programs := []string{"topchaind", "topserviced", "relayer", "topuser"}
	if c.MainOnly {
		programs = programs[:1]
	}
	for _, name := range programs {
		if _, err := os.Stat(filepath.Join(c.Bin, name)); err != nil {
			return c, fmt.Errorf("%w: build the programs with `make build`", err)
		}
	}
	return c, nil
}
