//go:build process

package router

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// users of each shard send to one of the other shard in every round: 2,000 transfers.
	users, rounds = 40, 25
	// pause between rounds: some blocks.
	pause = 300 * time.Millisecond
	// arrivesWithin so long after the last transfer all have, whoever was killed meanwhile.
	arrivesWithin = time.Minute
)

// clock of a shard: when each of its heights was first seen.
type clock struct {
	mu   sync.Mutex
	seen []time.Time
}

// watch a shard's height until ctx ends.
func (c *clock) watch(ctx context.Context, s *shard) {
	for ctx.Err() == nil {
		res, err := s.query().Head(ctx, &latticetypes.QueryHeadRequest{})
		now := time.Now()
		c.mu.Lock()
		for err == nil && uint64(len(c.seen)) <= res.Head.Height {
			c.seen = append(c.seen, now)
		}
		c.mu.Unlock()
		time.Sleep(5 * time.Millisecond) // a look every few milliseconds is the measure itself
	}
}

func (c *clock) at(height uint64) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[height]
}

// Coins cross between two shards in both directions, by one router and then two, while these are killed at any moment: everything arrives exactly once, and nothing is left waiting.
func TestRoutersAreKilled(t *testing.T) {
	n := found(t, users, plan{bits: "0", members: 1}, plan{bits: "1", members: 1})
	first, second := n.router(t, "first"), n.router(t, "second")
	var clocks [2]clock
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	for i, s := range n.shards {
		go clocks[i].watch(watching, s)
	}
	// sent by hash: when, to which shard, and whether a router ran all the time.
	type sending struct {
		at     time.Time
		to     int
		steady bool
	}
	sent := map[lattice.Hash]sending{}
	first.start(t)
	steady := true
	for round := range rounds {
		switch round {
		case 8:
			require.NoError(t, first.process.Kill())
			steady = false
		case 11:
			second.start(t)
		case 13:
			require.NoError(t, second.process.Kill())
			second.start(t)
			first.start(t)
		case 15:
			require.NoError(t, first.process.Kill())
			first.start(t)
		case 17:
			steady = true
		}
		for i, s := range n.shards {
			var batch [][]byte
			for u, from := range s.users {
				batch = append(batch, from.send(n.shards[1-i].users[(u+round)%users], uint64(100_000+1000*round+u)))
			}
			now := time.Now()
			for _, raw := range batch {
				sent[lattice.Hash(sendtx.Hash(raw))] = sending{now, 1 - i, steady && round != 7}
			}
			n.pay(t, s.members[0], batch...)
		}
		time.Sleep(pause) // the pace of the load
	}
	ended := time.Now()
	n.settled(t, first.process, second.process)
	require.Less(t, time.Since(ended), arrivesWithin)
	var all, withRouters []time.Duration
	for hash, height := range n.exact(t, first) {
		from := sent[hash]
		took := clocks[from.to].at(height).Sub(from.at)
		all = append(all, took)
		if from.steady {
			withRouters = append(withRouters, took)
		}
	}
	for what, list := range map[string][]time.Duration{"all": all, "with a router all the time": withRouters} {
		slices.Sort(list)
		t.Logf("%d cross-shard transfers, %s: p50 %s, p99 %s", len(list), what, list[len(list)/2], list[len(list)*99/100])
	}
}
