package hosting

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/topnetwork/top/node/directory"
)

const (
	// refreshEvery is how often other directories are read, readIn how long one may take, atOnce how many are read at a time.
	refreshEvery = 5 * time.Second
	readIn       = 2 * time.Second
	atOnce       = 8
	// maxPeers that a shard's node is told of.
	maxPeers = 100
)

// neighbours are the other hosts, as far as their directories tell.
type neighbours struct {
	read func(ctx context.Context, base string) (directory.Directory, error)

	mu sync.Mutex
	// own directory's operator, whose entries are not another's.
	operator string
	bases    []string
	heard    map[string]answer
}

// answer of a directory.
type answer struct {
	directory.Directory
	at time.Time
}

func newNeighbours() *neighbours {
	return &neighbours{read: directory.Read, heard: map[string]answer{}}
}

// at these addresses, beside the host of an operator.
func (n *neighbours) at(operator string, bases []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.operator, n.bases = operator, slices.Compact(slices.Sorted(slices.Values(bases)))
	for base := range n.heard {
		if !slices.Contains(n.bases, base) {
			delete(n.heard, base)
		}
	}
}

// refresh what all of them say. Who does not answer has said what it said last.
func (n *neighbours) refresh(ctx context.Context) {
	n.mu.Lock()
	bases := slices.Clone(n.bases)
	n.mu.Unlock()
	var wg sync.WaitGroup
	turn := make(chan struct{}, atOnce)
	for _, base := range bases {
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			asked, cancel := context.WithTimeout(ctx, readIn)
			defer cancel()
			d, err := n.read(asked, base)
			if err != nil {
				return
			}
			n.mu.Lock()
			defer n.mu.Unlock()
			n.heard[base] = answer{d, time.Now()}
		})
	}
	wg.Wait()
}

// of a shard: other hosts' entries, in the order of their addresses, one for each operator.
func (n *neighbours) of(chainID string) []directory.Entry { return n.since(chainID, time.Time{}) }

// sources are the directories of hosts that have a shard.
func (n *neighbours) sources(chainID string) (bases []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, base := range names(n.heard) {
		if slices.ContainsFunc(n.heard[base].Shards, func(e directory.Entry) bool { return e.ChainID == chainID }) {
			bases = append(bases, base)
		}
	}
	return bases
}

// reachable hosts whose node of a shard runs, by what they said just now.
func (n *neighbours) reachable(chainID string) (list []directory.Entry) {
	for _, e := range n.since(chainID, time.Now().Add(-2*refreshEvery-readIn)) {
		if State(e.State) == Running || State(e.State) == Syncing {
			list = append(list, e)
		}
	}
	return list
}

// since a time other hosts' entries of a shard.
func (n *neighbours) since(chainID string, at time.Time) (list []directory.Entry) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[string]bool{n.operator: true}
	for _, base := range names(n.heard) {
		d := n.heard[base]
		if seen[d.Operator] && d.Operator != "" || d.at.Before(at) {
			continue
		}
		seen[d.Operator] = true
		for _, e := range d.Shards {
			if e.ChainID == chainID {
				list = append(list, e)
				break
			}
		}
	}
	return list
}

// peers of a shard's node, as config.toml has them.
func peersOf(hosts []directory.Entry) string {
	var list []string
	for _, e := range hosts[:min(len(hosts), maxPeers)] {
		list = append(list, e.P2P)
	}
	return strings.Join(list, ",")
}

// middle height of a shard's hosts: half of them are there or beyond, so that no few can pretend that the shard goes on.
func middle(hosts []directory.Entry) int64 {
	var heights []int64
	for _, e := range hosts {
		heights = append(heights, e.Height)
	}
	if len(heights) == 0 {
		return 0
	}
	slices.Sort(heights)
	return heights[(len(heights)-1)/2]
}
