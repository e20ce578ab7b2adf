package edge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtbytes "github.com/cometbft/cometbft/libs/bytes"
	rpcclient "github.com/cometbft/cometbft/rpc/client"
	rpccore "github.com/cometbft/cometbft/rpc/core"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/gogoproto/proto"
)

// serveRPC on a listener: the network's at /, and each shard's below /shard/NAME.
func (e *Edge) serveRPC(l net.Listener) {
	mux := http.NewServeMux()
	network := e.rpcOf(view{Edge: e}, e.events)
	mux.Handle("/", e.limits.http(network))
	mux.HandleFunc("/websocket", e.websocket(e.routesOf(view{Edge: e}, e.events)))
	mux.Handle(shardPath, e.limits.http(e.shardRPC()))
	e.serveHTTP("rpc", l, mux)
}

// shardRPC serves each shard's RPC below /shard/NAME, of those that are known when they are asked for.
func (e *Edge) shardRPC() http.Handler {
	var handlers sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, below := strings.Cut(strings.TrimPrefix(r.URL.Path, shardPath), "/")
		if _, err := e.shard(name); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		h, ok := handlers.Load(name)
		if !ok {
			h, _ = handlers.LoadOrStore(name, e.rpcOf(view{e, name}, nil))
		}
		one := h.(http.Handler) //nolint:forcetypeassert // What is stored above.
		if below {
			http.StripPrefix(shardPath+name, one).ServeHTTP(w, r)
			return
		}
		// Clients post to the address that they are given, without a slash behind it.
		atRoot(one).ServeHTTP(w, r)
	})
}

// atRoot serves a request as if it were for /.
func atRoot(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copied, at := *r, *r.URL
		at.Path, at.RawPath = "/", ""
		copied.URL = &at
		next.ServeHTTP(w, &copied)
	})
}

// rpcOf a view over HTTP.
func (e *Edge) rpcOf(v view, events *events) http.Handler {
	mux := http.NewServeMux()
	rpcserver.RegisterRPCFuncs(mux, e.routesOf(v, events), e.cometLog)
	return mux
}

// routesOf a view of the network or of a shard.
func (e *Edge) routesOf(v view, events *events) rpccore.RoutesMap {
	routes := rpccore.RoutesMap{
		"health":              rpcserver.NewRPCFunc(limited(e, v.health), ""),
		"status":              rpcserver.NewRPCFunc(limited(e, v.status), ""),
		"abci_info":           rpcserver.NewRPCFunc(limited(e, v.abciInfo), ""),
		"abci_query":          rpcserver.NewRPCFunc(limited(e, v.abciQuery), "path,data,height,prove"),
		"broadcast_tx_sync":   rpcserver.NewRPCFunc(limited(e, v.broadcast), "tx"),
		"broadcast_tx_async":  rpcserver.NewRPCFunc(limited(e, v.broadcast), "tx"),
		"broadcast_tx_commit": rpcserver.NewRPCFunc(limited(e, v.broadcastCommit), "tx"),
		"tx":                  rpcserver.NewRPCFunc(limited(e, v.tx), "hash,prove"),
		"tx_search":           rpcserver.NewRPCFunc(limited(e, v.txSearch), "query,prove,page,per_page,order_by"),
		"block":               rpcserver.NewRPCFunc(limited(e, v.block), "height"),
		"block_results":       rpcserver.NewRPCFunc(limited(e, v.blockResults), "height"),
		"block_by_hash":       rpcserver.NewRPCFunc(limited(e, v.blockByHash), "hash"),
		"header_by_hash":      rpcserver.NewRPCFunc(limited(e, v.headerByHash), "hash"),
		"header":              rpcserver.NewRPCFunc(limited(e, v.header), "height"),
		"commit":              rpcserver.NewRPCFunc(limited(e, v.commit), "height"),
		"validators":          rpcserver.NewRPCFunc(limited(e, v.validators), "height,page,per_page"),
		"blockchain":          rpcserver.NewRPCFunc(limited(e, v.blockchain), "minHeight,maxHeight"),
		"consensus_params":    rpcserver.NewRPCFunc(limited(e, v.consensusParams), "height"),
		"genesis_chunked":     rpcserver.NewRPCFunc(limited(e, v.genesisChunked), "chunk"),
	}
	if events != nil {
		routes["subscribe"] = rpcserver.NewWSRPCFunc(limited(e, events.subscribe), "query")
		routes["unsubscribe"] = rpcserver.NewWSRPCFunc(limited(e, events.env.Unsubscribe), "query")
		routes["unsubscribe_all"] = rpcserver.NewWSRPCFunc(limited(e, events.env.UnsubscribeAll), "")
	}
	return routes
}

// limited is a function of the RPC for which calls over WebSocket pay, too: HTTP's have paid as requests.
func limited[F any](e *Edge, f F) F {
	call := reflect.ValueOf(f)
	wrapped := reflect.MakeFunc(call.Type(), func(args []reflect.Value) []reflect.Value {
		ctx, ok := args[0].Interface().(*rpctypes.Context)
		if !ok || ctx.WSConn == nil {
			return call.Call(args)
		}
		done, err := e.limits.admit(e.sockets.client(ctx.RemoteAddr()), 1)
		if err != nil {
			return []reflect.Value{reflect.Zero(call.Type().Out(0)), reflect.ValueOf(&err).Elem()}
		}
		defer done()
		return call.Call(args)
	})
	return wrapped.Interface().(F) //nolint:forcetypeassert // It is made of that type.
}

