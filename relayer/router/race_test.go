package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/topnetwork/top/relayer/nodes"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// wrapped shard: a test sees every question, and may answer it.
type wrapped struct {
	*ledger
	// before and after a question; an error of before is the answer.
	before, after func(what string) error
	// lie about batches and proofs, until it loses its turn.
	lies bool
	mu   sync.Mutex
}

func (w *wrapped) around(what string, ask func() error) error {
	if w.before != nil {
		if err := w.before(what); err != nil {
			return err
		}
	}
	if err := ask(); err != nil {
		return err
	}
	if w.after != nil {
		return w.after(what)
	}
	return nil
}

func (w *wrapped) Ledgers(ctx context.Context) (res *latticetypes.QueryLedgersResponse, err error) {
	err = w.around("ledgers", func() error { res, err = w.ledger.Ledgers(ctx); return err })
	return res, err
}

func (w *wrapped) Header(ctx context.Context, height int64) (h *cmtproto.SignedHeader, err error) {
	err = w.around("header", func() error { h, err = w.ledger.Header(ctx, height); return err })
	return h, err
}

func (w *wrapped) Batches(ctx context.Context, destination string, after uint64) (list []latticetypes.Batch, err error) {
	err = w.around("batches", func() error { list, err = w.ledger.Batches(ctx, destination, after); return err })
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lies {
		for i := range list {
			list[i].Batch = append([]byte{}, list[i].Batch...)
			list[i].Batch[len(list[i].Batch)-1] ^= 1
		}
	}
	return list, err
}

func (w *wrapped) Prove(ctx context.Context, key []byte, by *cmtproto.SignedHeader) (value []byte, ops *cmtcrypto.ProofOps, err error) {
	err = w.around("prove", func() error { value, ops, err = w.ledger.Prove(ctx, key, by); return err })
	return value, ops, err
}

func (w *wrapped) Submit(ctx context.Context, raw []byte) error {
	return w.around("submit", func() error { return w.ledger.Submit(ctx, raw) })
}

func (w *wrapped) Rotate() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lies = false
}

var cfg = Config{Poll: time.Second, Confirm: 2 * time.Second, ConfirmBatches: 3, Anchor: 10 * time.Second}

// start a router on shards; stop ends it.
func start(t *testing.T, shards map[string]Shard) (stop func()) {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	r := NewRouter(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), metrics, func(name string, _ []nodes.Node) (Shard, error) { return shards[name], nil })
	ctx, cancel := context.WithCancel(t.Context())
	at := map[string][]nodes.Node{}
	for name := range shards {
		at[name] = []nodes.Node{{RPC: name, GRPC: name}}
	}
	r.Connect(ctx, at)
	return func() { cancel(); r.Wait() }
}

// load of transfers in all directions, a batch of each pair in each of some blocks.
func load(all map[string]*ledger, batches int) {
	for range batches {
		for _, from := range sortedNames(all) {
			for _, to := range sortedNames(all) {
				if from != to {
					all[from].send(to, 2, 7)
				}
			}
		}
		time.Sleep(blockTime) // of the bubble's clock: the pace of the load
	}
}

// settled: everything has arrived once, and nothing waits.
func settled(all map[string]*ledger) error {
	for _, from := range all {
		from.mu.Lock()
		for to, box := range from.boxes {
			if n := box.Waiting; n != 0 {
				from.mu.Unlock()
				return fmt.Errorf("%d batches of %s for %s wait", n, from.name, to)
			}
		}
		from.mu.Unlock()
	}
	return nil
}

func await(t *testing.T, all map[string]*ledger, within time.Duration) {
	t.Helper()
	// Once in each block of the bubble's clock, on which nothing waits in truth.
	for since := time.Now(); ; time.Sleep(blockTime) {
		err := settled(all)
		if err == nil {
			break
		}
		if time.Since(since) > within {
			require.NoError(t, err, "after %s", within)
		}
	}
	var sent, came uint64
	for _, l := range all {
		l.mu.Lock()
		for _, box := range l.boxes {
			sent += box.total
		}
		for hash, amount := range l.credited {
			require.Equal(t, uint64(7), amount, "%x is credited once", hash)
			came += amount
		}
		l.mu.Unlock()
	}
	require.Equal(t, sent, came)
}

