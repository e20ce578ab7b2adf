package edge

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	patience = 20 * time.Second
	pulse    = 10 * time.Millisecond
)

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func rpcTo(t *testing.T, r *running, path string) *rpchttp.HTTP {
	t.Helper()
	c, err := rpchttp.New("http://"+r.RPC+path, "/websocket")
	require.NoError(t, err)
	return c
}

func grpcTo(t *testing.T, r *running) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(r.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Queries and transfers go to the shard of the account or of the sender, by RPC, gRPC and REST.
func TestRoutesByAccount(t *testing.T) {
	table := parse(t, "0 left\n1 right\n")
	left, right := newFake(t, "left", table, began), newFake(t, "right", table, began)
	r := start(t, testConfig(t, left, right))
	rpc, bank := rpcTo(t, r, ""), banktypes.NewQueryClient(grpcTo(t, r))
	for i, f := range []*fake{left, right} {
		u := userIn(t, table, f.name)
		b, err := bank.Balance(t.Context(), &banktypes.QueryBalanceRequest{Address: sendtx.Bech32(u.address), Denom: "utop"})
		require.NoError(t, err)
		require.Equal(t, f.name, b.Balance.Denom)
		res, err := http.Get("http://" + r.REST + "/cosmos/bank/v1beta1/balances/" + sendtx.Bech32(u.address) + "/by_denom?denom=utop")
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Contains(t, string(body), f.name)
		request, err := (&banktypes.QueryBalanceRequest{Address: sendtx.Bech32(u.address), Denom: "utop"}).Marshal()
		require.NoError(t, err)
		queried, err := rpc.ABCIQuery(t.Context(), "/cosmos.bank.v1beta1.Query/Balance", request)
		require.NoError(t, err)
		require.Equal(t, f.name, string(queried.Response.Value))

		sent, err := rpc.BroadcastTxSync(t.Context(), u.send(u.address, uint64(i+1)))
		require.NoError(t, err)
		require.Zero(t, sent.Code, sent.Log)
		require.Len(t, f.received, 1)
		require.Equal(t, 1, f.count("broadcast"))
	}
	// To another shard's account: the refusal names that shard, and the sender's shard is not left for it.
	sent, err := rpc.BroadcastTxSync(t.Context(), userIn(t, table, "left").send(userIn(t, table, "right").address, 5))
	require.NoError(t, err)
	require.Contains(t, sent.Log, "belongs to shard right")
	require.Equal(t, 1, right.count("broadcast"))
	supply, err := bank.SupplyOf(t.Context(), &banktypes.QuerySupplyOfRequest{Denom: "utop"})
	require.NoError(t, err)
	require.Equal(t, "14utop", supply.Amount.String())
}

// A shard has split: its refusal leads to the new shard at once, and the edge takes over the table that the shards have by then.
func TestFollowsASplit(t *testing.T) {
	before, after := parse(t, "0 left\n1 right\n"), parse(t, "0 left\n10 right\n11 third\n")
	left, right, third := newFake(t, "left", before, began), newFake(t, "right", before, began), newFake(t, "third", after, began)
	cfg := testConfig(t, left, right, third)
	cfg.Refresh = maxRefresh
	r := start(t, cfg)
	for _, f := range []*fake{left, right} {
		f.set(func() { f.table = after })
	}
	// The prefix of the shard that has split is another by now.
	u := userIn(t, after, "third")
	rpc := rpcTo(t, r, "")
	sent, err := rpc.BroadcastTxSync(t.Context(), u.send(u.address, 1))
	require.NoError(t, err)
	require.Zero(t, sent.Code, sent.Log)
	require.Equal(t, 1, right.count("broadcast"))
	require.Equal(t, 1, third.count("broadcast"))
	require.Eventually(t, func() bool {
		asked := right.count("broadcast")
		_, err := rpc.BroadcastTxSync(t.Context(), u.send(u.address, uint64(third.count("broadcast")+2)))
		return err == nil && right.count("broadcast") == asked
	}, patience, pulse, "the edge has the table")
	b, err := banktypes.NewQueryClient(grpcTo(t, r)).SupplyOf(t.Context(), &banktypes.QuerySupplyOfRequest{Denom: "utop"})
	require.NoError(t, err)
	require.Equal(t, "21utop", b.Amount.String())
}

// A node takes a transaction and goes silent; the next has it already. The client is told that it may be executed, not that it was refused.
func TestATransactionThatMayBeTaken(t *testing.T) {
	table := parse(t, "- all\n")
	one, other := newFake(t, "all", table, began), newFake(t, "all", table, began)
	r := start(t, testConfig(t, one, other))
	u := userIn(t, table, "all")
	tx := u.send(u.address, 1)
	one.set(func() { one.stall = true })
	other.set(func() { other.received = cmttypes.Txs{tx} })
	_, err := rpcTo(t, r, "").BroadcastTxSync(t.Context(), tx)
	require.ErrorContains(t, err, "it may be executed: ask for it by its hash")
}

// One of two nodes ends: the other is asked. Nodes of another network or shard are never asked.
func TestNodesThatAreNotAsked(t *testing.T) {
	table := parse(t, "0 left\n1 right\n")
	one, other, right, foreign, misplaced := newFake(t, "left", table, began), newFake(t, "left", table, began), newFake(t, "right", table, began), newFake(t, "left", table, began), newFake(t, "right", table, began)
	foreign.network = "top-2"
	cfg := testConfig(t, foreign, one, other, right)
	lines, err := os.ReadFile(cfg.Nodes)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cfg.Nodes, append(fmt.Appendf(nil, "left %s %s\n", misplaced.rpcURL, misplaced.addr), lines...), 0o600))
	r := start(t, cfg)
	bank, address := banktypes.NewQueryClient(grpcTo(t, r)), sendtx.Bech32(userIn(t, table, "left").address)
	ask := func() error {
		_, err := bank.Balance(t.Context(), &banktypes.QueryBalanceRequest{Address: address, Denom: "utop"})
		return err
	}
	require.NoError(t, ask())
	require.Equal(t, 1, one.count("balance"))
	one.end()
	for range 5 {
		require.NoError(t, ask())
	}
	require.Equal(t, 5, other.count("balance"))
	require.Zero(t, foreign.count("balance")+misplaced.count("balance"))
	other.end()
	require.ErrorContains(t, ask(), "shard left: no node answers")
	require.Eventually(t, func() bool { return r.warning() == "no node answers of 1 of 2 shards: left" }, patience, pulse)
}