// call a shard's RPC.
func call[T any](ctx context.Context, s *shard, f func(ctx context.Context, e *endpoint) (T, error)) (res T, err error) {
	_, err = s.ask(ctx, func(ctx context.Context, e *endpoint) (err error) {
		res, err = f(ctx, e)
		return err
	})
	return res, err
}

// abciQuery by the account that it is about, as gRPC's questions.
func (v view) abciQuery(ctx *rpctypes.Context, path string, data cmtbytes.HexBytes, height int64, prove bool) (*coretypes.ResultABCIQuery, error) {
	query := func(s *shard) (*coretypes.ResultABCIQuery, error) {
		return call(ctx.Context(), s, func(ctx context.Context, e *endpoint) (*coretypes.ResultABCIQuery, error) {
			return e.rpc.ABCIQueryWithOptions(ctx, path, data, rpcclient.ABCIQueryOptions{Height: height, Prove: prove})
		})
	}
	switch path {
	case broadcastMethod, getTxMethod, searchMethod:
		return nil, errors.New("transactions are sent and found by broadcast_tx_sync, tx and tx_search")
	case supplyMethod:
		all, err := v.list()
		if err != nil {
			return nil, err
		}
		if len(all) > 1 {
			return v.abciSupply(ctx.Context(), data)
		}
	case headMethod, invariantsMethod:
		s, err := v.single(path)
		if err != nil {
			return nil, err
		}
		return query(s)
	}
	a, ok := keyOf(path, data)
	if !ok {
		s, err := v.any()
		if err != nil {
			return nil, err
		}
		return query(s)
	}
	s, err := v.of(a)
	if err != nil {
		return nil, err
	}
	res, err := query(s)
	if err == nil && res.Response.Code != 0 {
		if again := v.follow(ctx.Context(), s, a, res.Response.Log); again != nil {
			return query(again)
		}
	}
	return res, err
}

// abciSupply is the sum of all shards'. Heights of shards differ, so there is none of the sum.
func (v view) abciSupply(ctx context.Context, data []byte) (*coretypes.ResultABCIQuery, error) {
	var req banktypes.QuerySupplyOfRequest
	if err := proto.Unmarshal(data, &req); err != nil {
		return nil, err
	}
	value, err := v.supplyOf(ctx, data)
	if err != nil {
		return nil, err
	}
	return &coretypes.ResultABCIQuery{Response: abci.ResponseQuery{Value: value, Height: v.height()}}, nil
}

// broadcast to the shard of the sender.
func (v view) broadcast(ctx *rpctypes.Context, tx cmttypes.Tx) (*coretypes.ResultBroadcastTx, error) {
	var res *coretypes.ResultBroadcastTx
	err := v.send(ctx.Context(), tx, func(ctx context.Context, e *endpoint) (code uint32, log string, err error) {
		if res, err = e.rpc.BroadcastTxSync(ctx, tx); err != nil {
			return 0, "", err
		}
		return res.Code, res.Log, nil
	})
	return res, err
}

// broadcastCommit waits for the block, too.
func (v view) broadcastCommit(ctx *rpctypes.Context, tx cmttypes.Tx) (*coretypes.ResultBroadcastTxCommit, error) {
	var res *coretypes.ResultBroadcastTxCommit
	err := v.send(ctx.Context(), tx, func(ctx context.Context, e *endpoint) (code uint32, log string, err error) {
		if res, err = e.rpc.BroadcastTxCommit(ctx, tx); err != nil {
			return 0, "", err
		}
		return res.CheckTx.Code, res.CheckTx.Log, nil
	})
	return res, err
}

// send a transaction to the shard of its sender, and once more where that is another than the table says. What has no sender goes to any shard, which says what is wrong with it.
func (v view) send(ctx context.Context, tx cmttypes.Tx, f func(ctx context.Context, e *endpoint) (code uint32, log string, err error)) error {
	sender, known := senderOf(tx)
	var s *shard
	var err error
	if known {
		s, err = v.of(sender)
	} else {
		s, err = v.any()
	}
	if err != nil {
		return err
	}
	for again := false; ; again = true {
		var code uint32
		var log string
		tries, err := s.ask(ctx, func(ctx context.Context, e *endpoint) (err error) {
			code, log, err = f(ctx, e)
			return err
		})
		switch {
		case err != nil && tries > 0:
			return fmt.Errorf("%w; %w", errMaybeTaken, err)
		case err != nil:
			return err
		case code == 0:
			v.remember(tx, s.name)
			return nil
		}
		if known && !again {
			if next := v.follow(ctx, s, sender, log); next != nil {
				s = next
				continue
			}
		}
		if tries > 0 {
			// Its own copy may be why it is refused.
			return fmt.Errorf("%w; %s", errMaybeTaken, log)
		}
		return nil
	}
}
