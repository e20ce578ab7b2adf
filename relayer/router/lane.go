package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/topnetwork/top/relayer/faults"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// firstPause and lastPause after what failed or was refused.
	firstPause = 500 * time.Millisecond
	lastPause  = 10 * time.Second
)

// lane carries what one shard has sent to another, and back how far that has taken it. All that it remembers are hints: what it would do twice without them does no harm.
type lane struct {
	from, to *station
	// destination that the batches are addressed to: to itself, or a parent of it.
	destination string
	cfg         Config
	log         *slog.Logger
	metrics     *Metrics
	told        *faults.Told
	wake        chan struct{}

	flights
	owing
	// proved is the height of the audited header that was asked last what was taken.
	proved int64
	// pause until then, after something failed.
	pause time.Duration
	until time.Time
}

func newLane(from, to *station, destination string, cfg Config, log *slog.Logger, metrics *Metrics, told *faults.Told) *lane {
	return &lane{
		from: from, to: to, destination: destination, cfg: cfg, metrics: metrics, told: told, wake: make(chan struct{}, 1),
		log: log.With("source", from.Name(), "destination", destination),
	}
}

// inbox is its name at whom the lane leads to.
func (l *lane) inbox() string {
	return latticetypes.InboxName(l.from.Name(), l.destination, l.to.Name())
}

// nudge the lane: one of its ends has a new block.
func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run until ctx ends.
func (l *lane) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
		if time.Now().Before(l.until) {
			continue
		}
		err := l.step(ctx)
		if ctx.Err() != nil {
			return
		}
		l.rest(err)
	}
}

// rest after a failure, the longer the more there were.
func (l *lane) rest(err error) {
	subject := l.from.Name() + " " + l.inbox() + " " + l.to.Name()
	if l.told.News(subject, err) {
		l.log.Warn("what waits is not carried, tried again; it is in top_router_waiting_batches", "error", err)
	}
	if err == nil {
		l.pause = 0
		return
	}
	l.metrics.failed(l.from.Name(), l.destination)
	l.pause = min(max(2*l.pause, firstPause), lastPause)
	l.until = time.Now().Add(l.pause)
}

// step does both: what is known of the ends decides.
func (l *lane) step(ctx context.Context) error {
	from, to := l.from.seen(), l.to.seen()
	if from.ledgers == nil || to.ledgers == nil {
		return nil
	}
	err := l.deliver(ctx, from, to)
	return errors.Join(err, l.confirm(ctx, from, to))
}

// offer a transaction to a shard. It answers whether it is on its way, or there already.
func (l *lane) offer(ctx context.Context, to *station, step string, raw []byte) (bool, error) {
	err := to.Submit(ctx, raw)
	switch judge(err) {
	case accepted:
		l.metrics.carried(to.Name(), step)
		return true, nil
	case done:
		l.metrics.redundant(to.Name(), step)
		return true, nil
	case wrong:
		// One of both ends has a node that does not tell the truth, or that knows less than others.
		l.from.Rotate()
		l.to.Rotate()
	}
	return false, fmt.Errorf("%s: %w", step, err)
}
