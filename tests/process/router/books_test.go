//go:build process

package router

import (
	"context"
	"fmt"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// pay other shards' users by a member that takes the transfers.
func (n *network) pay(t *testing.T, at *member, transfers ...[]byte) {
	t.Helper()
	n.note(t, transfers...)
	at.submit(t, transfers...)
}

// note transfers that are to arrive.
func (n *network) note(t *testing.T, transfers ...[]byte) {
	t.Helper()
	for _, raw := range transfers {
		tx, err := sendtx.Decode(raw)
		require.NoError(t, err)
		n.sent[lattice.Hash(sendtx.Hash(raw))] = true
		n.total += tx.Amount.Utop
	}
}

// payments of all users of a shard to as many of each other one.
func (n *network) payments(from int, utop uint64) (list [][]byte) {
	for i, to := range n.shards {
		if i == from {
			continue
		}
		for u, payer := range n.shards[from].users {
			list = append(list, payer.send(to.users[u], utop+uint64(u)))
		}
	}
	return list
}

// settled waits until all transfers to other shards were executed, taken and confirmed.
func (n *network) settled(t *testing.T, needs ...*process.Process) {
	t.Helper()
	n.await(t, "all batches are taken and confirmed", func(ctx context.Context) error {
		left := math.NewIntFromUint64(n.total)
		for _, from := range n.shards {
			for _, to := range n.shards {
				if from == to {
					continue
				}
				out, err := from.ledger(ctx, to.name)
				if err != nil {
					return err
				}
				in, err := to.ledger(ctx, from.name)
				if err != nil {
					return err
				}
				if out.Outbox.Sent.Height == 0 || out.Outbox.Sent.Height != in.Inbox.Taken.Height || out.Outbox.Waiting != 0 {
					return fmt.Errorf("%s has sent %s up to %d, taken is %d, %d wait", from.name, to.name, out.Outbox.Sent.Height, in.Inbox.Taken.Height, out.Outbox.Waiting)
				}
				if !out.Outbox.Total.Equal(in.Inbox.Total) {
					return fmt.Errorf("%s has sent %s %s, %s came", from.name, to.name, out.Outbox.Total, in.Inbox.Total)
				}
				left = left.Sub(out.Outbox.Total.AmountOf("utop"))
			}
		}
		if !left.IsZero() {
			return fmt.Errorf("%sutop of %d have not left their senders", left, n.total)
		}
		return nil
	}, needs...)
}

// exact holds the accounts against what was sent: every transfer was credited once, nothing else came, nothing is missing, and `relayer check supply` says so, too. It answers at which height each was credited.
func (n *network) exact(t *testing.T, r *router) map[lattice.Hash]uint64 {
	t.Helper()
	credited := map[lattice.Hash]uint64{}
	var issued, held uint64
	for _, s := range n.shards {
		for _, u := range s.users {
			has := s.utop(t, u)
			require.Equal(t, u.balance, has, sendtx.Bech32(u.address))
			issued, held = issued+funds, held+has
			for _, unit := range s.units(t, u) {
				if unit.Kind == "send" {
					continue
				}
				hash := lattice.Hash(unit.Transaction)
				require.Equal(t, "receive", unit.Kind)
				require.True(t, n.sent[hash], "a receipt of a transfer that nobody sent")
				require.Zero(t, credited[hash], "a transfer is credited twice")
				credited[hash] = unit.Height
			}
		}
	}
	require.Len(t, credited, len(n.sent), "transfers that arrived nowhere")
	require.Equal(t, issued, held)
	out, err := exec.Command(program(t, "relayer"), "check", "supply", "--home", r.home).CombinedOutput()
	require.NoError(t, err, string(out))
	t.Logf("%s", out)
	return credited
}

// sameState of all members: the newest block that one of them has is there at all, and has one hash and one state before it.
func (n *network) sameState(t *testing.T) {
	t.Helper()
	for _, s := range n.shards {
		var newest int64
		for _, m := range s.members {
			h, err := m.node().Header(t.Context(), 0)
			require.NoError(t, err)
			newest = max(newest, h.Height)
		}
		of := map[string]bool{}
		for _, m := range s.members {
			n.await(t, fmt.Sprintf("block %d of %s at %s", newest, s.name, m.process.Spec.Name), func(ctx context.Context) error {
				h, err := m.node().Header(ctx, newest)
				if err == nil {
					of[h.Hash+" "+h.AppHash] = true
				}
				return err
			})
		}
		require.Len(t, of, 1, "%s at height %d: hashes of blocks and states", s.name, newest)
	}
}