// History of all shards: a transaction is found wherever it is, searches are merged by time and paged, blocks of a height are one.
func TestMergesHistory(t *testing.T) {
	table := parse(t, "0 left\n1 right\n")
	left, right := newFake(t, "left", table, began), newFake(t, "right", table, began.Add(500*time.Millisecond))
	for h := int64(1); h <= 5; h++ {
		left.txs[h], right.txs[h] = cmttypes.Txs{[]byte(fmt.Sprintf("left %d", h))}, cmttypes.Txs{[]byte(fmt.Sprintf("right %d", h))}
	}
	right.height = 7
	r := start(t, testConfig(t, left, right))
	rpc := rpcTo(t, r, "")
	for _, f := range []*fake{left, right} {
		tx := f.txs[3][0]
		for range 3 {
			found, err := rpc.Tx(t.Context(), tx.Hash(), false)
			require.NoError(t, err)
			require.Equal(t, tx, found.Tx)
		}
	}
	require.LessOrEqual(t, left.count("tx")+right.count("tx"), 4, "what was found is kept")
	_, err := rpc.Tx(t.Context(), make([]byte, 32), false)
	require.ErrorContains(t, err, "not found")

	page, size := 2, 3
	found, err := rpc.TxSearch(t.Context(), "tx.height > 0", false, &page, &size, "")
	require.NoError(t, err)
	require.Equal(t, 10, found.TotalCount)
	var got []string
	for _, tx := range found.Txs {
		got = append(got, string(tx.Tx))
	}
	require.Equal(t, []string{"right 2", "left 3", "right 3"}, got)
	page = 1
	found, err = rpc.TxSearch(t.Context(), "tx.height > 0", false, &page, &size, "desc")
	require.NoError(t, err)
	require.Equal(t, "right 5", string(found.Txs[0].Tx))
	// By an account one shard is asked.
	asked := right.count("tx_search")
	_, err = rpc.TxSearch(t.Context(), fmt.Sprintf("message.sender='%s'", sendtx.Bech32(userIn(t, table, "left").address)), false, &page, &size, "")
	require.NoError(t, err)
	require.Equal(t, asked, right.count("tx_search"))
	// Whoever is paid, the transaction is in its sender's shard.
	lefts, rights := sendtx.Bech32(userIn(t, table, "left").address), sendtx.Bech32(userIn(t, table, "right").address)
	_, err = rpc.TxSearch(t.Context(), fmt.Sprintf("message.sender='%s' AND transfer.recipient='%s'", lefts, rights), false, &page, &size, "")
	require.NoError(t, err)
	require.Equal(t, asked, right.count("tx_search"))
	_, err = rpc.TxSearch(t.Context(), fmt.Sprintf("message.sender='%s' AND message.sender='%s'", lefts, rights), false, &page, &size, "")
	require.ErrorContains(t, err, "no transaction has more than one")
	// What an account was paid from another shard is there; what the main chain has sent is nowhere.
	arrived := func(from string, tx cmttypes.Tx) latticetypes.Unit {
		return latticetypes.Unit{Kind: "receive", Peer: from, Transaction: tx.Hash()}
	}
	right.set(func() {
		right.arrived = []latticetypes.Unit{arrived(lefts, left.txs[4][0]), arrived(lefts, []byte("of the main chain")), arrived(lefts, left.txs[2][0])}
	})
	all := 20
	found, err = rpc.TxSearch(t.Context(), fmt.Sprintf("transfer.recipient='%s'", rights), false, nil, &all, "")
	require.NoError(t, err)
	require.Equal(t, 7, found.TotalCount)
	got = nil
	for _, tx := range found.Txs {
		got = append(got, string(tx.Tx))
	}
	require.Equal(t, []string{"right 1", "left 2", "right 2", "right 3", "left 4", "right 4", "right 5"}, got)

	status, err := rpc.Status(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, status.SyncInfo.LatestBlockHeight)
	require.Equal(t, "top-1", status.NodeInfo.Network)
	height := int64(3)
	for range 3 {
		block, err := rpc.Block(t.Context(), &height)
		require.NoError(t, err)
		require.Equal(t, cmttypes.Txs{[]byte("left 3"), []byte("right 3")}, block.Block.Txs)
		results, err := rpc.BlockResults(t.Context(), &height)
		require.NoError(t, err)
		require.Equal(t, []string{"left 0", "right 0"}, []string{results.TxsResults[0].Log, results.TxsResults[1].Log})
	}
	require.Equal(t, 1, left.count("block"))
	height = 9
	block, err := rpc.Block(t.Context(), &height)
	require.NoError(t, err)
	require.Equal(t, "left", block.Block.ChainID, "the other has not come so far")
	one, err := rpcTo(t, r, "/shard/right").Status(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, one.SyncInfo.LatestBlockHeight)

	// Half of what there is would look like all of it.
	right.end()
	require.Eventually(t, func() bool { return strings.Contains(r.warning(), "right") }, patience, pulse)
	page = 1
	_, err = rpc.TxSearch(t.Context(), "tx.height > 0", false, &page, &size, "")
	require.ErrorContains(t, err, "shard right: no node answers")
	_, err = rpc.Tx(t.Context(), make([]byte, 32), false)
	require.ErrorContains(t, err, "some do not answer")
	height = 4
	_, err = rpc.Block(t.Context(), &height)
	require.ErrorContains(t, err, "shard right: no node answers")
}

