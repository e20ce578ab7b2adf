package network

import (
	"fmt"
	"math"
)

// Scenario is one network with one load. Times are in milliseconds unless the name says otherwise.
type Scenario struct {
	Shards, Members, Auditors int
	// ZoneShards is how many shards the auditors of one zone execute again.
	ZoneShards int
	// Hosts carry the members' seats, and others those of the auditors, one each. Cores and Gbps of each, GiB of memory.
	Hosts, Cores int
	Gbps, GiB    float64
	World        World
	// Rate of transfers in all shards together per second, of which a share crosses.
	Rate, Cross float64
	// Waiting transfers of a shard at most; with Closed clients send whenever fewer wait, and Rate does not count.
	Waiting int
	Closed  bool
	// Outside is CPU time in microseconds that something beside the members takes of the machine for each transfer.
	Outside float64
	// Accounts of the whole network.
	Accounts float64
	// Step is what a message of consensus takes beside its link at the mean: peers that look for what to send now and then, queues, a log that is flushed.
	Step float64
	// Pause between blocks of a shard, and of the main chain; Router between its looks at a shard.
	Pause, MainPause, Router float64
	// MainMembers of the main chain, Candidates who publish proofs.
	MainMembers, Candidates int
	// Epoch, Anchor and Audit in seconds: how long an epoch is, and how often a shard is anchored and an auditor reports.
	Epoch, Anchor, Audit float64
	// AnchorsPerTx that a router puts into one transaction.
	AnchorsPerTx int
	// Warm seconds are played before Seconds are counted.
	Warm, Seconds float64
	Seed          uint64
}

// Defaults of a public network, without shards, hosts and load.
func Defaults() Scenario {
	return Scenario{
		Members: 21, Auditors: 21, ZoneShards: 8, Cores: 16, Gbps: 1, GiB: 64, Cross: 0.5, Waiting: 100_000, Accounts: 60_000_000,
		Pause: 200, MainPause: 1_000, Router: 50, MainMembers: 100, Epoch: 600, Anchor: 10, Audit: 10, AnchorsPerTx: 20, Warm: 5, Seconds: 5, Seed: 1,
	}
}

// Check refuses what is no network.
func (s Scenario) Check() error {
	switch {
	case s.Shards < 1 || s.Shards > 4096:
		return fmt.Errorf("%d shards; want 1 to 4096", s.Shards)
	case s.Members < 1 || s.Members > 200 || s.Auditors < 0 || s.Auditors > 200:
		return fmt.Errorf("committees of %d with %d auditors; want 1 to 200, and at most 200", s.Members, s.Auditors)
	case s.Hosts < s.Members && s.World.Name != loopback:
		return fmt.Errorf("%d hosts for committees of %d: nobody sits twice in one; want more hosts", s.Hosts, s.Members)
	case s.Hosts < 1 || s.Cores < 1 || s.Cores > 1024 || !(s.Gbps > 0) || !(s.GiB > 0):
		return fmt.Errorf("%d hosts of %d cores, %g Gbit/s and %g GiB; want at least one of each, and at most 1024 cores", s.Hosts, s.Cores, s.Gbps, s.GiB)
	case !(s.Cross >= 0 && s.Cross <= 1):
		return fmt.Errorf("a cross-shard share of %g; want 0 to 1", s.Cross)
	case !s.Closed && !(s.Rate > 0 && s.Rate <= 1e8):
		return fmt.Errorf("%g transfers per second; want more than 0, at most 100 million", s.Rate)
	case s.Waiting < 1 || s.ZoneShards < 1 || s.AnchorsPerTx < 1 || s.MainMembers < 1:
		return fmt.Errorf("%d waiting transfers, zones of %d shards, %d anchors in a transaction, a main chain of %d; want at least 1 of each", s.Waiting, s.ZoneShards, s.AnchorsPerTx, s.MainMembers)
	case !(s.Seconds > 0 && s.Seconds <= 3600) || !(s.Warm >= 0 && s.Warm <= 3600):
		return fmt.Errorf("%g seconds after %g; want more than 0 and at most an hour", s.Seconds, s.Warm)
	case !(s.Pause >= 0) || !(s.MainPause > 0) || !(s.Router >= 0) || !(s.Epoch > 0) || !(s.Anchor > 0) || !(s.Audit > 0) || !(s.Outside >= 0) || !(s.Step >= 0) || !(s.Accounts >= 0):
		return fmt.Errorf("times and sizes must be positive: %+v", s)
	case len(s.World.Regions) == 0:
		return fmt.Errorf("a world without regions")
	}
	return nil
}

const loopback = "loopback"

// zones of the scenario.
func (s Scenario) zones() int { return (s.Shards + s.ZoneShards - 1) / s.ZoneShards }

// AuditHosts of all zones; none where nobody audits.
func (s Scenario) AuditHosts() int { return s.zones() * s.Auditors }

// seatsOf the fullest host.
func (s Scenario) seats() int { return (s.Shards*s.Members + s.Hosts - 1) / s.Hosts }

// MemoryGiB of the fullest host of members, and of an auditor.
func (s Scenario) MemoryGiB(c Constants) (member, auditor float64) {
	shard := (c.BaseMiB + s.Accounts/float64(s.Shards)*c.BytesPerAccount/(1<<20)) / 1024
	return shard * float64(s.seats()), shard * float64(min(s.ZoneShards, s.Shards))
}

// deliveredTo is how many shards a block's receipts go to.
func (s Scenario) deliveredTo(receipts int) int { return min(receipts, s.Shards-1) }

// blockTransfers that fit into a block beside so many bytes.
func (s Scenario) blockTransfers(c Constants, taken float64) int {
	room := maxBlockBytes - headerBytes - commitBytes - signatureBytes*float64(s.Members) - taken
	return max(0, int(math.Floor(room/c.TransferBytes)))
}
