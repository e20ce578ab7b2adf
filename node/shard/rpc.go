package shard

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtquery "github.com/cometbft/cometbft/libs/pubsub/query"
	"github.com/cometbft/cometbft/libs/pubsub/query/syntax"
	rpccore "github.com/cometbft/cometbft/rpc/core"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/engine/disk"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	// maxSearched units of an account in one search, maxPage results of one answer.
	maxSearched, maxPage, defaultPage = 10_000, 100, 30
	// maxQuery bytes of a search, as CometBFT has it, and maxConditions in it, which share what is searched.
	maxQuery, maxConditions = 512, 4
	// pollInclusion of a transaction that a client waits for.
	pollInclusion = 20 * time.Millisecond
)

// rpc is CometBFT's RPC as wallets know it, where the shard answers otherwise than CometBFT would: the network's chain id instead of the shard's, transactions from the engine's index and mempool.
type rpc struct {
	app     *shardchain.App
	env     *rpccore.Environment
	network string

	mu sync.Mutex
	// blocks read last: searches come back to the same ones.
	blocks map[int64]*cmttypes.Block
	order  []int64
}

// blocksKept in memory for the RPC.
const blocksKept = 8

// routes of the RPC.
func (r *rpc) routes() rpccore.RoutesMap {
	routes := r.env.GetRoutes()
	routes["status"] = rpcserver.NewRPCFunc(r.status, "")
	routes["block_results"] = rpcserver.NewRPCFunc(r.blockResults, "height", rpcserver.Cacheable("height"))
	routes["tx"] = rpcserver.NewRPCFunc(r.tx, "hash,prove")
	routes["tx_search"] = rpcserver.NewRPCFunc(r.txSearch, "query,prove,page,per_page,order_by")
	routes["broadcast_tx_sync"] = rpcserver.NewRPCFunc(r.broadcast, "tx")
	routes["broadcast_tx_async"] = rpcserver.NewRPCFunc(r.broadcast, "tx")
	routes["broadcast_tx_commit"] = rpcserver.NewRPCFunc(r.broadcastCommit, "tx")
	for _, name := range []string{"check_tx", "unconfirmed_txs", "num_unconfirmed_txs", "block_search"} {
		delete(routes, name)
	}
	return routes
}

// status with the network's chain id, which wallets sign.
func (r *rpc) status(ctx *rpctypes.Context) (*coretypes.ResultStatus, error) {
	s, err := r.env.Status(ctx)
	if err != nil {
		return nil, err
	}
	s.NodeInfo.Network = r.network
	return s, nil
}

// broadcast a transaction: it is verified and waits for a block, or why not.
func (r *rpc) broadcast(ctx *rpctypes.Context, tx cmttypes.Tx) (*coretypes.ResultBroadcastTx, error) {
	res := &coretypes.ResultBroadcastTx{Hash: tx.Hash()}
	if err := r.app.Insert(ctx.Context(), tx); err != nil {
		res.Code, res.Codespace, res.Log = engine.Code(err), engine.Codespace, err.Error()
	}
	return res, nil
}

// broadcastCommit waits for the block, too.
func (r *rpc) broadcastCommit(ctx *rpctypes.Context, tx cmttypes.Tx) (*coretypes.ResultBroadcastTxCommit, error) {
	since := r.app.Engine.Height()
	sent, err := r.broadcast(ctx, tx)
	if err != nil {
		return nil, err
	}
	res := &coretypes.ResultBroadcastTxCommit{CheckTx: abci.ResponseCheckTx{Code: sent.Code, Log: sent.Log, Codespace: sent.Codespace}, Hash: sent.Hash}
	if sent.Code != 0 {
		return res, nil
	}
	tick := time.NewTicker(pollInclusion)
	defer tick.Stop()
	timeout := time.After(r.env.Config.TimeoutBroadcastTxCommit)
	for {
		if e, found, err := r.app.Engine.TransactionSince(sendtx.Hash(tx), since); err != nil {
			return nil, err
		} else if found {
			res.TxResult, res.Height = txResult(e), int64(e.Height)
			return res, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Context().Done():
			return nil, ctx.Context().Err()
		case <-timeout:
			return nil, errors.New("the transaction waits for a block; ask for it by its hash")
		}
	}
}

func txResult(e disk.Entry) abci.ExecTxResult {
	res := abci.ExecTxResult{Code: e.Code, Log: e.Log}
	if e.Code != 0 {
		res.Codespace = engine.Codespace
	}
	return res
}

// tx by its hash.
func (r *rpc) tx(_ *rpctypes.Context, hash []byte, prove bool) (*coretypes.ResultTx, error) {
	res, err := r.find(hash, prove)
	if err == nil && res == nil {
		err = r.notFound(hash)
	}
	return res, err
}