// What an account was paid is only known to be nowhere once its sender's shard has looked for it: a node that refuses for load has not.
func TestRefusalIsNoAbsence(t *testing.T) {
	table := parse(t, "0 left\n1 right\n")
	left, right := newFake(t, "left", table, began), newFake(t, "right", table, began)
	left.txs[1] = cmttypes.Txs{[]byte("left 1")}
	right.arrived = []latticetypes.Unit{{Kind: "receive", Peer: sendtx.Bech32(userIn(t, table, "left").address), Transaction: left.txs[1][0].Hash()}}
	left.busy = true
	rpc := rpcTo(t, start(t, testConfig(t, left, right)), "")
	search := func() (*coretypes.ResultTxSearch, error) {
		return rpc.TxSearch(t.Context(), fmt.Sprintf("transfer.recipient='%s'", sendtx.Bech32(userIn(t, table, "right").address)), false, nil, nil, "")
	}
	_, err := search()
	require.ErrorContains(t, err, "too many requests")
	left.set(func() { left.busy = false })
	found, err := search()
	require.NoError(t, err)
	require.Equal(t, 1, found.TotalCount)

	// What its sender's shard does not know, nobody asks for again at once.
	right.set(func() { right.arrived[0].Transaction = cmttypes.Tx("of the main chain").Hash() })
	asked := left.count("tx")
	for range 3 {
		found, err = search()
		require.NoError(t, err)
		require.Zero(t, found.TotalCount)
	}
	require.Equal(t, asked+1, left.count("tx"))
}