// network of shards that make blocks while the test runs.
func inNetwork(t *testing.T, names []string, test func(t *testing.T, all map[string]*ledger)) {
	synctest.Test(t, func(t *testing.T) {
		all := newLedgers(names...)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		for _, l := range all {
			go l.run(ctx)
		}
		test(t, all)
	})
}

func plain(all map[string]*ledger) map[string]Shard {
	shards := map[string]Shard{}
	for name, l := range all {
		shards[name] = l
	}
	return shards
}

func TestBatchesCrossInAllDirections(t *testing.T) {
	inNetwork(t, []string{"a", "b", "c"}, func(t *testing.T, all map[string]*ledger) {
		stop := start(t, plain(all))
		defer stop()
		load(all, 20)
		await(t, all, 20*time.Second)
		for _, l := range all {
			require.Zero(t, l.late, "one router brings nothing twice")
		}
	})
}

// A router is killed before, or after, any of its questions, and another one goes on.
func TestKilledBetweenAnySteps(t *testing.T) {
	for _, side := range []string{"before", "after"} {
		for kill := 1; kill <= 60; kill++ {
			inNetwork(t, []string{"a", "b"}, func(t *testing.T, all map[string]*ledger) {
				var mu sync.Mutex
				asked, dead := 0, make(chan struct{})
				question := func(string) error {
					mu.Lock()
					defer mu.Unlock()
					if asked++; asked == kill {
						close(dead)
					}
					if asked >= kill {
						return errors.New("killed")
					}
					return nil
				}
				shards := map[string]Shard{}
				for name, l := range all {
					w := &wrapped{ledger: l}
					if side == "before" {
						w.before = question
					} else {
						w.after = question
					}
					shards[name] = w
				}
				stop := start(t, shards)
				go load(all, 5)
				<-dead
				stop()
				defer start(t, plain(all))()
				time.Sleep(5 * blockTime) // of the bubble's clock: until the load, which goes on by itself, has sent everything
				await(t, all, 30*time.Second)
			})
		}
	}
}

// Two routers race, blocks take what waits in any order, and all arrives once.
func TestRoutersRace(t *testing.T) {
	for seed := range uint64(5) {
		inNetwork(t, []string{"a", "b"}, func(t *testing.T, all map[string]*ledger) {
			for _, l := range all {
				l.shuffle = rand.New(rand.NewPCG(seed, 1))
			}
			defer start(t, plain(all))()
			defer start(t, plain(all))()
			load(all, 20)
			await(t, all, 20*time.Second)
		})
	}
}

// A pool forgets what waits: it is handed over again.
func TestForgottenIsHandedOverAgain(t *testing.T) {
	inNetwork(t, []string{"a", "b"}, func(t *testing.T, all map[string]*ledger) {
		defer start(t, plain(all))()
		b := all["b"]
		all["a"].send("b", 2, 7)
		for range 10 {
			time.Sleep(blockTime / 10) // of the bubble's clock: so often the pool forgets within a block
			b.mu.Lock()
			b.pool = nil
			b.mu.Unlock()
		}
		await(t, all, 4*patience)
	})
}

// A node that answers other batches than its state has loses its turn, and what is right is carried.
func TestLiarLosesItsTurn(t *testing.T) {
	inNetwork(t, []string{"a", "b"}, func(t *testing.T, all map[string]*ledger) {
		liar := &wrapped{ledger: all["a"], lies: true}
		defer start(t, map[string]Shard{"a": liar, "b": all["b"]})()
		load(all, 3)
		await(t, all, 20*time.Second)
		require.False(t, liar.lies)
	})
}

// A shard that does not answer keeps nobody else waiting, and is carried for when it answers again.
func TestStalledShardHoldsNobodyUp(t *testing.T) {
	inNetwork(t, []string{"a", "b", "c"}, func(t *testing.T, all map[string]*ledger) {
		var stalled atomic.Bool
		stalled.Store(true)
		silent := &wrapped{ledger: all["c"], before: func(string) error {
			if stalled.Load() {
				time.Sleep(answerTimeout) // of the bubble's clock: a node that says nothing until nobody waits for it any more
				return context.DeadlineExceeded
			}
			return nil
		}}
		defer start(t, map[string]Shard{"a": all["a"], "b": all["b"], "c": silent})()
		two := map[string]*ledger{"a": all["a"], "b": all["b"]}
		load(two, 5)
		await(t, two, 10*time.Second)
		stalled.Store(false)
		load(all, 2)
		await(t, all, 40*time.Second)
	})
}