// notFound says of a transaction that is in no block why, where that is known.
func (r *rpc) notFound(hash []byte) error {
	if why := r.app.Pool.Why(lattice.Hash(hash)); why != nil {
		return fmt.Errorf("tx (%X) not found: it was dropped from the mempool: %w", hash, why)
	}
	return fmt.Errorf("tx (%X) not found", hash)
}

// find a transaction; nil where it is not known.
func (r *rpc) find(hash []byte, prove bool) (*coretypes.ResultTx, error) {
	if len(hash) != lattice.HashSize {
		return nil, fmt.Errorf("a hash of %d bytes, want %d", len(hash), lattice.HashSize)
	}
	e, found, err := r.app.Engine.Transaction(lattice.Hash(hash))
	if err != nil || !found {
		return nil, err
	}
	block := r.block(int64(e.Height))
	if block == nil || int(e.Index) >= len(block.Txs) {
		return nil, fmt.Errorf("tx (%X) is in block %d, which this node has pruned; ask another", hash, e.Height)
	}
	res := &coretypes.ResultTx{Hash: hash, Height: int64(e.Height), Index: e.Index, TxResult: txResult(e), Tx: block.Txs[e.Index]}
	if res.TxResult.Code == abci.CodeTypeOK {
		res.TxResult.Events = eventsOf(res.Tx)
	}
	if prove {
		res.Proof = block.Txs.Proof(int(e.Index))
	}
	return res, nil
}

// Find implements shardchain.History.
func (r *rpc) Find(hash []byte) (*coretypes.ResultTx, time.Time, error) {
	res, err := r.find(hash, false)
	if err != nil {
		return nil, time.Time{}, err
	}
	if res == nil {
		return nil, time.Time{}, fmt.Errorf("%w: %w", shardchain.ErrNotFound, r.notFound(hash))
	}
	at, err := r.timeOf(res.Height)
	return res, at, err
}

// timeOf a block.
func (r *rpc) timeOf(height int64) (time.Time, error) {
	b := r.block(height)
	if b == nil {
		return time.Time{}, fmt.Errorf("this node has pruned block %d; ask another", height)
	}
	return b.Time, nil
}

// Search implements shardchain.History.
func (r *rpc) Search(query string, page, limit int, backwards bool) (found []*coretypes.ResultTx, times []time.Time, total int, err error) {
	order := "asc"
	if backwards {
		order = "desc"
	}
	res, err := r.txSearch(nil, query, false, &page, &limit, order)
	if err != nil {
		return nil, nil, 0, err
	}
	for _, tx := range res.Txs {
		at, err := r.timeOf(tx.Height)
		if err != nil {
			return nil, nil, 0, err
		}
		times = append(times, at)
	}
	return res.Txs, times, res.TotalCount, nil
}

func (r *rpc) block(height int64) *cmttypes.Block {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b := r.blocks[height]; b != nil {
		return b
	}
	b := r.env.BlockStore.LoadBlock(height)
	if b == nil {
		return nil
	}
	if len(r.order) == blocksKept {
		delete(r.blocks, r.order[0])
		r.order = r.order[1:]
	}
	r.blocks[height], r.order = b, append(r.order, height)
	return b
}

// txSearch by hash, height, or an account's address, as wallets do.
func (r *rpc) txSearch(_ *rpctypes.Context, query string, prove bool, page, perPage *int, orderBy string) (*coretypes.ResultTxSearch, error) {
	hashes, err := r.search(query)
	if err != nil {
		return nil, err
	}
	switch orderBy {
	case "", "asc":
	case "desc":
		slices.Reverse(hashes)
	default:
		return nil, errors.New("expected order_by to be either `asc` or `desc` or empty")
	}
	size, first := defaultPage, 0
	if perPage != nil && *perPage > 0 {
		size = min(*perPage, maxPage)
	}
	if page != nil {
		if *page < 1 {
			return nil, fmt.Errorf("page is %d, the first is 1", *page)
		}
		// Beyond the last result there are no pages, however high their number.
		first = min((min(*page, len(hashes)+1)-1)*size, len(hashes))
	}
	res := &coretypes.ResultTxSearch{Txs: []*coretypes.ResultTx{}, TotalCount: len(hashes)}
	for _, h := range hashes[first:min(first+size, len(hashes))] {
		found, err := r.find(h[:], prove)
		if err != nil {
			return nil, err
		}
		if found != nil {
			res.Txs = append(res.Txs, found)
		}
	}
	return res, nil
}

