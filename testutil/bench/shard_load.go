package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// shardLoad sends what was signed, by the batch route to every member or by JSON-RPC, and follows what is committed.
type shardLoad struct {
	s *shardNet
	// rounds that were signed: a transfer of each account each.
	rounds int
	// batches of each connection, in the order in which they are sent.
	batches [][][][]byte
	// submitted batches of each connection.
	submitted []int
	// open a connection to a member: what it answers offers transactions there and tells those that were refused.
	open func(ctx context.Context, node int) (offer, func() error, error)
	// rate in transfers per second; 0 is as fast as the shard takes them.
	rate float64

	sent, committed, refused atomic.Int64
	loading                  atomic.Bool
}

// offer transactions to a member.
type offer func(txs [][]byte) ([]*latticetypes.Refusal, error)

// signLoad signs rounds of transfers, one per account and round, for a connection to each member by the batch route.
func (s *shardNet) signLoad(rounds int) (*shardLoad, error) {
	return s.signFor(len(s.nodes), shardBatch, rounds, s.openBatches)
}

// signFor so many connections, in batches of a size.
func (s *shardNet) signFor(connections, size, rounds int, open func(context.Context, int) (offer, func() error, error)) (*shardLoad, error) {
	l := &shardLoad{s: s, rounds: rounds, batches: make([][][][]byte, connections), submitted: make([]int, connections), open: open}
	senders := len(s.signers)
	if s.senders > 0 {
		senders = s.senders
	}
	signed := make([][][]byte, senders)
	if err := each(senders, func(i int) error {
		to := sendtx.AddressOf(s.signers[(i*7+1)%len(s.signers)].key)
		if len(s.recipients) > 0 {
			to = s.recipients[i%len(s.recipients)]
		}
		for range rounds {
			raw, err := s.signers[i].send(to, max(s.amount, 1))
			if err != nil {
				return err
			}
			signed[i] = append(signed[i], raw)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	// An account always sends on the same connection, in its order.
	for round := range rounds {
		for c := range connections {
			var batch [][]byte
			for i := c; i < len(signed); i += connections {
				if batch = append(batch, signed[i][round]); len(batch) == size {
					l.batches[c], batch = append(l.batches[c], batch), nil
				}
			}
			if len(batch) > 0 {
				l.batches[c] = append(l.batches[c], batch)
			}
		}
	}
	return l, nil
}

// openBatches is a connection by the batch route.
func (s *shardNet) openBatches(ctx context.Context, node int) (offer, func() error, error) {
	conn, err := grpc.NewClient(s.nodes[node].GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		return nil, nil, err
	}
	stream, err := latticetypes.NewIngestClient(conn).Submit(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return func(txs [][]byte) ([]*latticetypes.Refusal, error) {
		if err := stream.Send(&latticetypes.SubmitRequest{Transactions: txs}); err != nil {
			return nil, err
		}
		res, err := stream.Recv()
		return res.GetRefused(), err
	}, conn.Close, nil
}

// answerTime that a member has for what was offered before the load ended: one that hangs is not waited for longer.
const answerTime = 30 * time.Second

// outlive a context by a time. Whoever called it ends it.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() {
		stop()
		cancel()
	}
}

// run until the context ends or everything is sent.
func (l *shardLoad) run(ctx context.Context) error {
	l.loading.Store(true)
	defer l.loading.Store(false)
	began := time.Now()
	return together(len(l.batches), func(c int) (err error) {
		longer, cancel := outlive(ctx, answerTime)
		defer cancel()
		submit, shut, err := l.open(longer, c%len(l.s.nodes))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, shut()) }()
		for _, batch := range l.batches[c] {
			for ctx.Err() == nil && l.busy(began) {
				time.Sleep(5 * time.Millisecond)
			}
			if ctx.Err() != nil {
				return nil
			}
			if err := l.submit(ctx, submit, batch); err != nil {
				return err
			}
			l.submitted[c]++
		}
		return nil
	})
}

// unsign what was not submitted: accounts go on with the sequence that is next.
func (l *shardLoad) unsign() {
	connections := len(l.batches)
	for i, signer := range l.s.signers {
		if l.s.senders > 0 && i >= l.s.senders {
			return
		}
		c, at := i%connections, i/connections/shardBatch
		perRound := len(l.batches[c]) / l.rounds
		// Rounds whose batch with this account was submitted.
		sent := (l.submitted[c] - at + perRound - 1) / perRound
		signer.next -= uint64(l.rounds - max(0, sent))
	}
}

// busy tells whether enough is under way, or more was sent than the rate allows.
func (l *shardLoad) busy(began time.Time) bool {
	sent := l.sent.Load()
	return sent-l.committed.Load() > shardWaiting || l.rate > 0 && float64(sent) > l.rate*time.Since(began).Seconds()
}

// submit a batch; what a full mempool refuses is sent again.
func (l *shardLoad) submit(ctx context.Context, submit offer, batch [][]byte) error {
	for len(batch) > 0 {
		refused, err := submit(batch)
		if err != nil {
			return err
		}
		var again [][]byte
		for _, r := range refused {
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

// measure a shard under all the load that it takes, by the batch route.
func (s *shardNet) measure(ctx context.Context, rounds int) (f shardFigures, err error) {
	l, err := s.signLoad(rounds)
	if err != nil {
		return f, err
	}
	f, err = l.measure(ctx, shardTime)
	l.unsign()
	return f, err
}

// measure for a time, or until everything is sent.
func (l *shardLoad) measure(ctx context.Context, lasting time.Duration) (f shardFigures, err error) {
	loading, stop := context.WithTimeout(ctx, lasting+stepTimeout)
	defer stop()
	ended := make(chan error, 1)
	l.loading.Store(true)
	go func() { ended <- l.run(loading) }()
	first, last, transfers, err := l.follow(loading, lasting)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return f, err
	}
	lasted := last.seen.Sub(first.seen)
	return shardFigures{
		tps: float64(transfers) / lasted.Seconds(), cpu: float64((last.cpu - first.cpu).Microseconds()) / float64(transfers),
		seconds: lasted.Seconds(), count: transfers, blocks: last.height - first.height, loader: last.mine - first.mine,
	}, nil
}
