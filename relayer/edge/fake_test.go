package edge

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtbytes "github.com/cometbft/cometbft/libs/bytes"
	"github.com/cometbft/cometbft/libs/log"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// fake node of a shard, over real listeners: what it says is set by the test.
type fake struct {
	name         string
	rpcURL, addr string

	mu      sync.Mutex
	network string
	table   trie.Table
	// since and height are its first and last block.
	since, height int64
	txs           map[int64]cmttypes.Txs
	asked         map[string]int
	stall         bool
	grpc          *grpc.Server
	rpc           *httptest.Server
	received      cmttypes.Txs
	// arrived are units of its accounts that receive what other shards have sent.
	arrived []latticetypes.Unit
	// busy: it refuses to look for a transaction.
	busy bool
	// ended: it takes nothing any more. parents it comes from.
	ended   bool
	parents []string
	began   time.Time
}

// What a fake answers by gRPC.
type (
	fakeBank struct {
		*banktypes.UnimplementedQueryServer
		*fake
	}
	fakeLattice struct {
		*latticetypes.UnimplementedQueryServer
		*fake
	}
)

func newFake(t *testing.T, name string, table trie.Table, began time.Time) *fake {
	t.Helper()
	f := &fake{name: name, network: "top-1", table: table, height: 10, txs: map[int64]cmttypes.Txs{}, asked: map[string]int{}, began: began}
	mux := http.NewServeMux()
	rpcserver.RegisterRPCFuncs(mux, map[string]*rpcserver.RPCFunc{
		"status":            rpcserver.NewRPCFunc(f.statusRPC, ""),
		"abci_query":        rpcserver.NewRPCFunc(f.query, "path,data,height,prove"),
		"broadcast_tx_sync": rpcserver.NewRPCFunc(f.broadcast, "tx"),
		"tx":                rpcserver.NewRPCFunc(f.tx, "hash,prove"),
		"tx_search":         rpcserver.NewRPCFunc(f.search, "query,prove,page,per_page,order_by"),
		"block":             rpcserver.NewRPCFunc(f.block, "height"),
		"block_results":     rpcserver.NewRPCFunc(f.results, "height"),
		"header":            rpcserver.NewRPCFunc(f.header, "height"),
	}, log.NewNopLogger())
	f.rpc = httptest.NewServer(mux)
	t.Cleanup(f.rpc.Close)
	f.rpcURL = f.rpc.URL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.addr = l.Addr().String()
	f.grpc = grpc.NewServer()
	latticetypes.RegisterQueryServer(f.grpc, fakeLattice{fake: f})
	latticetypes.RegisterIngestServer(f.grpc, f)
	banktypes.RegisterQueryServer(f.grpc, fakeBank{fake: f})
	go func() { _ = f.grpc.Serve(l) }()
	t.Cleanup(f.grpc.Stop)
	return f
}

// end the node.
func (f *fake) end() {
	f.rpc.Close()
	f.grpc.Stop()
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[what]
}

// saw a question. The mutex is held until the function is called.
func (f *fake) saw(what string) func() {
	f.mu.Lock()
	f.asked[what]++
	return f.mu.Unlock
}

func (f *fake) statusRPC(*rpctypes.Context) (*coretypes.ResultStatus, error) {
	defer f.saw("status")()
	res := &coretypes.ResultStatus{SyncInfo: coretypes.SyncInfo{LatestBlockHeight: f.height}}
	res.NodeInfo.Network = f.network
	return res, nil
}

// elsewhere is a refusal of an account of another shard.
func (f *fake) elsewhere(a lattice.Address) error {
	if owner, _ := f.table.Owner(a); owner.Name != f.name {
		return f.table.Elsewhere(a)
	}
	return nil
}

func (f *fake) query(_ *rpctypes.Context, path string, data cmtbytes.HexBytes, _ int64, _ bool) (*coretypes.ResultABCIQuery, error) {
	defer f.saw(path)()
	if a, ok := keyOf(path, data); ok {
		if err := f.elsewhere(a); err != nil {
			return &coretypes.ResultABCIQuery{Response: abci.ResponseQuery{Code: 11, Log: err.Error() + "; ask there"}}, nil
		}
	}
	return &coretypes.ResultABCIQuery{Response: abci.ResponseQuery{Value: []byte(f.name), Height: f.height}}, nil
}

