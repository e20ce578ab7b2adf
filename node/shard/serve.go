// Package shard runs a shard as a process: CometBFT, the RPC that wallets know, gRPC and REST.
package shard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cosmossdk.io/log/v2"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/server"
	servercmtlog "github.com/cosmos/cosmos-sdk/server/log"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/node/config"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Config of a shard's process.
type Config struct {
	Comet  *cmtcfg.Config
	App    *config.App
	Logger log.Logger
}

// What the network of a shard's members carries. CometBFT's own bounds are for blocks of kilobytes: at 5 MB/s and packets of 1 kB a block of 3 MB takes seconds to get around.
const (
	peerRate    = 128 << 20
	peerPacket  = 64 << 10
	peerFlush   = 2 * time.Millisecond
	peerGossips = 10 * time.Millisecond
)

// Comet settings that a shard needs, whatever the file says: the application builds its blocks, and keeps its own index; blocks are large and come often.
func Comet(c *cmtcfg.Config) {
	c.Mempool.Type = "app"
	c.Consensus.CreateEmptyBlocks = true
	c.TxIndex.Indexer = "null"
	c.P2P.SendRate, c.P2P.RecvRate = peerRate, peerRate
	c.P2P.MaxPacketMsgPayloadSize, c.P2P.FlushThrottleTimeout = peerPacket, peerFlush
	c.Consensus.PeerGossipSleepDuration = peerGossips
}

// Run a shard's member until the context ends.
func Run(ctx context.Context, cfg Config) error {
	return run(ctx, cfg, func(app *shardchain.App) servertypes.ABCI { return app })
}

// run a member whose consensus talks to what the function makes of its app.
func run(ctx context.Context, cfg Config, talksTo func(*shardchain.App) servertypes.ABCI) (err error) {
	comet := *cfg.Comet
	rpcCfg, mempoolCfg, consensusCfg, p2pCfg, indexCfg := *comet.RPC, *comet.Mempool, *comet.Consensus, *comet.P2P, *comet.TxIndex
	comet.RPC, comet.Mempool, comet.Consensus, comet.P2P, comet.TxIndex = &rpcCfg, &mempoolCfg, &consensusCfg, &p2pCfg, &indexCfg
	address := rpcCfg.ListenAddress
	go collect(ctx)
	// CometBFT's own RPC would answer what it does not know.
	comet.RPC.ListenAddress = ""
	Comet(&comet)
	doc, err := genutiltypes.AppGenesisFromFile(comet.GenesisFile())
	if err != nil {
		return fmt.Errorf("%w; make the shard's home first (shard init)", err)
	}
	app, err := open(&comet, cfg, doc.ChainID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	var gs latticetypes.GenesisState
	state, err := genutiltypes.GenesisStateFromAppGenesis(doc)
	if err == nil {
		err = app.Codec.UnmarshalJSON(state[latticetypes.ModuleName], &gs)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", comet.GenesisFile(), err)
	}
	nodeKey, err := p2p.LoadOrGenNodeKey(comet.NodeKeyFile())
	if err != nil {
		return err
	}
	told := newGossip(app.Pool, time.Now)
	n, err := node.NewNodeWithContext(ctx, &comet, privval.LoadOrGenFilePV(comet.PrivValidatorKeyFile(), comet.PrivValidatorStateFile()), nodeKey,
		// A mutex per connection: blocks, queries and snapshots do not wait for each other, and the mempool's calls take none.
		proxy.NewConnSyncLocalClientCreator(server.NewCometABCIWrapper(talksTo(app))), func() (*cmttypes.GenesisDoc, error) { return doc.ToGenesisDoc() },
		databases, node.DefaultMetricsProvider(comet.Instrumentation), servercmtlog.CometLoggerWrapper{Logger: cfg.Logger},
		node.CustomReactors(map[string]p2p.Reactor{gossipReactor: told}))
	if err != nil {
		return err
	}
	told.syncing = n.ConsensusReactor().WaitSync
	if err := n.Start(); err != nil {
		return err
	}
	defer func() {
		if n.IsRunning() {
			err = errors.Join(err, n.Stop())
		}
		n.Wait()
	}()
	s := &servers{app: app, cfg: cfg}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.startRPC(n, address, gs.Shard.Network); err != nil {
		return fmt.Errorf("rpc: %w", err)
	}
	if err := s.startGRPC(); err != nil {
		return fmt.Errorf("grpc: %w", err)
	}
	if err := s.startREST(ctx); err != nil {
		return fmt.Errorf("rest: %w", err)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-n.Quit():
		return errors.New("the node has stopped")
	}
}
