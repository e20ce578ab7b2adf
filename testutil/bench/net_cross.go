package bench

import (
	"context"
	"fmt"
	"time"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/testutil/localnet"
)

// settledFor is how long nothing moves between shards before all counts as arrived.
const settledFor = time.Second

// crossed coins between shards, of all that was ever sent.
type crossed struct {
	sent, taken math.Int
}

func (n *netShards) crossed(ctx context.Context) (sum crossed, err error) {
	sum = crossed{math.ZeroInt(), math.ZeroInt()}
	type box struct {
		Total []struct {
			Amount math.Int `json:"amount"`
		} `json:"total"`
	}
	for _, s := range n.shards {
		var answer struct {
			Ledgers []struct {
				Outbox box `json:"outbox"`
				Inbox  box `json:"inbox"`
			} `json:"ledgers"`
		}
		if err := (localnet.REST{URL: s.nodes[0].REST}).Get(ctx, "/top/lattice/v1/ledgers", &answer); err != nil {
			return sum, err
		}
		for _, l := range answer.Ledgers {
			for _, c := range l.Outbox.Total {
				sum.sent = sum.sent.Add(c.Amount)
			}
			for _, c := range l.Inbox.Total {
				sum.taken = sum.taken.Add(c.Amount)
			}
		}
	}
	return sum, nil
}

// used CPU of all members and of the router.
func (n *netShards) used() (time.Duration, error) {
	sum, err := cpuOf(n.router)
	for _, s := range n.shards {
		if err != nil {
			return sum, err
		}
		var one time.Duration
		one, err = cpuOf(s.procs...)
		sum += one
	}
	return sum, err
}

// measureCrossing loads all shards with transfers to each other, and counts until every one has arrived: both halves of each, whatever waits when the load ends. The CPU is that of members and router from the first transfer to the last credit.
func (n *netShards) measureCrossing(ctx context.Context, lasting time.Duration) (f shardFigures, err error) {
	loads, err := n.sign(netRounds)
	if err != nil {
		return f, err
	}
	before, err := n.crossed(ctx)
	if err != nil {
		return f, err
	}
	used, err := n.used()
	if err != nil {
		return f, err
	}
	began := time.Now()
	if f, err = n.load(ctx, loads, lasting); err != nil {
		return f, err
	}
	now, done, err := n.arrived(ctx)
	if err != nil {
		return f, err
	}
	total, err := n.used()
	if err != nil {
		return f, err
	}
	credits := now.taken.Sub(before.taken).QuoRaw(netAmount)
	if !credits.IsPositive() {
		return f, fmt.Errorf("nothing was credited in another shard")
	}
	f.count, f.seconds = int(credits.Int64()), done.Sub(began).Seconds()
	f.tps, f.cpu = float64(f.count)/f.seconds, float64((total-used).Microseconds())/float64(f.count)
	return f, nil
}

// arrived is when all that was sent had been taken.
func (n *netShards) arrived(ctx context.Context) (now crossed, at time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	last := crossed{math.ZeroInt(), math.ZeroInt()}
	for {
		if now, err = n.crossed(ctx); err != nil {
			return now, at, err
		}
		if !now.sent.Equal(last.sent) || !now.taken.Equal(last.taken) {
			last, at = now, time.Now()
		}
		if now.sent.Equal(now.taken) && time.Since(at) > settledFor {
			return now, at, nil
		}
		select {
		case <-ctx.Done():
			return now, at, fmt.Errorf("%s utop of %s have arrived in other shards: %w", now.taken, now.sent, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