// A batch is split by senders; what is refused has the index that it has in the whole, and a shard that does not answer spoils no other's part.
func TestSplitsBatches(t *testing.T) {
	table := parse(t, "0 left\n1 right\n")
	left, right := newFake(t, "left", table, began), newFake(t, "right", table, began)
	r := start(t, testConfig(t, left, right))
	stream, err := latticetypes.NewIngestClient(grpcTo(t, r)).Submit(t.Context())
	require.NoError(t, err)
	a, b := userIn(t, table, "left"), userIn(t, table, "right")
	submit := func(txs ...[]byte) []*latticetypes.Refusal {
		require.NoError(t, stream.Send(&latticetypes.SubmitRequest{Transactions: txs}))
		res, err := stream.Recv()
		require.NoError(t, err)
		return res.Refused
	}
	refused := submit(a.send(a.address, 1), b.send(b.address, 1), []byte("nothing"), b.send(a.address, 1), a.send(a.address, 2))
	require.Len(t, refused, 2)
	require.EqualValues(t, 2, refused[0].Index)
	require.EqualValues(t, 3, refused[1].Index)
	require.Contains(t, refused[1].Log, "belongs to shard left")
	require.Len(t, left.received, 2)
	require.Len(t, right.received, 1)
	right.end()
	refused = submit(b.send(b.address, 9), a.send(a.address, 9))
	require.Len(t, refused, 1)
	require.EqualValues(t, 0, refused[0].Index)
	require.EqualValues(t, codeUnanswered, refused[0].Code)
	require.Len(t, left.received, 3)
}

// Subscribers hear of all shards' blocks and of the transactions that they have asked for; without subscribers no shard is asked for blocks.
func TestSubscriptions(t *testing.T) {
	table := parse(t, "0 left\n1 right\n")
	left, right := newFake(t, "left", table, began), newFake(t, "right", table, began)
	r := start(t, testConfig(t, left, right))
	rpc := rpcTo(t, r, "")
	require.NoError(t, rpc.Start())
	t.Cleanup(func() { _ = rpc.Stop() })
	require.Zero(t, left.count("block"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	transfers, err := rpc.Subscribe(ctx, "test", "tm.event='Tx' AND transfer.recipient='right'")
	require.NoError(t, err)
	blocks, err := rpc.Subscribe(ctx, "test", "tm.event='NewBlock'")
	require.NoError(t, err)
	heard := map[string]bool{}
	for !heard["left"] || !heard["right"] {
		select {
		case e := <-blocks:
			heard[e.Data.(cmttypes.EventDataNewBlock).Block.ChainID] = true //nolint:forcetypeassert // It is what the subscription is for.
		case <-ctx.Done():
			t.Fatal("no blocks of", heard)
		}
	}
	for _, f := range []*fake{left, right} {
		f.set(func() { f.height++; f.txs[f.height] = cmttypes.Txs{[]byte("to " + f.name)} })
	}
	select {
	case e := <-transfers:
		require.Equal(t, "to right", string(e.Data.(cmttypes.EventDataTx).Tx)) //nolint:forcetypeassert // It is what the subscription is for.
	case <-ctx.Done():
		t.Fatal("no transfer")
	}
}
