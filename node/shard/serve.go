// Package shard runs a shard as a process: CometBFT, the RPC that wallets know, gRPC and REST.
package shard

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"cosmossdk.io/log/v2"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	rpccore "github.com/cometbft/cometbft/rpc/core"
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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go collect(ctx)
	if !cfg.App.GRPC.Enable {
		return errors.New("enable of [grpc] in app.toml is false: a shard takes transfers by gRPC, and REST asks it; set it to true, and bind it to loopback to keep others out")
	}
	comet := copied(cfg.Comet)
	// CometBFT's own RPC would answer what it does not know.
	comet.RPC.ListenAddress = ""
	Comet(comet)
	doc, err := genutiltypes.AppGenesisFromFile(comet.GenesisFile())
	if err != nil {
		return fmt.Errorf("%w; make the shard's home first (shard init)", err)
	}
	key, err := memberKey(comet)
	if err != nil {
		return err
	}
	nodeKey, err := p2p.LoadOrGenNodeKey(comet.NodeKeyFile())
	if err != nil {
		return err
	}
	// A node that cannot go on leaves it all the same.
	if err := rewind(ctx, cfg, comet, doc); err != nil {
		cfg.Logger.Error("nothing was left to the next generation of a frozen shard", "err", err)
	}
	app, err := open(comet, cfg, doc.ChainID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	network, err := networkOf(app, doc)
	if err != nil {
		return fmt.Errorf("%s: %w", comet.GenesisFile(), err)
	}
	told, signs := newGossip(app.Pool, app, time.Now), newGuard(key, comet.PrivValidatorStateFile())
	var opened databases
	n, err := node.NewNodeWithContext(ctx, comet, signs, nodeKey,
		// A mutex per connection: blocks, queries and snapshots do not wait for each other, and the mempool's calls take none.
		proxy.NewConnSyncLocalClientCreator(server.NewCometABCIWrapper(talksTo(app))), func() (*cmttypes.GenesisDoc, error) { return doc.ToGenesisDoc() },
		opened.open, node.DefaultMetricsProvider(comet.Instrumentation), servercmtlog.CometLoggerWrapper{Logger: cfg.Logger},
		node.CustomReactors(map[string]p2p.Reactor{gossipReactor: told}))
	if err != nil {
		return errors.Join(err, opened.close())
	}
	told.syncing, signs.commits, signs.marker = n.ConsensusReactor().WaitSync, n.BlockStore(), filepath.Join(comet.DBDir(), frozenName)
	l, err := cfg.listen()
	if err != nil {
		return errors.Join(err, opened.close())
	}
	s := newServers(app, cfg, l)
	if began := awaitGenesis(ctx, doc.GenesisTime, cfg.Logger); !began {
		return errors.Join(s.stop(), opened.close())
	}
	if err := n.Start(); err != nil {
		// It ends what it has begun with, but not what it was made with.
		return errors.Join(err, s.stop(), n.EventBus().Stop(), opened.close())
	}
	defer func() {
		if n.IsRunning() {
			err = errors.Join(err, n.Stop())
		}
		n.Wait()
	}()
	defer func() { err = errors.Join(err, s.stop()) }()
	leaving, gone := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() {
		defer close(left)
		bequeath(leaving, app, rewinding{cfg, comet, doc, n.BlockStore()}, cfg.Logger)
	}()
	defer func() {
		gone()
		<-left
	}()
	env, err := n.ConfigureRPC()
	if err != nil {
		return fmt.Errorf("rpc: %w", err)
	}
	if err := s.start(ctx, n, env, network); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	case err := <-signs.refused:
		return err
	case <-over(env.ConsensusState):
		return errors.New("consensus has stopped: the log says CONSENSUS FAILURE and why")
	case <-n.Quit():
		return errors.New("the node has stopped")
	}
}

// copied settings, for some are changed.
func copied(c *cmtcfg.Config) *cmtcfg.Config {
	out := *c
	rpc, mempool, consensus, p2p, index := *c.RPC, *c.Mempool, *c.Consensus, *c.P2P, *c.TxIndex
	out.RPC, out.Mempool, out.Consensus, out.P2P, out.TxIndex = &rpc, &mempool, &consensus, &p2p, &index
	return &out
}

// networkOf a genesis: the chain id that wallets sign.
func networkOf(app *shardchain.App, doc *genutiltypes.AppGenesis) (string, error) {
	var gs latticetypes.GenesisState
	state, err := genutiltypes.GenesisStateFromAppGenesis(doc)
	if err == nil {
		err = app.Codec.UnmarshalJSON(state[latticetypes.ModuleName], &gs)
	}
	return gs.Shard.Network, err
}

// awaitGenesis until its time has come; false where the context ended before. CometBFT would sleep until then, whoever interrupts it.
func awaitGenesis(ctx context.Context, begins time.Time, logger log.Logger) bool {
	wait := time.Until(begins)
	if wait <= 0 {
		return true
	}
	logger.Info("the shard has not begun yet", "begins", begins)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// over is closed when consensus has ended. CometBFT goes on without it after a panic, and answers as if nothing were wrong.
func over(state rpccore.Consensus) <-chan struct{} {
	done := make(chan struct{})
	if s, ok := state.(*consensus.State); ok {
		go func() {
			defer close(done)
			s.Wait()
		}()
	}
	return done
}
