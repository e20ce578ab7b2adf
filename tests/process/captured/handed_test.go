//go:build process

package captured

import (
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/relayer/nodes"
	"github.com/topnetwork/top/relayer/router"
	"github.com/topnetwork/top/sdk/chain"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// nodeOf a shard on a host, as routers ask it.
func nodeOf(e directory.Entry) []nodes.Node { return []nodes.Node{{RPC: e.RPC, GRPC: e.GRPC}} }

// handed what the thief has sent since, by headers that the captured committee has signed after the end: no router would, the thief's own does. Nobody takes it.
func (n *network) handed(thiefs directory.Entry) {
	t := n.t
	t.Helper()
	from, err := router.Dial(taken, nodeOf(thiefs))
	require.NoError(t, err)
	defer func() { require.NoError(t, from.Close()) }()
	to, err := router.Dial(safe, nodeOf(n.hosted(members[0], safe)))
	require.NoError(t, err)
	defer func() { require.NoError(t, to.Close()) }()
	key, err := chain.FromMnemonic(n.Users[0].Mnemonic)
	require.NoError(t, err)

	ledgers, err := to.Ledgers(t.Context())
	require.NoError(t, err)
	err = to.Submit(t.Context(), n.next(from, safe, ledgers.Ledgers, func(d *latticetypes.Delivery) ([]byte, error) {
		return (&latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: d}}).Marshal()
	}))
	var refusal *router.Refusal
	require.ErrorAs(t, err, &refusal)
	t.Log(refusal)

	main, err := gatetypes.NewQueryClient(n.main.Conn()).Ledgers(t.Context(), &gatetypes.QueryLedgersRequest{})
	require.NoError(t, err)
	n.next(from, n.Main.ID, main.Ledgers, func(d *latticetypes.Delivery) ([]byte, error) {
		_, err := n.main.Send(t.Context(), key, &gatetypes.MsgDeliver{Signer: key.Address(), Deliveries: []latticetypes.Delivery{*d}})
		require.ErrorContains(t, err, "counts", "the main chain takes by the last header alone that auditors have confirmed")
		header, err := d.Proof.Header.Marshal()
		require.NoError(t, err)
		_, err = n.main.Send(t.Context(), key, &shardstypes.MsgAnchor{Signer: key.Address(), Anchors: []shardstypes.NewAnchor{{Shard: taken, SignedHeader: header}}})
		require.ErrorContains(t, err, "counts", "and it hears no more of it")
		return nil, nil
	})
}

// next batch for a ledger that has not taken it, with its proof by the newest header, made into what is handed over.
func (n *network) next(from router.Shard, destination string, ledgers []latticetypes.Ledger, into func(*latticetypes.Delivery) ([]byte, error)) []byte {
	t := n.t
	t.Helper()
	after := uint64(0)
	for _, l := range ledgers {
		if l.Name == taken {
			after = l.Inbox.Taken.Height
		}
	}
	require.Positive(t, after)
	header, err := from.Header(t.Context(), 0)
	require.NoError(t, err)
	batches, err := from.Batches(t.Context(), destination, after)
	require.NoError(t, err)
	require.NotEmpty(t, batches, "the thief's coins wait")
	require.Less(t, batches[0].Height, uint64(header.Header.Height))
	_, ops, err := from.Prove(t.Context(), batches[0].Key, header)
	require.NoError(t, err)
	raw, err := into(&latticetypes.Delivery{Batch: batches[0].Batch, Proof: &latticetypes.Proof{Header: header, Ops: ops}})
	require.NoError(t, err)
	return raw
}