func (f *fake) broadcast(_ *rpctypes.Context, tx cmttypes.Tx) (*coretypes.ResultBroadcastTx, error) {
	defer f.saw("broadcast")()
	res := &coretypes.ResultBroadcastTx{Hash: tx.Hash()}
	decoded, err := sendtx.Decode(tx)
	if err == nil {
		if err = f.elsewhere(decoded.From); err == nil {
			err = f.elsewhere(decoded.To)
		}
	}
	if f.ended {
		err = lattice.ErrEnded
	}
	for _, there := range f.received {
		if string(there) == string(tx) {
			err = errors.New("it is here already")
		}
	}
	if err != nil {
		res.Code, res.Log = 11, err.Error()
		return res, nil
	}
	f.received = append(f.received, tx)
	if f.stall {
		panic(http.ErrAbortHandler)
	}
	return res, nil
}

func (f *fake) find(keep func(height int64, tx cmttypes.Tx) bool) (out []*coretypes.ResultTx) {
	for h := int64(1); h <= f.height; h++ {
		for i, tx := range f.txs[h] {
			if keep(h, tx) {
				out = append(out, &coretypes.ResultTx{Hash: tx.Hash(), Height: h, Index: uint32(i), Tx: tx})
			}
		}
	}
	return out
}

func (f *fake) tx(_ *rpctypes.Context, hash []byte, _ bool) (*coretypes.ResultTx, error) {
	defer f.saw("tx")()
	if f.busy {
		return nil, errors.New("too many requests")
	}
	for _, tx := range f.find(func(_ int64, tx cmttypes.Tx) bool { return string(tx.Hash()) == string(hash) }) {
		return tx, nil
	}
	return nil, fmt.Errorf("tx (%X) not found", hash)
}

func (f *fake) search(_ *rpctypes.Context, query string, _ bool, page, perPage *int, orderBy string) (*coretypes.ResultTxSearch, error) {
	defer f.saw("tx_search")()
	all := f.find(func(int64, cmttypes.Tx) bool { return true })
	if orderBy == "desc" {
		for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
			all[i], all[j] = all[j], all[i]
		}
	}
	first := min((*page-1)**perPage, len(all))
	return &coretypes.ResultTxSearch{Txs: all[first:min(first+*perPage, len(all))], TotalCount: len(all)}, nil
}

func (f *fake) head(height int64) (cmttypes.Header, error) {
	if height < f.since {
		return cmttypes.Header{}, fmt.Errorf("height %d is not available, lowest height is %d", height, f.since)
	}
	if height > f.height {
		return cmttypes.Header{}, fmt.Errorf("height %d must be less than or equal to the current blockchain height %d", height, f.height)
	}
	return cmttypes.Header{ChainID: f.name, Height: height, Time: f.began.Add(time.Duration(height) * time.Second).UTC()}, nil
}

func (f *fake) block(_ *rpctypes.Context, height *int64) (*coretypes.ResultBlock, error) {
	defer f.saw("block")()
	h, err := f.head(*height)
	return &coretypes.ResultBlock{Block: &cmttypes.Block{Header: h, Data: cmttypes.Data{Txs: f.txs[*height]}, LastCommit: &cmttypes.Commit{}}}, err
}

func (f *fake) results(_ *rpctypes.Context, height *int64) (*coretypes.ResultBlockResults, error) {
	defer f.saw("block_results")()
	_, err := f.head(*height)
	res := &coretypes.ResultBlockResults{Height: *height}
	for i := range f.txs[*height] {
		res.TxsResults = append(res.TxsResults, &abci.ExecTxResult{Log: fmt.Sprintf("%s %d", f.name, i), Events: []abci.Event{
			{Type: "transfer", Attributes: []abci.EventAttribute{{Key: "recipient", Value: f.name, Index: true}}},
		}})
	}
	return res, err
}

func (f *fake) header(_ *rpctypes.Context, height *int64) (*coretypes.ResultHeader, error) {
	defer f.saw("header")()
	h, err := f.head(*height)
	return &coretypes.ResultHeader{Header: &h}, err
}

// Params of x/lattice.
func (f fakeLattice) Params(context.Context, *latticetypes.QueryParamsRequest) (*latticetypes.QueryParamsResponse, error) {
	defer f.saw("params")()
	p, _ := prefix(f.table, f.name)
	var final uint64
	if f.ended {
		final = 9
	}
	return &latticetypes.QueryParamsResponse{Shard: latticetypes.Shard{Network: f.network, PrefixBits: p.Bits, PrefixLen: uint32(p.Len), Parents: f.parents}, Routing: latticetypes.RoutingOf(f.table), FinalHeight: final}, nil
}

