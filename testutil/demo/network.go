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

// unaudited utop that the main chain, and each shard, takes from a shard before its auditors have confirmed it: 50 TOP, five hundred of the crowd's payments.
const unaudited = 50_000_000

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
func sharded(cfg localnet.Config, accounts []string) localnet.Config {
	cfg.Validators, cfg.TimeoutCommit, cfg.EpochBlocks, cfg.SmallCaches = 8, time.Second, 30, true
	cfg.Shards = localnet.Shards{Zones: 2, PerZone: 2, Members: 3, Auditors: 1, Funds: localnet.UserFunds, TimeoutCommit: time.Second, LingerBlocks: 5, Accounts: accounts, Unaudited: unaudited}
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

// carry between the shards by a router, and for wallets by an edge.
func carry(ctx context.Context, n *localnet.Network) (localnet.Edge, error) {
	if err := n.StartRouter(ctx, localnet.RouterName, n.Carrier); err != nil {
		return localnet.Edge{}, err
	}
	return n.StartEdge(ctx)
}

// pay by them.
func pay(ctx context.Context, n *localnet.Network, c *crowd.Crowd, logf func(format string, args ...any)) (*crowd.Result, error) {
	edge, err := carry(ctx, n)
	if err != nil {
		return nil, err
	}
	return c.Pay(ctx, n, edge, crowd.Script{Rounds: demoRounds, Pace: time.Second, Split: true, Rotate: true}, logf)
}
