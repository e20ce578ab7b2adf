//go:build process

package router

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/relayer/nodes"
	carrier "github.com/topnetwork/top/relayer/router"
	"github.com/topnetwork/top/testutil/forger"
	"github.com/topnetwork/top/testutil/headers"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// memberPower in a shard's genesis committee.
const memberPower = 1000

// Whoever likes may carry: what was taken already, from another shard's blocks, out of order, to another shard, or signed by others than the committee is refused with its reason or waits, by every member of every shard, and nothing is
// credited by it. The router delivers the rest afterwards.
func TestHostileCarrier(t *testing.T) {
	n := found(t, 4, plan{bits: "0", members: 4}, plan{bits: "10", members: 1}, plan{bits: "11", members: 1})
	r := n.router(t, "router")
	r.start(t)
	for i, s := range n.shards {
		n.pay(t, s.members[0], n.payments(i, 1_000_000)...)
	}
	n.settled(t, r.process)
	require.NoError(t, r.process.Stop(waitTimeout))

	// What the shards' blocks have.
	taken := map[string]int{}
	for _, s := range n.shards {
		for _, raw := range s.captured(t) {
			tx, err := latticetypes.DecodeCarried(raw)
			require.NoError(t, err)
			d := tx.GetDelivery()
			if d == nil {
				require.NotNil(t, tx.GetConfirmation())
				taken["confirmations at "+s.name]++
				n.refused(t, s, raw, receipt.ErrReplay.Error())
				continue
			}
			taken["deliveries to "+s.name]++
			n.refused(t, s, raw, receipt.ErrReplay.Error())
			for _, elsewhere := range n.shards {
				if elsewhere != s {
					n.refused(t, elsewhere, raw, "unknown ledger")
				}
			}
		}
	}
	require.Len(t, taken, 2*len(n.shards), "each shard takes deliveries and confirmations: %v", taken)
	t.Logf("captured %v", taken)

	// Three batches of each shard for each other one, which nobody carries.
	for round := range uint64(3) {
		for i, s := range n.shards {
			n.pay(t, s.members[0], n.payments(i, 2_000_000+100_000*round)...)
		}
		n.await(t, "batches that wait", func(ctx context.Context) error {
			for _, from := range n.shards {
				for _, to := range n.shards {
					if from == to {
						continue
					}
					out, err := from.ledger(ctx, to.name)
					if err == nil && out.Outbox.Waiting <= round {
						err = fmt.Errorf("%d batches of %s for %s", out.Outbox.Waiting, from.name, to.name)
					}
					if err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	type pair struct{ from, to *shard }
	carried := map[pair][][]byte{}
	before := map[*shard]*latticetypes.QueryLedgersResponse{}
	var balances []uint64
	for _, to := range n.shards {
		for _, from := range n.shards {
			if from == to {
				continue
			}
			raws := n.deliveries(t, from, to)
			require.GreaterOrEqual(t, len(raws), 3)
			carried[pair{from, to}] = raws
			n.attack(t, from, to, raws[0])
			// All but the first, the last one first: they wait, once each.
			member := to.members[len(to.members)-1]
			for _, raw := range slices.Backward(raws[1:]) {
				require.Empty(t, member.offer(t, raw))
				require.Contains(t, member.offer(t, raw), mempool.ErrSeen.Error())
			}
		}
		var err error
		before[to], err = to.ledgers(t.Context())
		require.NoError(t, err)
		for _, u := range to.users {
			balances = append(balances, to.utop(t, u))
		}
	}
	for _, s := range n.shards {
		n.blocks(t, s, 10)
	}
	for _, s := range n.shards {
		now, err := s.ledgers(t.Context())
		require.NoError(t, err)
		for i, l := range now.Ledgers {
			require.Equal(t, before[s].Ledgers[i].Inbox, l.Inbox, "%s has taken something of %s", s.name, l.Name)
		}
		for _, u := range s.users {
			require.Equal(t, balances[0], s.utop(t, u))
			balances = balances[1:]
		}
	}

	// Of one pair the stranger brings the first one, too: what waited follows it.
	one := pair{n.shards[0], n.shards[1]}
	require.Empty(t, one.to.members[0].offer(t, carried[one][0]))
	n.await(t, "all batches of "+one.from.name, func(ctx context.Context) error {
		out, err := one.from.ledger(ctx, one.to.name)
		if err != nil {
			return err
		}
		in, err := one.to.ledger(ctx, one.from.name)
		if err == nil && in.Inbox.Taken.Height != out.Outbox.Sent.Height {
			err = fmt.Errorf("%d were sent, %d are taken", out.Outbox.Sent.Height, in.Inbox.Taken.Height)
		}
		return err
	})
	began := time.Now()
	r.start(t)
	n.settled(t, r.process)
	took := time.Since(began)
	t.Logf("the router carried the rest within %s of its start (bound %s)", took.Round(time.Millisecond), delivery)
	require.Less(t, took, delivery)
	for p, raws := range carried {
		for _, raw := range raws {
			n.refused(t, p.to, raw, receipt.ErrReplay.Error())
		}
	}
	n.exact(t, r)
	n.sameState(t)
}

// attack a shard with what others than the source's committee have signed, in place of a batch that it would take, and bring that batch to others.
func (n *network) attack(t *testing.T, from, to *shard, next []byte) {
	t.Helper()
	for _, elsewhere := range n.shards {
		if elsewhere != to {
			n.refused(t, elsewhere, next, "unknown ledger")
		}
	}
	change := func(do func(*latticetypes.Delivery)) []byte {
		tx, err := latticetypes.DecodeCarried(next)
		require.NoError(t, err)
		do(tx.GetDelivery())
		raw, err := tx.Marshal()
		require.NoError(t, err)
		return raw
	}
	// strangers are members of the shard that takes it: a real committee, and not the source's.
	strangers := to.keys(t)
	batch, err := receipt.Decode(decoded(t, next).Batch)
	require.NoError(t, err)
	made := batch
	made.Receipts = []receipt.Receipt{{From: from.users[0].address, To: to.users[0].address, Amount: lattice.Balance{Utop: funds}}}
	forged, err := forger.New(from.name, len(from.members), 1).Delivery(t, decoded(t, next).Proof.Header.Header.Height, &made).Marshal()
	require.NoError(t, err)
	n.refused(t, to, forged, "not trusted", "the committee is")
	n.refused(t, to, change(func(d *latticetypes.Delivery) {
		h, err := cmttypes.HeaderFromProto(d.Proof.Header.Header)
		require.NoError(t, err)
		set := headers.Set(strangers, memberPower)
		h.ValidatorsHash = set.Hash()
		d.Proof.Header = headers.Sign(&h, set, strangers).ToProto()
	}), "not trusted", "the committee is")
	n.refused(t, to, change(func(d *latticetypes.Delivery) {
		commit, err := cmttypes.CommitFromProto(d.Proof.Header.Commit)
		require.NoError(t, err)
		for i, s := range commit.Signatures {
			if s.BlockIDFlag != cmttypes.BlockIDFlagCommit {
				continue
			}
			signature, err := strangers[i%len(strangers)].Sign(commit.VoteSignBytes(from.name, int32(i)))
			require.NoError(t, err)
			commit.Signatures[i].Signature = signature
		}
		d.Proof.Header.Commit = commit.ToProto()
	}), "not trusted")
	n.refused(t, to, change(func(d *latticetypes.Delivery) { d.Batch = made.Encode() }), "proof")
	// Of what comes later is kept only what is proven: the room is for that.
	made.Height, made.Previous = batch.Height+1, batch.Cursor()
	forged, err = forger.New(from.name, len(from.members), 1).Delivery(t, decoded(t, next).Proof.Header.Header.Height, &made).Marshal()
	require.NoError(t, err)
	n.refused(t, to, forged, receipt.ErrGap.Error())
}

func decoded(t *testing.T, raw []byte) *latticetypes.Delivery {
	t.Helper()
	tx, err := latticetypes.DecodeCarried(raw)
	require.NoError(t, err)
	require.NotNil(t, tx.GetDelivery())
	return tx.GetDelivery()
}

// refused by every member of a shard, with these words.
func (n *network) refused(t *testing.T, s *shard, raw []byte, words ...string) {
	t.Helper()
	for _, m := range s.members {
		said := m.offer(t, raw)
		require.NotEmpty(t, said, "%s takes it", m.process.Spec.Name)
		for _, w := range words {
			require.Contains(t, said, w, m.process.Spec.Name)
		}
	}
}

// offer a transaction by RPC, and why it is refused.
func (m *member) offer(t *testing.T, raw []byte) string {
	t.Helper()
	client, err := rpchttp.New(m.RPC, "/websocket")
	require.NoError(t, err)
	res, err := client.BroadcastTxSync(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, res.Code == 0, res.Log == "")
	return res.Log
}

// captured transactions are those that others have carried into a shard's blocks.
func (s *shard) captured(t *testing.T) (list [][]byte) {
	t.Helper()
	client, err := rpchttp.New(s.members[0].RPC, "/websocket")
	require.NoError(t, err)
	top, err := s.members[0].node().Header(t.Context(), 0)
	require.NoError(t, err)
	for h := int64(1); h <= top.Height; h++ {
		res, err := client.Block(t.Context(), &h)
		require.NoError(t, err)
		for _, raw := range res.Block.Txs {
			if latticetypes.IsCarried(raw) {
				list = append(list, raw)
			}
		}
	}
	return list
}

// deliveries of what waits for another shard, as a router makes them.
func (n *network) deliveries(t *testing.T, s, to *shard) (list [][]byte) {
	t.Helper()
	at, err := carrier.Dial(s.name, []nodes.Node{{RPC: s.members[0].RPC, GRPC: s.members[0].GRPC}})
	require.NoError(t, err)
	defer func() { require.NoError(t, at.Close()) }()
	in, err := to.ledger(t.Context(), s.name)
	require.NoError(t, err)
	batches, err := at.Batches(t.Context(), to.name, in.Inbox.Taken.Height)
	require.NoError(t, err)
	require.NotEmpty(t, batches)
	// A block's header proves the state before it.
	var header *cmtproto.SignedHeader
	n.await(t, "a header after the last batch of "+s.name, func(ctx context.Context) error {
		header, err = at.Header(ctx, 0)
		if last := batches[len(batches)-1].Height; err == nil && uint64(header.Header.Height) <= last {
			err = fmt.Errorf("height is %d, the batch is of %d", header.Header.Height, last)
		}
		return err
	})
	for _, b := range batches {
		value, ops, err := at.Prove(t.Context(), b.Key, header)
		require.NoError(t, err)
		require.NotEmpty(t, value)
		tx := &latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: b.Batch, Proof: &latticetypes.Proof{Header: header, Ops: ops}}}}
		raw, err := tx.Marshal()
		require.NoError(t, err)
		list = append(list, raw)
	}
	return list
}

// keys of the members, with which they sign.
func (s *shard) keys(t *testing.T) (list []ed25519.PrivKey) {
	t.Helper()
	for _, m := range s.members {
		pv := privval.LoadFilePVEmptyState(filepath.Join(m.Home, "config", "priv_validator_key.json"), "")
		list = append(list, pv.Key.PrivKey.(ed25519.PrivKey))
	}
	return list
}
