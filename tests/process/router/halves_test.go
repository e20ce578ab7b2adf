//go:build process

package router

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/fault"
)

const (
	// revival is how long a committee whose halves hear each other again may take to its next blocks: what TCP sends again waits as long as the cut was, at most.
	revival = 30 * time.Second
	// delivery of all that waited, from then on.
	delivery = 30 * time.Second
	// settling blocks of the other shard after a cut, in which what was under way arrives, and those in which nothing may move.
	settling, watched = 10, 25
)

// A committee of four, each in a network namespace of its own, is cut into halves: neither makes a block or takes a receipt, while the other shard goes on and its receipts wait. Healed, it makes blocks within the time above, and
// everything is credited once, though each half was given another transfer with the same sequence.
func TestCommitteeCutInHalves(t *testing.T) {
	if reason := fault.NoSwitch(); reason != "" {
		t.Skip(reason)
	}
	n := found(t, 8, plan{bits: "0", members: 4}, plan{bits: "1", members: 1})
	r := n.router(t, "router")
	r.start(t)
	cut, other := n.shards[0], n.shards[1]
	n.pay(t, cut.members[0], n.payments(0, 1_000_000)...)
	n.pay(t, other.members[0], n.payments(1, 1_000_000)...)
	n.settled(t, r.process)

	require.NoError(t, n.machines.Cut(2, 3))
	began := time.Now()
	n.blocks(t, other, settling)
	stood := n.heights(t, cut)
	taken, err := cut.ledger(t.Context(), other.name)
	require.NoError(t, err)
	had := cut.utop(t, cut.users[0])
	// To the cut shard, and out of it by each half.
	n.pay(t, other.members[0], n.payments(1, 2_000_000)...)
	all := n.payments(0, 3_000_000)
	n.pay(t, cut.members[1], all[:4]...)
	n.pay(t, cut.members[3], all[4:]...)
	twice := cut.users[0]
	const contested = 5_000_000
	rivals := [2][]byte{twice.signed(other.users[0], contested), twice.signed(other.users[1], contested)}
	cut.members[0].submit(t, rivals[0])
	cut.members[2].submit(t, rivals[1])
	for range watched {
		n.blocks(t, other, 1)
		require.Equal(t, stood, n.heights(t, cut), "without a quorum there is no block on either side")
	}
	require.Equal(t, had, cut.utop(t, cut.users[0]))
	in, err := cut.ledger(t.Context(), other.name)
	require.NoError(t, err)
	require.Equal(t, taken.Inbox, in.Inbox)
	out, err := other.ledger(t.Context(), cut.name)
	require.NoError(t, err)
	require.Positive(t, out.Outbox.Waiting)
	require.Greater(t, out.Outbox.Sent.Height, in.Inbox.Taken.Height)
	lasted := time.Since(began)

	require.NoError(t, n.machines.Mend(2, 3))
	healed := time.Now()
	n.await(t, "blocks of "+cut.name, func(ctx context.Context) error {
		for i, m := range cut.members {
			h, err := m.node().Header(ctx, 0)
			if err != nil {
				return err
			}
			if h.Height < stood[i]+3 {
				return fmt.Errorf("member %d has height %d, had %d", i, h.Height, stood[i])
			}
		}
		return nil
	})
	revived := time.Since(healed)
	// One of both rivals is in a block.
	n.await(t, "one of two transfers with the same sequence", func(context.Context) error {
		for _, unit := range cut.units(t, twice) {
			for i, raw := range rivals {
				if unit.Kind == "send" && lattice.Hash(unit.Transaction) == lattice.Hash(sendtx.Hash(raw)) {
					twice.paid(other.users[i], contested)
					n.note(t, raw)
					return nil
				}
			}
		}
		return fmt.Errorf("neither was executed")
	})
	n.settled(t, r.process)
	settled := time.Since(healed)
	t.Logf("cut for %s; all four members made three blocks %s after it was healed (bound %s), all that waited was credited and confirmed after %s (bound %s)",
		lasted.Round(time.Millisecond), revived.Round(time.Millisecond), revival, settled.Round(time.Millisecond), revival+delivery)
	require.Less(t, revived, revival)
	require.Less(t, settled, revival+delivery)
	n.exact(t, r)
	n.sameState(t)
}

// heights of the members' newest blocks.
func (n *network) heights(t *testing.T, s *shard) (list []int64) {
	t.Helper()
	for _, m := range s.members {
		h, err := m.node().Header(t.Context(), 0)
		require.NoError(t, err)
		list = append(list, h.Height)
	}
	return list
}

// blocks that a shard makes from now on.
func (n *network) blocks(t *testing.T, s *shard, more uint64) {
	t.Helper()
	began, err := s.height(t.Context())
	require.NoError(t, err)
	n.await(t, fmt.Sprintf("%d blocks of %s", more, s.name), func(ctx context.Context) error {
		height, err := s.height(ctx)
		if err == nil && height < began+more {
			err = fmt.Errorf("height is %d, was %d", height, began)
		}
		return err
	})
}
