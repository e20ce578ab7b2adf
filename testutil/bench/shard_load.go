package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// metas of blocks: the last height, and how many transactions are in blocks after a height.
type metas struct {
	last int64
	txs  int
}

// metas of up to twenty blocks after a height, from a member's RPC.
func (s *shardNet) metas(ctx context.Context, node int, after int64) (m metas, err error) {
	url := s.nodes[node].RPC + "/blockchain"
	if after > 0 {
		url += fmt.Sprintf("?minHeight=%d&maxHeight=%d", after+1, after+20)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return m, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	var answer struct {
		Error *struct {
			Data string `json:"data"`
		} `json:"error"`
		Result struct {
			LastHeight string `json:"last_height"`
			BlockMetas []struct {
				NumTxs string `json:"num_txs"`
			} `json:"block_metas"`
		} `json:"result"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return m, err
	}
	if answer.Error != nil {
		// Asked for blocks that are still to come.
		m.last = after
		return m, nil
	}
	if m.last, err = strconv.ParseInt(answer.Result.LastHeight, 10, 64); err != nil {
		return m, err
	}
	for _, b := range answer.Result.BlockMetas {
		n, err := strconv.Atoi(b.NumTxs)
		if err != nil {
			return m, err
		}
		m.txs += n
	}
	if after > 0 {
		m.last = min(m.last, after+int64(len(answer.Result.BlockMetas)))
	}
	return m, nil
}

// shardLoad sends what was signed, by the batch route to every member, and follows what is committed.
type shardLoad struct {
	s *shardNet
	// batches for each member, in the order in which they are sent.
	batches [][][][]byte
	// submitted batches of each member.
	submitted []int
	// rate in transfers per second; 0 is as fast as the shard takes them.
	rate float64

	sent, committed, refused atomic.Int64
	loading                  atomic.Bool
}

// signLoad signs rounds of transfers, one per account and round.
func (s *shardNet) signLoad(rounds int) (*shardLoad, error) {
	l := &shardLoad{s: s, batches: make([][][][]byte, len(s.nodes)), submitted: make([]int, len(s.nodes))}
	signed := make([][][]byte, len(s.signers))
	if err := each(len(s.signers), func(i int) error {
		to := sendtx.AddressOf(s.signers[(i*7+1)%len(s.signers)].key)
		for range rounds {
			raw, err := s.signers[i].transfer(to)
			if err != nil {
				return err
			}
			signed[i] = append(signed[i], raw)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	// An account always sends to the same member, in its order.
	for round := range rounds {
		for node := range s.nodes {
			var batch [][]byte
			for i := node; i < len(signed); i += len(s.nodes) {
				if batch = append(batch, signed[i][round]); len(batch) == shardBatch {
					l.batches[node], batch = append(l.batches[node], batch), nil
				}
			}
			if len(batch) > 0 {
				l.batches[node] = append(l.batches[node], batch)
			}
		}
	}
	return l, nil
}

// run until the context ends or everything is sent.
func (l *shardLoad) run(ctx context.Context) error {
	l.loading.Store(true)
	defer l.loading.Store(false)
	began := time.Now()
	return together(len(l.s.nodes), func(node int) (err error) {
		conn, err := grpc.NewClient(l.s.nodes[node].GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(64<<20)))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		stream, err := latticetypes.NewIngestClient(conn).Submit(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		for _, batch := range l.batches[node] {
			for ctx.Err() == nil && l.busy(began) {
				time.Sleep(5 * time.Millisecond)
			}
			if ctx.Err() != nil {
				return nil
			}
			if err := l.submit(ctx, stream, batch); err != nil {
				return err
			}
			l.submitted[node]++
		}
		return nil
	})
}

// unsign what was not submitted: accounts go on with the sequence that is next.
func (l *shardLoad) unsign(rounds int) {
	nodes := len(l.s.nodes)
	for i, signer := range l.s.signers {
		node, at := i%nodes, i/nodes/shardBatch
		perRound := len(l.batches[node]) / rounds
		// Rounds whose batch with this account was submitted.
		sent := (l.submitted[node] - at + perRound - 1) / perRound
		signer.next -= uint64(rounds - max(0, sent))
	}
}

// busy tells whether enough is under way, or more was sent than the rate allows.
func (l *shardLoad) busy(began time.Time) bool {
	sent := l.sent.Load()
	return sent-l.committed.Load() > shardWaiting || l.rate > 0 && float64(sent) > l.rate*time.Since(began).Seconds()
}

// submit a batch; what a full mempool refuses is sent again.
func (l *shardLoad) submit(ctx context.Context, stream latticetypes.Ingest_SubmitClient, batch [][]byte) error {
	for len(batch) > 0 {
		if err := stream.Send(&latticetypes.SubmitRequest{Transactions: batch}); err != nil {
			return err
		}
		res, err := stream.Recv()
		if err != nil {
			return err
		}
		var again [][]byte
		for _, r := range res.Refused {
			switch r.Code {
			case engine.CodeFull:
				again = append(again, batch[r.Index])
			case engine.CodeSeen:
			default:
				return fmt.Errorf("a transfer was refused: code %d, %s", r.Code, r.Log)
			}
		}
		l.sent.Add(int64(len(batch) - len(again)))
		l.refused.Add(int64(len(again)))
		if batch = again; len(batch) > 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}

// follow counts what is committed until the load is over, or for a time; it answers the marks of the first and the last block that were counted, and the transfers between them.
func (l *shardLoad) follow(ctx context.Context, lasting time.Duration) (first, last mark, transfers int, err error) {
	start, err := l.s.metas(ctx, 0, 0)
	if err != nil {
		return first, last, 0, err
	}
	height := start.last
	for l.loading.Load() || first.height == 0 {
		m, err := l.s.metas(ctx, 0, height)
		if err != nil {
			return first, last, transfers, err
		}
		if m.last > height {
			height = m.last
			l.committed.Add(int64(m.txs))
			switch {
			case m.txs == 0 && first.height == 0:
			case first.height == 0:
				// A part of it came before the load was there.
				if first, err = l.s.mark(height, time.Now()); err != nil {
					return first, last, transfers, err
				}
			default:
				transfers += m.txs
				if last, err = l.s.mark(height, time.Now()); err != nil || last.seen.Sub(first.seen) >= lasting {
					return first, last, transfers, err
				}
			}
		}
		select {
		case <-ctx.Done():
			return first, last, transfers, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	if transfers == 0 {
		return first, last, 0, fmt.Errorf("no transfer was committed")
	}
	return first, last, transfers, nil
}

// shardFigures of a load.
type shardFigures struct {
	tps, cpu float64
	seconds  float64
	count    int
	blocks   int64
	loader   time.Duration
}

// measure a shard under all the load that it takes.
func (s *shardNet) measure(ctx context.Context, rounds int) (f shardFigures, err error) {
	l, err := s.signLoad(rounds)
	if err != nil {
		return f, err
	}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	l.loading.Store(true)
	go func() { ended <- l.run(loading) }()
	first, last, transfers, err := l.follow(ctx, shardTime)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return f, err
	}
	l.unsign(rounds)
	lasted := last.seen.Sub(first.seen)
	return shardFigures{
		tps: float64(transfers) / lasted.Seconds(), cpu: float64((last.cpu - first.cpu).Microseconds()) / float64(transfers),
		seconds: lasted.Seconds(), count: transfers, blocks: last.height - first.height, loader: last.mine - first.mine,
	}, nil
}

// shardCase is a shard that is measured.
type shardCase struct {
	name    string
	members int
	kind    lattice.KeyKind
	rounds  int
	// tps at least, and so many times what the stock chain of as many validators does.
	tps   float64
	stock string
	times float64
	// cpu at most, in microseconds.
	cpu float64
}

// shard measures one shard: transfers without gas fees, on a lattice of accounts.
func (r *run) shard(ctx context.Context) ([]Result, error) {
	var all []Result
	if r.only("shard.refuse") {
		results, err := refusals()
		if all = append(all, results...); err != nil {
			return all, err
		}
	}
	for _, c := range []shardCase{
		{"shard.1val", 1, lattice.Ed25519, 80, 18_000, "stock.1val.tps", 20, 60},
		{"shard.4val", 4, lattice.Ed25519, 40, 7_000, "stock.4val.tps", 25, 200},
		{"shard.1val.secp256k1", 1, lattice.Secp256k1, 50, 8_000, "stock.1val.tps", 0, 0},
	} {
		if !r.only(c.name) {
			continue
		}
		results, err := r.shardCase(ctx, c)
		all = append(all, results...)
		if err != nil {
			return all, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return all, nil
}

func (r *run) shardCase(ctx context.Context, c shardCase) (results []Result, err error) {
	s, err := startShard(ctx, r.Network, filepath.Join(r.Network.Dir, c.name), shardConfig{members: c.members, accounts: shardAccounts, kind: c.kind})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	f, err := s.measure(ctx, c.rounds)
	if err != nil {
		return nil, err
	}
	rss, err := residentMiB(s.procs[0].Pid())
	if err != nil {
		return nil, err
	}
	conditions := map[string]any{
		"members": c.members, "accounts": len(s.signers), "transactions": f.count, "seconds": f.seconds, "blocks": f.blocks, "loader_cpu_s": f.loader.Seconds(), "rss_mib": rss,
		"what": "one-utop transfers between accounts that exist, a key per account, signed before the clock starts, by the batch route to all members, default quota, loader on the same machine; committed ones are counted",
	}
	r.Network.Logf("%-14s %.0f tx/s, %.1f us", c.name, f.tps, f.cpu)
	results = append(results, newResult(c.name+".tps", f.tps, "tx/s", conditions).against("tx/s: "+c.stock, r.figures[c.stock]).atLeast(max(c.tps, c.times*r.figures[c.stock])))
	if c.cpu > 0 {
		results = append(results, newResult(c.name+".cpu_us", f.cpu, "us", conditions).atMost(c.cpu))
	}
	if c.members == 1 {
		return results, nil
	}
	times, err := s.confirmUnder(ctx, f.tps/2)
	if err != nil {
		return results, err
	}
	calm := map[string]any{
		"members": c.members, "load_per_s": f.tps / 2, "samples": len(times), "clients": confirmClients, "poll_ms": confirmPoll.Milliseconds(),
		"what": "from broadcast_tx_sync to the answer of tx that it is in a block, by clients that send one transfer after the other while others load the shard by half of what it takes",
	}
	return append(results,
		newResult(c.name+".confirm_p50_ms", milliseconds(percentile(times, 50)), "ms", calm).atMost(400),
		newResult(c.name+".confirm_p99_ms", milliseconds(percentile(times, 99)), "ms", calm).atMost(1000),
	), nil
}
