package play

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/topnetwork/top/tests/sortition"
	"github.com/topnetwork/top/testutil/localnet"
)

const (
	committeeSeats    = 21
	committeeStandbys = 7
	// committeeEpoch in blocks: two minutes or so on two cores.
	committeeEpoch = 60
	// committeePatience is how long a block may take with one node away: more than a round without its proposer, on a machine that 28 nodes share.
	committeePatience = 2 * time.Minute
)

// CommitteeStage is the network of a committee's soak: as many candidates as a shard's committee and its standbys have, and as little beside them as a network can have.
func CommitteeStage(cfg localnet.Config) localnet.Config {
	cfg.Validators, cfg.Committee, cfg.Standbys, cfg.EpochBlocks = committeeSeats+committeeStandbys, committeeSeats, committeeStandbys, committeeEpoch
	cfg.ServiceValidators, cfg.Providers, cfg.Users = 1, 1, 1
	return cfg
}

// CommitteeResult is what a committee's soak led to.
type CommitteeResult struct {
	Members    int   `json:"members"`
	Standbys   int   `json:"standbys"`
	Seconds    int   `json:"seconds"`
	MainHeight int64 `json:"main_height"`
	// BlockSeconds are those of the mean and of the slowest block.
	BlockSeconds   float64        `json:"block_s"`
	SlowestSeconds float64        `json:"slowest_block_s"`
	Epochs         int            `json:"epochs"`
	Changes        int            `json:"committee_changes"`
	Recomputed     bool           `json:"committee_recomputed_ok"`
	Seed           uint64         `json:"seed"`
	Faults         map[string]int `json:"faults"`
	Checks         int            `json:"invariant_checks"`
	LargestMiB     float64        `json:"largest_node_mib"`
	AllMiB         float64        `json:"all_nodes_mib"`
}

// RunCommittee lets a committee of ordinary size rotate while one of its nodes after the other is killed or paused. Blocks must go on, books must hold, and
// another program must come to the same committees.
func RunCommittee(ctx context.Context, n *localnet.Network, soak Soak, logf func(format string, args ...any)) (*CommitteeResult, error) {
	s := &stage{Cast: Cast{Network: n}, logf: logf}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	chaos, rhythm := newChaos(s, soak.Seed), &rhythm{stage: s}
	if err := s.side(ctx, soak.Duration, chaos.stepMember, rhythm.step); err != nil {
		return nil, err
	}
	result := &CommitteeResult{
		Members: committeeSeats, Standbys: committeeStandbys, Seconds: int(time.Since(began).Seconds()), MainHeight: rhythm.height,
		BlockSeconds: rhythm.mean().Seconds(), SlowestSeconds: rhythm.slowest.Seconds(), Seed: soak.Seed, Faults: chaos.count, Checks: rhythm.checks,
	}
	nodes := n.Main.Nodes
	made, err := s.recompute(ctx, nodes[0], nodes[len(nodes)-1])
	if err != nil {
		return result, err
	}
	result.Epochs, result.Changes, result.Recomputed = len(made), sortition.Changes(made), true
	for _, p := range n.Processes(localnet.RoleMainNode) {
		at, err := residentMiB(p.Pid())
		if err != nil {
			return result, err
		}
		result.LargestMiB, result.AllMiB = max(result.LargestMiB, at.mib), result.AllMiB+at.mib
	}
	if result.Changes == 0 && result.Epochs > 4 {
		return result, fmt.Errorf("no committee followed another in %d epochs", result.Epochs)
	}
	return result, nil
}

// stepMember breaks one node of the main chain: a committee of 21 goes on without six.
func (c *chaos) stepMember(ctx context.Context) error {
	if !wait(ctx, c.upTo(breather)) {
		return nil
	}
	// The first node answers the watch, the last one's committees are compared with it.
	nodes := names(c.Network.Main)
	name := pick(c.random, nodes[1:len(nodes)-1])
	switch c.random.IntN(4) {
	case 0, 1:
		return c.kill(ctx, name)
	case 2:
		return c.pause(ctx, name)
	default:
		return c.slowDisk(ctx, name)
	}
}

// rhythm watches the main chain's blocks and books.
type rhythm struct {
	*stage
	height, next int64
	first        time.Time
	from         int64
	slowest      time.Duration
	seen         time.Time
	checks       int
}

func (r *rhythm) mean() time.Duration {
	if r.height <= r.from {
		return 0
	}
	return r.seen.Sub(r.first) / time.Duration(r.height-r.from)
}

// step looks for a new block and, every some of them, at the books.
func (r *rhythm) step(ctx context.Context) error {
	defer wait(ctx, lookEvery)
	header, err := r.Network.Main.Nodes[0].Header(ctx, 0)
	if err != nil {
		return nil // a busy machine answers late; the blocks' own times count
	}
	if r.from == 0 {
		r.from, r.first, r.height, r.seen = header.Height, header.Time, header.Height, header.Time
	}
	if header.Height == r.height {
		if since := time.Since(r.seen); since > committeePatience {
			return fmt.Errorf("no block after height %d for %s", r.height, since.Round(time.Second))
		}
		return nil
	}
	// Blocks between two looks share their time.
	r.slowest = max(r.slowest, header.Time.Sub(r.seen)/time.Duration(header.Height-r.height))
	r.height, r.seen = header.Height, header.Time
	if r.height < r.next {
		return nil
	}
	for _, module := range []string{"committees", "sortition", "stake", "billing"} {
		var answer struct {
			OK     bool   `json:"ok"`
			Broken string `json:"broken"`
		}
		if err := r.Network.Main.REST().Get(ctx, "/top/"+module+"/v1/invariants", &answer); err != nil {
			return nil
		}
		if !answer.OK {
			return fmt.Errorf("invariant of x/%s: %s", module, answer.Broken)
		}
	}
	r.checks++
	r.next = r.height + checkEvery
	return nil
}

// Page tells the result as a page of documentation.
func (r *CommitteeResult) Page(soak Soak, at time.Time) string {
	kinds := slices.Sorted(maps.Keys(r.Faults))
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d × %s", r.Faults[kind], kind)
	}
	return fmt.Sprintf(`# Soak of a committee
`+"`SOAK=%s SEED=%d make soak-committee`"+`, %s, on %d cores: every node of a committee of ordinary size as a process on one machine, one after the other killed, paused or given a slow disk. The
command writes this page; it fails when no block comes for %s, when an invariant breaks, or when another program comes to other committees.

| what | value |
|---|---|
| network | %d members and %d standbys of the main chain, a service chain and a relayer beside them |
| time | %d s |
| blocks | %d, %.1f s each, the slowest %.1f s |
| epochs | %d, the committee changed in %d of them; recomputed by a program in JavaScript from two nodes: the same |
| faults | %s |
| invariants | x/committees, x/sortition, x/stake and x/billing checked %d times, none broken |
| memory | the largest node %.0f MiB, all together %.0f MiB |
`, soak.Duration, soak.Seed, at.UTC().Format(time.DateOnly), runtime.NumCPU(), committeePatience, r.Members, r.Standbys, r.Seconds, r.MainHeight, r.BlockSeconds, r.SlowestSeconds,
		r.Epochs, r.Changes, strings.Join(kinds, ", "), r.Checks, r.LargestMiB, r.AllMiB)
}
