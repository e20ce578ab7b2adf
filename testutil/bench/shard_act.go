package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/testutil/localnet"
)

// The act of a shard in the demo: so many members, accounts and transfers, and so long a look at single ones.
const (
	actMembers, actAccounts, actRounds = 4, 1_000, 10
	actConfirmTime                     = 5 * time.Second
)

// Act is what the demo's shard did.
type Act struct {
	Members   int     `json:"members"`
	Transfers int     `json:"transfers"`
	PerSecond float64 `json:"transfers_per_s"`
	// Confirm50 and Confirm99 are percentiles of the time from a client's send to the answer that its transfer is in a block, in milliseconds, without other load.
	Confirm50 float64 `json:"confirm_p50_ms"`
	Confirm99 float64 `json:"confirm_p99_ms"`
	// SameState: all members have the same app hash after it. InvariantsOK: no coin was made or lost.
	SameState    bool `json:"same_state"`
	InvariantsOK bool `json:"invariants_ok"`
}

// ShardAct starts a shard, sends ten thousand transfers through it and then some that wait for each other, and stops it.
func ShardAct(ctx context.Context, cfg localnet.Config, dir string) (act Act, err error) {
	s, err := startShard(ctx, cfg, dir, shardConfig{members: actMembers, accounts: actAccounts, kind: lattice.Ed25519})
	if err != nil {
		return act, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	l, err := s.signLoad(actRounds)
	if err != nil {
		return act, err
	}
	before, err := s.metas(ctx, 0, 0)
	if err != nil {
		return act, err
	}
	began := time.Now()
	loading, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- l.run(loading) }()
	act.Members, act.Transfers = actMembers, actAccounts*actRounds
	err = s.await(ctx, before.last, act.Transfers)
	lasted := time.Since(began)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return act, err
	}
	act.PerSecond = float64(act.Transfers) / lasted.Seconds()
	times, err := s.confirmAlone(ctx, actConfirmTime)
	if err != nil {
		return act, err
	}
	act.Confirm50, act.Confirm99 = milliseconds(percentile(times, 50)), milliseconds(percentile(times, 99))
	if err := s.sameState(ctx); err != nil {
		return act, err
	}
	act.SameState = true
	if err := s.invariants(ctx); err != nil {
		return act, err
	}
	act.InvariantsOK = true
	return act, nil
}

// invariants of the first member's accounts; while it executes a block it does not say.
func (s *shardNet) invariants(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var answer struct {
		OK     bool   `json:"ok"`
		Broken string `json:"broken"`
	}
	if err := process.Await(ctx, "the sum of all accounts", func(ctx context.Context) error {
		return localnet.REST{URL: s.nodes[0].REST}.Get(ctx, "/top/lattice/v1/invariants", &answer)
	}); err != nil {
		return err
	}
	if !answer.OK {
		return fmt.Errorf("invariants: %s", answer.Broken)
	}
	return nil
}

// await so many transfers in the blocks after a height.
func (s *shardNet) await(ctx context.Context, height int64, transfers int) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for committed := 0; committed < transfers; {
		m, err := s.metas(ctx, 0, height)
		if err != nil {
			return err
		}
		height, committed = m.last, committed+m.txs
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d transfers are in blocks: %w", committed, transfers, ctx.Err())
		case <-time.After(confirmPoll):
		}
	}
	return nil
}

// sameState compares the members' app hashes at one height.
func (s *shardNet) sameState(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	m, err := s.metas(ctx, 0, 0)
	if err != nil {
		return err
	}
	var first string
	for _, node := range s.nodes {
		var h *localnet.Header
		for h == nil {
			// A member may be a block behind.
			if h, err = node.Header(ctx, m.last); err != nil {
				select {
				case <-ctx.Done():
					return errors.Join(err, ctx.Err())
				case <-time.After(confirmPoll):
				}
			}
		}
		if first == "" {
			first = h.AppHash
		}
		if h.AppHash != first {
			return fmt.Errorf("app hash of height %d: %s has %s, the first member %s", m.last, node.Home, h.AppHash, first)
		}
	}
	return nil
}
