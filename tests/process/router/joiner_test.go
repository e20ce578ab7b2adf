//go:build process

package router

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// joining is how long a member may take from its start to the newest block, of a small shard.
const joining = 45 * time.Second

// The fourth member of a committee comes late, by state-sync, while receipts wait: it has the others' state, and when another member leaves, the committee decides by its vote, and a router that asks it alone carries what waited
// before it came.
func TestFreshMemberJoinsByStateSync(t *testing.T) {
	const interval = 10
	n := found(t, 4, plan{bits: "0", members: 4, late: 1, env: []string{fmt.Sprint("TOPCHAIND_STATE_SYNC_SNAPSHOT_INTERVAL=", interval), "TOPCHAIND_STATE_SYNC_SNAPSHOT_KEEP_RECENT=100"}}, plan{bits: "1", members: 1})
	s, other := n.shards[0], n.shards[1]
	n.pay(t, s.members[0], n.payments(0, 1_000_000)...)
	n.pay(t, other.members[0], n.payments(1, 1_000_000)...)
	var sent uint64
	n.await(t, "receipts that wait", func(ctx context.Context) error {
		out, err := s.ledger(ctx, other.name)
		if err == nil && out.Outbox.Total.AmountOf("utop").Uint64()*2 != n.total {
			err = fmt.Errorf("%s have left", out.Outbox.Total)
		}
		sent = out.Outbox.Sent.Height
		return err
	})
	// A snapshot is taken after its block, and the light client needs two blocks more.
	n.await(t, "a snapshot with them", func(ctx context.Context) error {
		height, err := s.height(ctx)
		if err == nil && height < (sent/interval+1)*interval+5 {
			err = fmt.Errorf("height is %d, the receipts are of %d", height, sent)
		}
		return err
	})
	trusted, err := s.members[1].node().Header(t.Context(), interval/2)
	require.NoError(t, err)

	fresh, began := s.late[0], time.Now()
	n.launch(t, fresh, fresh.spec(t, s.name+".fresh",
		"TOPCHAIND_STATESYNC_ENABLE=true", "TOPCHAIND_STATESYNC_RPC_SERVERS="+s.members[0].served(t)+","+s.members[1].served(t), fmt.Sprint("TOPCHAIND_STATESYNC_TRUST_HEIGHT=", trusted.Height), "TOPCHAIND_STATESYNC_TRUST_HASH="+trusted.Hash,
		"TOPCHAIND_STATESYNC_DISCOVERY_TIME=5s",
	))
	n.await(t, "the fresh member to catch up", func(ctx context.Context) error {
		status, err := fresh.node().Status(ctx)
		if err == nil && (status.CatchingUp || status.Height == 0) {
			err = fmt.Errorf("height is %d, catching up: %t", status.Height, status.CatchingUp)
		}
		return err
	}, fresh.process)
	took := time.Since(began)
	status, err := fresh.node().Status(t.Context())
	require.NoError(t, err)
	require.Greater(t, status.Earliest, int64(sent), "it has not replayed the blocks with the receipts")
	s.members = append(s.members, fresh)
	n.sameState(t)
	t.Logf("joined at height %d, with blocks from %d on, within %s of its start (bound %s)", status.Height, status.Earliest, took.Round(time.Millisecond), joining)
	require.Less(t, took, joining)

	// Three of four are left: each has to sign.
	gone := s.members[0]
	s.members = s.members[1:]
	require.NoError(t, gone.process.Stop(waitTimeout))
	n.blocks(t, s, 5)
	newest, err := s.members[0].node().Header(t.Context(), 0)
	require.NoError(t, err)
	decided, err := s.members[0].node().Header(t.Context(), newest.Height-1)
	require.NoError(t, err)
	require.True(t, slices.Contains(decided.Signers, status.Validator), "%s is not among %v", status.Validator, decided.Signers)
	r := n.router(t, "router", fresh)
	r.start(t)
	n.settled(t, r.process)
	n.exact(t, r)
	n.sameState(t)
}
