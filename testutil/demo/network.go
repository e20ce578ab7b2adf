package demo

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/testutil/bench"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/crowd"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// The demo's crowd: so many accounts, which make so many payments each.
const demoPayers, demoRounds = 500, 40

// Messages and Payments are what both plays lead to.
type (
	Messages = play.Result
	Payments = crowd.Result
)

// Result of the demo, as its line of JSON says it.
type Result struct {
	*Messages
	*Payments
	// Shard is what one shard of its own takes.
	Shard bench.Act `json:"shard"`
}

// sharded network: two zones of two shards, on eight hosts, so that who audits a zone sits in none of its committees. With every epoch some sixth of all members and auditors change, and each that joins is a process that starts: so
// epochs are half a minute, where two processors do it all.
func sharded(cfg localnet.Config, c *crowd.Crowd) localnet.Config {
	cfg.Validators, cfg.TimeoutCommit, cfg.EpochBlocks, cfg.SmallCaches = 8, time.Second, 30, true
	cfg.Shards = localnet.Shards{Zones: 2, PerZone: 2, Members: 3, Auditors: 1, Funds: localnet.UserFunds, TimeoutCommit: time.Second, LingerBlocks: 5, Accounts: c.Accounts()}
	return cfg
}

// perform starts a network and both plays on it, at the same time: messages on the service chain, payments between the shards. Nothing runs any more after an error.
func perform(ctx context.Context, cfg localnet.Config, c *crowd.Crowd) (*Result, *localnet.Network, error) {
	n, err := localnet.Start(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	result := &Result{}
	group, performing := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		result.Messages, err = play.Run(performing, n, play.Demo, cfg.Logf)
		return err
	})
	group.Go(func() (err error) {
		result.Payments, err = pay(performing, n, c, cfg.Logf)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, nil, errors.Join(err, n.Stop())
	}
	return result, n, nil
}

// pay by a router and an edge.
func pay(ctx context.Context, n *localnet.Network, c *crowd.Crowd, logf func(format string, args ...any)) (*crowd.Result, error) {
	if err := n.StartRouter(ctx, localnet.RouterName, n.Carrier); err != nil {
		return nil, err
	}
	edge, err := n.StartEdge(ctx)
	if err != nil {
		return nil, err
	}
	return c.Pay(ctx, n, edge, crowd.Script{Rounds: demoRounds, Pace: time.Second, Split: true, Rotate: true}, logf)
}