// Units that arrived.
func (f fakeLattice) Units(_ context.Context, req *latticetypes.QueryUnitsRequest) (*latticetypes.QueryUnitsResponse, error) {
	defer f.saw("units")()
	if !req.Arrived {
		return nil, status.Error(codes.Unimplemented, "")
	}
	return &latticetypes.QueryUnitsResponse{Units: f.arrived}, nil
}

// Balance is the number of bytes in the shard's name.
func (f fakeBank) Balance(_ context.Context, req *banktypes.QueryBalanceRequest) (*banktypes.QueryBalanceResponse, error) {
	defer f.saw("balance")()
	a, err := sendtx.Address(req.Address)
	if err == nil {
		err = f.elsewhere(a)
	}
	if err != nil {
		return nil, status.Error(codes.OutOfRange, err.Error())
	}
	coin := sdk.Coin{Denom: f.name, Amount: math.OneInt()}
	return &banktypes.QueryBalanceResponse{Balance: &coin}, nil
}

// SupplyOf each shard is 7.
func (f fakeBank) SupplyOf(_ context.Context, req *banktypes.QuerySupplyOfRequest) (*banktypes.QuerySupplyOfResponse, error) {
	return &banktypes.QuerySupplyOfResponse{Amount: sdk.Coin{Denom: req.Denom, Amount: math.NewInt(7)}}, nil
}

// Submit takes batches as broadcast takes one.
func (f *fake) Submit(stream latticetypes.Ingest_SubmitServer) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		res := &latticetypes.SubmitResponse{}
		for i, raw := range req.Transactions {
			if out, _ := f.broadcast(nil, raw); out.Code != 0 {
				res.Refused = append(res.Refused, &latticetypes.Refusal{Index: uint32(i), Code: out.Code, Log: out.Log})
			}
		}
		if err := stream.Send(res); err != nil {
			return err
		}
	}
}

// user of a wallet, in the shard whose bits begin with these.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
}

// userIn the first shard of a table's name.
func userIn(t *testing.T, table trie.Table, name string) user {
	t.Helper()
	for n := uint64(0); ; n++ {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(t.Name()), n))
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // It is one.
		require.NoError(t, err)
		u := user{secret, key, sendtx.AddressOf(key)}
		if owner, _ := table.Owner(u.address); owner.Name == name {
			return u
		}
	}
}

func (u user) send(to lattice.Address, utop uint64) cmttypes.Tx {
	tx := sendtx.New(lattice.Transfer{To: to, Key: u.key, Amount: lattice.Balance{Utop: utop}}, "")
	return tx.Signed(ed25519.Sign(u.secret, tx.SignBytes(latticetypes.Network)))
}

func parse(t *testing.T, text string) trie.Table {
	t.Helper()
	table, err := trie.Parse(text)
	require.NoError(t, err)
	return table
}

// testConfig of an edge over fakes, those of one name being one shard's nodes.
func testConfig(t *testing.T, fakes ...*fake) Config {
	t.Helper()
	var lines strings.Builder
	for _, f := range fakes {
		fmt.Fprintf(&lines, "%s %s %s\n", f.name, f.rpcURL, f.addr)
	}
	path := filepath.Join(t.TempDir(), "shards.txt")
	require.NoError(t, os.WriteFile(path, []byte(lines.String()), 0o600))
	return Config{Network: "top-1", RPC: "127.0.0.1:0", REST: "127.0.0.1:0", GRPC: "127.0.0.1:0", Nodes: path, Refresh: 100 * time.Millisecond, Rate: 10_000, Burst: 10_000, InFlight: 1000, Cache: 8}
}

// running edge.
type running struct {
	Addresses
	mu           sync.Mutex
	idle, warned string
}

func (r *running) warning() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.warned
}

func start(t *testing.T, cfg Config) *running {
	t.Helper()
	require.NoError(t, cfg.Validate())
	metrics, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r, ready, done := &running{}, make(chan struct{}), make(chan error, 1)
	go func() {
		done <- Run(ctx, cfg, Deps{
			Log: slog.New(slog.DiscardHandler), Metrics: metrics,
			Serving: func(a Addresses) { r.Addresses = a; close(ready) },
			Idle:    func(text string) { r.mu.Lock(); defer r.mu.Unlock(); r.idle = text },
			Warned:  func(text string) { r.mu.Lock(); defer r.mu.Unlock(); r.warned = text },
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		require.NoError(t, err)
	}
	return r
}
