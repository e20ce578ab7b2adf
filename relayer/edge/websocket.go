package edge

import (
	"context"
	"net/http"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/libs/log"
	rpccore "github.com/cometbft/cometbft/rpc/core"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
)

const (
	// pollBlocks is the pause between questions for a shard's next block while somebody listens.
	pollBlocks = 200 * time.Millisecond
	// maxBehind: who has fallen so many blocks behind goes on with the newest.
	maxBehind = 100
	// subscriptionBuffer of events that a client has not read; who reads more slowly is told and loses its subscription.
	subscriptionBuffer = 1000
)

// events of all shards' blocks for those who subscribe. Shards are asked for their blocks only while somebody listens.
type events struct {
	edge *Edge
	bus  *cmttypes.EventBus
	env  *rpccore.Environment
	wake chan struct{}
}

func newEvents(e *Edge, logger log.Logger) *events {
	cfg := *cmtcfg.DefaultRPCConfig()
	cfg.MaxSubscriptionClients, cfg.MaxSubscriptionsPerClient = maxSubscribers, maxSubscriptions
	cfg.SubscriptionBufferSize, cfg.CloseOnSlowClient = subscriptionBuffer, true
	bus := cmttypes.NewEventBus()
	bus.SetLogger(logger)
	return &events{edge: e, bus: bus, env: &rpccore.Environment{EventBus: bus, Config: cfg, Logger: logger}, wake: make(chan struct{}, 1)}
}

// subscribe as CometBFT has it, to the events of all shards.
func (ev *events) subscribe(ctx *rpctypes.Context, query string) (*coretypes.ResultSubscribe, error) {
	res, err := ev.env.Subscribe(ctx, query)
	select {
	case ev.wake <- struct{}{}:
	default:
	}
	return res, err
}

// websocket of a client.
func (e *Edge) websocket(routes rpccore.RoutesMap) http.HandlerFunc {
	manager := rpcserver.NewWebsocketManager(routes, rpcserver.ReadLimit(maxBody),
		rpcserver.OnDisconnect(func(remote string) { _ = e.events.bus.UnsubscribeAll(context.Background(), remote) }))
	manager.SetLogger(e.cometLog)
	return func(w http.ResponseWriter, r *http.Request) {
		done, err := e.limits.admit(r.RemoteAddr, 1)
		if err != nil {
			httpRefused(w, err)
			return
		}
		done()
		closed, err := e.limits.socket(r.RemoteAddr)
		if err != nil {
			httpRefused(w, err)
			return
		}
		defer closed()
		defer e.sockets.open(r)()
		manager.WebsocketHandler(w, r)
	}
}

// run until the context ends: while there are subscribers, every shard's next blocks are asked for.
func (ev *events) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ev.wake:
		}
		ev.listen(ctx)
	}
}

// listen to all shards as long as somebody subscribes.
func (ev *events) listen(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	followed := map[string]bool{}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ev.bus.NumClients() > 0 {
		table, _ := ev.edge.routes.now()
		for _, r := range table {
			s := ev.edge.placed(r.Name)
			if s == nil || followed[r.Name] {
				continue
			}
			followed[r.Name] = true
			group.Go(func() { ev.follow(ctx, s) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// follow a shard's blocks from now on, each once, whichever nodes answer.
func (ev *events) follow(ctx context.Context, s *shard) {
	tick := time.NewTicker(pollBlocks)
	defer tick.Stop()
	v, last := view{Edge: ev.edge}, int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		status, err := call(ctx, s, func(ctx context.Context, e *endpoint) (*coretypes.ResultStatus, error) { return e.rpc.Status(ctx) })
		if err != nil {
			continue
		}
		now := status.SyncInfo.LatestBlockHeight
		if last == 0 || now > last+maxBehind {
			last = now - 1
		}
		for last < now && ctx.Err() == nil {
			if err := ev.publish(ctx, v, s, last+1); err != nil {
				ev.edge.log.DebugContext(ctx, "events", "shard", s.name, "height", last+1, "error", err)
				break
			}
			last++
		}
	}
}

// publish a block and its transactions, with the events that their shard tells of them.
func (ev *events) publish(ctx context.Context, v view, s *shard, height int64) error {
	b, err := v.blockAt(ctx, s, height)
	if err != nil {
		return err
	}
	results, err := v.resultsAt(ctx, s, height)
	if err != nil {
		return err
	}
	if len(results.TxsResults) != len(b.Block.Txs) {
		return errUnreachable
	}
	shown := make([]*abci.ExecTxResult, len(results.TxsResults))
	copy(shown, results.TxsResults)
	err = ev.bus.PublishEventNewBlock(cmttypes.EventDataNewBlock{Block: b.Block, BlockID: b.BlockID, ResultFinalizeBlock: abci.ResponseFinalizeBlock{
		Events: results.FinalizeBlockEvents, TxResults: shown, AppHash: results.AppHash,
	}})
	if err != nil {
		return err
	}
	if err := ev.bus.PublishEventNewBlockHeader(cmttypes.EventDataNewBlockHeader{Header: b.Block.Header}); err != nil {
		return err
	}
	for i, tx := range b.Block.Txs {
		if err := ev.bus.PublishEventTx(cmttypes.EventDataTx{TxResult: abci.TxResult{Height: height, Index: uint32(i), Tx: tx, Result: *results.TxsResults[i]}}); err != nil {
			return err
		}
	}
	return nil
}
