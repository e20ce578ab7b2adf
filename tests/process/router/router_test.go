//go:build process

package router

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// users of each shard send to one of the other shard in every round: 2,000 transfers.
	users, rounds = 40, 25
	// pause between rounds: some blocks.
	pause = 300 * time.Millisecond
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
	n := found(t, users)
	first, second := n.router(t, "first"), n.router(t, "second")
	var clocks [2]clock
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	for i, s := range n.shards {
		go clocks[i].watch(watching, s)
	}
	var streams [2]latticetypes.Ingest_SubmitClient
	for i, s := range n.shards {
		var err error
		streams[i], err = latticetypes.NewIngestClient(s.conn).Submit(t.Context())
		require.NoError(t, err)
	}
	// sent by hash: when, and whether a router ran all the time.
	type sending struct {
		at     time.Time
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
		for i, stream := range streams {
			var batch [][]byte
			for u, from := range n.shards[i].users {
				batch = append(batch, from.send(n.shards[1-i].users[(u+round)%users], uint64(100_000+1000*round+u)))
			}
			now := time.Now()
			for _, raw := range batch {
				sent[lattice.Hash(sendtx.Hash(raw))] = sending{now, steady && round != 7}
			}
			require.NoError(t, stream.Send(&latticetypes.SubmitRequest{Transactions: batch}))
			res, err := stream.Recv()
			require.NoError(t, err)
			require.Empty(t, res.Refused)
		}
		time.Sleep(pause) // the pace of the load
	}
	n.await(t, "all batches are taken and confirmed", func(ctx context.Context) error {
		for i, s := range n.shards {
			out, err := s.ledger(ctx, n.shards[1-i].name)
			if err != nil {
				return err
			}
			in, err := n.shards[1-i].ledger(ctx, s.name)
			if err != nil {
				return err
			}
			if out.Outbox.Sent.Height == 0 || out.Outbox.Sent.Height != in.Inbox.Taken.Height || out.Outbox.Waiting != 0 {
				return fmt.Errorf("%s has sent up to %d, taken is %d, %d wait", s.name, out.Outbox.Sent.Height, in.Inbox.Taken.Height, out.Outbox.Waiting)
			}
			if !out.Outbox.Total.Equal(in.Inbox.Total) {
				return fmt.Errorf("%s has sent %s, %s came", s.name, out.Outbox.Total, in.Inbox.Total)
			}
		}
		return nil
	}, first.process, second.process)
	var all, withRouters []time.Duration
	var held uint64
	for i, s := range n.shards {
		for _, u := range s.users {
			res, err := banktypes.NewQueryClient(s.conn).Balance(t.Context(), &banktypes.QueryBalanceRequest{Address: sendtx.Bech32(u.address), Denom: "utop"})
			require.NoError(t, err)
			require.Equal(t, u.balance, res.Balance.Amount.Uint64(), sendtx.Bech32(u.address))
			held += res.Balance.Amount.Uint64()
			units, err := s.query().Units(t.Context(), &latticetypes.QueryUnitsRequest{Address: sendtx.Bech32(u.address), Limit: 100})
			require.NoError(t, err)
			received := 0
			for _, unit := range units.Units {
				if unit.Kind != "receive" {
					continue
				}
				received++
				from, ok := sent[lattice.Hash(unit.Transaction)]
				require.True(t, ok, "a receipt of a transfer that nobody sent")
				delete(sent, lattice.Hash(unit.Transaction))
				took := clocks[i].at(unit.Height).Sub(from.at)
				all = append(all, took)
				if from.steady {
					withRouters = append(withRouters, took)
				}
			}
			require.Equal(t, rounds, received)
		}
	}
	require.Empty(t, sent, "transfers that arrived nowhere")
	require.Equal(t, uint64(2*users*funds), held)
	for what, list := range map[string][]time.Duration{"all": all, "with a router all the time": withRouters} {
		slices.Sort(list)
		t.Logf("%d cross-shard transfers, %s: p50 %s, p99 %s", len(list), what, list[len(list)/2], list[len(list)*99/100])
	}
	out, err := exec.Command(program(t, "relayer"), "check", "supply", "--home", first.home).CombinedOutput()
	require.NoError(t, err, string(out))
	t.Logf("%s", out)
}