// search for the hashes of transactions, in the order of their blocks.
func (r *rpc) search(query string) ([]lattice.Hash, error) {
	if len(query) > maxQuery {
		return nil, fmt.Errorf("a query of %d bytes, at most %d", len(query), maxQuery)
	}
	q, err := cmtquery.New(query)
	if err != nil {
		return nil, err
	}
	conditions := q.Syntax()
	if len(conditions) > maxConditions {
		return nil, fmt.Errorf("a query of %d conditions, at most %d", len(conditions), maxConditions)
	}
	var out []lattice.Hash
	// Of who is paid in another shard, what was sent there is known by the transactions alone.
	var paid []lattice.Address
	for i, c := range conditions {
		if to, ok := r.elsewhere(c); ok && len(paid) < len(conditions)-1 {
			paid = append(paid, to)
			continue
		}
		list, err := r.condition(c, maxSearched/len(conditions))
		if err != nil {
			return nil, err
		}
		if i == len(paid) {
			out = list
			continue
		}
		found := make(map[lattice.Hash]bool, len(list))
		for _, h := range list {
			found[h] = true
		}
		out = slices.DeleteFunc(out, func(h lattice.Hash) bool { return !found[h] })
	}
	for _, to := range paid {
		if out, err = r.paying(out, to); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// elsewhere is the account of a condition that asks for whom it is paid to, where another shard has it.
func (r *rpc) elsewhere(c syntax.Condition) (to lattice.Address, ok bool) {
	if c.Tag != "transfer.recipient" || c.Op != syntax.TEq || c.Arg == nil {
		return to, false
	}
	to, err := sendtx.Address(c.Arg.Value())
	if err != nil {
		return to, false
	}
	_, _, err = r.app.Engine.Get(to)
	return to, errors.Is(err, lattice.ErrNotOwned)
}

// paying an account, of these transactions.
func (r *rpc) paying(hashes []lattice.Hash, to lattice.Address) (out []lattice.Hash, err error) {
	for _, h := range hashes {
		found, err := r.find(h[:], false)
		if err != nil {
			return nil, err
		}
		if found == nil {
			continue
		}
		if tx, err := sendtx.Decode(found.Tx); err == nil && tx.To == to {
			out = append(out, h)
		}
	}
	return out, nil
}

// condition of a search.
func (r *rpc) condition(c syntax.Condition, units int) ([]lattice.Hash, error) {
	unknown := fmt.Errorf("a shard finds transactions by tx.hash = '…', tx.height = …, message.sender = 'top1…', transfer.sender = 'top1…' or transfer.recipient = 'top1…', joined by AND; not by %s", c.Tag)
	if c.Op != syntax.TEq || c.Arg == nil {
		return nil, unknown
	}
	switch c.Tag {
	case "tx.hash":
		hash, err := hex.DecodeString(strings.TrimPrefix(c.Arg.Value(), "0x"))
		if err != nil || len(hash) != lattice.HashSize {
			return nil, fmt.Errorf("tx.hash is %q, want %d hex digits", c.Arg.Value(), 2*lattice.HashSize)
		}
		_, found, err := r.app.Engine.Transaction(lattice.Hash(hash))
		if err != nil || !found {
			return nil, err
		}
		return []lattice.Hash{lattice.Hash(hash)}, nil
	case "tx.height":
		number := c.Arg.Number()
		if number == nil || !number.IsInt() {
			return nil, fmt.Errorf("tx.height is %q, want a whole number", c.Arg.Value())
		}
		n, _ := number.Int64()
		block := r.block(n)
		if block == nil {
			return nil, nil
		}
		var out []lattice.Hash
		for _, tx := range block.Txs {
			out = append(out, sendtx.Hash(tx))
		}
		return out, nil
	case "message.sender", "transfer.sender":
		return r.of(c.Arg.Value(), lattice.Send, units)
	case "transfer.recipient":
		return r.of(c.Arg.Value(), lattice.Receive, units)
	}
	return nil, unknown
}

// of an account: the transactions of its last units of a kind.
func (r *rpc) of(address string, kind lattice.UnitKind, units int) (out []lattice.Hash, err error) {
	a, err := sendtx.Address(address)
	if err != nil {
		return nil, err
	}
	record, found, err := r.app.Engine.Get(a)
	if err != nil || !found {
		return nil, err
	}
	searched := 0
	var failed error
	err = r.app.Engine.Units(a, record.Units, record.Height, func(u lattice.Unit, _ uint64) bool {
		searched++
		if u.Kind != kind {
			return searched < units
		}
		// What came from another ledger was executed there.
		_, here, failure := r.app.Engine.Transaction(u.Transaction)
		if failed = failure; here {
			out = append(out, u.Transaction)
		}
		return failed == nil && searched < units
	})
	err = errors.Join(err, failed)
	slices.Reverse(out)
	return out, err
}
