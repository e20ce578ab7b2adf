package crowd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/topnetwork/top/testutil/localnet"
)

// told is how often it is said how far the payments are.
const told = 5 * time.Second

// Script of what a crowd does.
type Script struct {
	// Rounds of payments: each payer makes one in each.
	Rounds int
	// Pace between two looks at how far the payers are; in between each makes two payments at most.
	Pace time.Duration
	// Split the first shard when a quarter of the payments are made.
	Split bool
	// Rotate: wait until the committee of every shard has changed once.
	Rotate bool
}

// Result of a crowd's payments. Transfers and Crossing are what was signed, by the shards of the start: Pay answers once each is in a block and every account has exactly what it must have. All else is read from the chains.
type Result struct {
	Shards    int  `json:"shards"`
	Transfers int  `json:"transfers"`
	Crossing  int  `json:"cross_shard"`
	Splits    int  `json:"splits"`
	Rotations int  `json:"rotations"`
	SupplyOK  bool `json:"supply_ok"`
	// SplitPauseMS is the longest time in which no payment of the shard's accounts came into a block, from the message that splits it until all is paid, as seen every pace of the script.
	SplitPauseMS int64 `json:"split_pause_ms"`
	// SplitBegan with the steward's message, SplitEnded when both children are active on the main chain.
	SplitBegan, SplitEnded time.Time `json:"-"`
}

// Pay by an edge, until every payment has arrived and the supply holds.
func (c *Crowd) Pay(ctx context.Context, n *localnet.Network, edge localnet.Edge, s Script, logf func(format string, args ...any)) (*Result, error) {
	began, err := records(ctx, n)
	if err != nil {
		return nil, err
	}
	table, err := tableOf(began)
	if err != nil {
		return nil, err
	}
	if err := c.sign(table, s.Rounds); err != nil {
		return nil, err
	}
	conn, err := dial(edge)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &load{c: c, conn: conn, pace: s.Pace}
	l.pause = &pause{of: table[0].Prefix}
	splitting := make(chan error, 1)
	var at, ended time.Time
	begun, shown, start := !s.Split, 0, time.Now()
	if begun {
		splitting <- nil
	}
	if err := l.run(ctx, func(done int) {
		if !begun && done >= c.Payments/4 {
			begun = true
			go func() {
				at = time.Now()
				l.pause.watch(at)
				err := split(ctx, n, table[0].Name)
				if err != nil {
					cancel(err)
				}
				ended = time.Now()
				logf("%-18s %s has split after %.1fs", "", table[0].Name, ended.Sub(at).Seconds())
				splitting <- err
			}()
		}
		if now := int(time.Since(start) / told); now > shown {
			shown = now
			logf("%-18s %d of %d payments are in blocks%s", "", done, c.Payments, l.trouble())
		}
	}); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	if err := <-splitting; err != nil {
		return nil, err
	}
	if err := l.settled(ctx); err != nil {
		return nil, err
	}
	logf("%-18s every payment has arrived", "")
	r, err := c.result(ctx, n, s, len(began), logf)
	if err == nil && s.Split {
		r.SplitPauseMS, r.SplitBegan, r.SplitEnded = l.pause.end().Milliseconds(), at, ended
	}
	return r, err
}

// result of all, once every shard has rotated and the supply was added up.
func (c *Crowd) result(ctx context.Context, n *localnet.Network, s Script, before int, logf func(format string, args ...any)) (*Result, error) {
	r := &Result{Transfers: c.Payments, Crossing: c.Crossing}
	for {
		list, err := records(ctx, n)
		if err != nil {
			return nil, err
		}
		r.Shards, r.Splits = 0, (len(list)-before)/2
		for _, at := range list {
			if at.Status == active {
				r.Shards++
			}
		}
		all, least, err := rotations(ctx, n, list)
		if err != nil {
			return nil, err
		}
		if r.Rotations = all; !s.Rotate || least > 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("not every shard has had another committee: %w", ctx.Err())
		case <-time.After(s.Pace):
		}
	}
	if s.Rotate {
		logf("%-18s every shard has had another committee, %d changes in all", "", r.Rotations)
	}
	counted, err := n.Supply(ctx)
	if err != nil {
		return nil, err
	}
	if counted != r.Shards {
		return nil, fmt.Errorf("the supply was added up over %d shards, %d are active", counted, r.Shards)
	}
	r.SupplyOK = true
	return r, nil
}
