// Package shardchain wires a shard: a chain whose transactions are transfers between the accounts of one engine. Beside it there is an ordinary BaseApp with few modules: its state commits the accounts' root.
package shardchain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/std"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/version"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/engine/intake"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	latticemodule "github.com/topnetwork/top/x/lattice"
	latticekeeper "github.com/topnetwork/top/x/lattice/keeper"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	"github.com/topnetwork/top/x/light"
	lightkeeper "github.com/topnetwork/top/x/light/keeper"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// Name of the chain's binary, of which a shard is one process.
const Name = "topchaind"

// remembered transactions: what waits and what was in the last blocks is not verified twice.
const remembered = 120_000

// Options of a shard's app.
type Options struct {
	Logger log.Logger
	DB     dbm.DB
	// Data is the node's data folder, which has one for the accounts.
	Data string
	// Accounts is the file that a genesis may name for more accounts than it holds itself.
	Accounts string
	// BaseApp options, e.g. pruning.
	BaseApp []func(*baseapp.BaseApp)
	Mempool mempool.Config
	// SnapshotInterval in blocks, as BaseApp's snapshot options have it.
	SnapshotInterval uint64
}

// App is a shard.
type App struct {
	*baseapp.BaseApp

	Codec    codec.Codec
	Registry codectypes.InterfaceRegistry
	TxConfig client.TxConfig
	Modules  *module.Manager

	Consensus consensuskeeper.Keeper
	Lattice   *latticekeeper.Keeper
	Light     *lightkeeper.Keeper
	Engine    *engine.Engine
	Pool      *mempool.Pool

	intake  *intake.Intake
	history atomic.Pointer[History]
	stop    func()
	// carried transactions that wait.
	carried carriedPool
	// ctx, rules and result of the block that is executed: the first two are of before its transactions, the third is written to the state after them.
	ctx    sdk.Context
	rules  lattice.Rules
	result *engine.Result
	// proposed last by this member.
	proposed proposal
	// touched accounts, of which the mempool hears after the commit.
	touched []lattice.Address
	// had are the carried transactions of the block.
	had []lattice.Hash
}

// New shard on a database and a data folder, ready to serve. It closes the database and the snapshots' store when it is closed, and where it fails.
func New(opts Options) (*App, error) {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec:          address.Bech32Codec{Bech32Prefix: base.Bech32Prefix},
			ValidatorAddressCodec: address.Bech32Codec{Bech32Prefix: base.Bech32Prefix + "valoper"},
		},
	})
	if err != nil {
		return nil, err
	}
	cdc := codec.NewProtoCodec(registry)
	std.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	banktypes.RegisterInterfaces(registry)
	consensustypes.RegisterInterfaces(registry)
	txConfig := authtx.NewTxConfig(cdc, authtx.DefaultSignModes)

	b := baseapp.NewBaseApp(Name+"-shard", opts.Logger, opts.DB, txConfig.TxDecoder(), opts.BaseApp...)
	e, err := engine.Open(filepath.Join(opts.Data, "accounts"))
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	b.SetVersion(version.Version)
	b.SetInterfaceRegistry(registry)
	b.SetDisableBlockGasMeter(true)
	keys := storetypes.NewKVStoreKeys(consensustypes.StoreKey, latticetypes.StoreKey, lighttypes.StoreKey)
	app := &App{BaseApp: b, Codec: cdc, Registry: registry, TxConfig: txConfig, Engine: e}
	authority := authtypes.NewModuleAddress(govtypes.ModuleName).String()
	app.Consensus = consensuskeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[consensustypes.StoreKey]), authority, runtime.EventService{})
	b.SetParamStore(app.Consensus.ParamsStore)
	app.Light = lightkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[lighttypes.StoreKey]))
	app.Lattice = latticekeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[latticetypes.StoreKey]), e, app.Light)
	app.Modules = module.NewManager(consensus.NewAppModule(cdc, app.Consensus), latticemodule.NewAppModule(app.Lattice), light.NewAppModule(app.Light))
	if err := app.Modules.RegisterServices(module.NewConfigurator(cdc, b.MsgServiceRouter(), b.GRPCQueryRouter())); err != nil {
		return nil, errors.Join(err, app.Close())
	}
	txtypes.RegisterServiceServer(b.GRPCQueryRouter(), txServer{app: app})
	b.MountKVStores(keys)
	app.handle(opts.Accounts)
	if m := b.SnapshotManager(); m != nil {
		if err := m.RegisterExtensions(snapshotter{app}); err != nil {
			return nil, errors.Join(err, app.Close())
		}
		e.SnapshotEvery(opts.SnapshotInterval)
	}
	if err := app.load(opts); err != nil {
		return nil, errors.Join(err, app.Close())
	}
	return app, nil
}

// handle sets what BaseApp calls. The file is that of genesis' accounts.
func (a *App) handle(accounts string) {
	a.SetInitChainer(func(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
		return a.initChain(ctx, req, accounts)
	})
	a.SetPreBlocker(a.preBlock)
	a.SetEndBlocker(a.endBlock)
	a.SetPrecommiter(a.precommit)
	a.SetPrepareCheckStater(a.committed)
	a.SetBlockSTMTxRunner(runner{a})
	a.SetPrepareProposal(a.prepare)
	a.SetProcessProposal(a.process)
	a.SetCheckTxHandler(a.checkTx)
	a.SetAnteHandler(func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) { return ctx, errOnlyTransfers })
}

// endBlock writes what the block did to the accounts, and tells CometBFT of a new committee.
func (a *App) endBlock(ctx sdk.Context) (sdk.EndBlock, error) {
	if err := a.Lattice.Commit(ctx, a.result); err != nil {
		return sdk.EndBlock{}, err
	}
	updates, err := a.Lattice.Rotate(ctx)
	return sdk.EndBlock{ValidatorUpdates: updates}, err
}

// load the chain's state and the accounts that belong to it.
func (a *App) load(opts Options) error {
	if err := a.LoadLatestVersion(); err != nil {
		return err
	}
	shard := latticetypes.Shard{Network: latticetypes.Network}
	if height := a.LastBlockHeight(); height > 0 {
		ctx := a.NewUncachedContext(false, header(height))
		if err := a.Lattice.Start(ctx, height); err != nil {
			return err
		}
		var err error
		if shard, err = a.Lattice.Shard.Get(ctx); err != nil {
			return err
		}
	}
	a.open(&shard, opts.Mempool)
	return nil
}

// open the mempool for the network's transactions.
func (a *App) open(shard *latticetypes.Shard, cfg mempool.Config) {
	a.intake = intake.New(shard.Network, remembered)
	a.intake.Serve(shard.Network, shard.Restarts)
	a.Pool = mempool.New(cfg, a.Engine, a.intake)
	a.stop = a.Pool.Start()
}

// Close the databases.
func (a *App) Close() error {
	if a.stop != nil {
		a.stop()
	}
	return errors.Join(a.BaseApp.Close(), a.Engine.Close())
}

// initChain fills the shard. The genesis committee is CometBFT's.
func (a *App) initChain(ctx sdk.Context, req *abci.RequestInitChain, accounts string) (*abci.ResponseInitChain, error) {
	var state map[string]json.RawMessage
	if err := json.Unmarshal(req.AppStateBytes, &state); err != nil {
		return nil, fmt.Errorf("app_state: %w", err)
	}
	var gs latticetypes.GenesisState
	if err := a.Codec.UnmarshalJSON(state[latticetypes.ModuleName], &gs); err != nil {
		return nil, fmt.Errorf("app_state.%s: %w", latticetypes.ModuleName, err)
	}
	main := lighttypes.DefaultGenesisState()
	if bz, ok := state[lighttypes.ModuleName]; ok {
		if err := a.Codec.UnmarshalJSON(bz, main); err != nil {
			return nil, fmt.Errorf("app_state.%s: %w", lighttypes.ModuleName, err)
		}
	}
	if err := a.Light.InitGenesis(ctx, main); err != nil {
		return nil, fmt.Errorf("app_state.%s: %w", lighttypes.ModuleName, err)
	}
	if err := a.fill(ctx, &gs, accounts); err != nil {
		return nil, fmt.Errorf("app_state.%s: %w", latticetypes.ModuleName, err)
	}
	// Whoever starts the app without CometBFT has no validators.
	if len(req.Validators) > 0 {
		if err := gs.CheckValidators(ctx.ChainID(), req.Validators); err != nil {
			return nil, fmt.Errorf("app_state.%s: %w", latticetypes.ModuleName, err)
		}
	}
	a.intake.Serve(gs.Shard.Network, gs.Shard.Restarts)
	return &abci.ResponseInitChain{Validators: req.Validators}, nil
}

// fill the shard with a genesis and, where it names one, its accounts file.
func (a *App) fill(ctx sdk.Context, gs *latticetypes.GenesisState, accounts string) (err error) {
	if gs.AccountsFile == nil && gs.Inherited == nil {
		return a.Lattice.InitGenesis(ctx, gs, nil)
	}
	defer func() {
		if errors.Is(err, latticetypes.ErrAccountsFile) {
			err = fmt.Errorf("%w; %s must be the file that was made with this genesis: copy it from another member's config", err, accounts)
		}
	}()
	f, err := os.Open(accounts)
	if err != nil {
		return fmt.Errorf("%w: %w", latticetypes.ErrAccountsFile, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return a.Lattice.InitGenesis(ctx, gs, f)
}

func (a *App) preBlock(ctx sdk.Context, req *abci.RequestFinalizeBlock) (_ *sdk.ResponsePreBlock, err error) {
	for _, m := range req.Misbehavior {
		a.Logger().Error("a member has voted twice: the block has the evidence", "member", fmt.Sprintf("%X", m.Validator.Address), "at", m.Height, "kind", m.Type)
	}
	a.ctx = ctx
	a.rules, err = a.Lattice.Rules(ctx)
	return &sdk.ResponsePreBlock{}, err
}

// precommit writes the accounts to disk before the state that names them. What fails here must not be followed by the state's commit.
func (a *App) precommit(ctx sdk.Context) {
	if err := a.Engine.Commit(); err != nil {
		panic(err)
	}
	// History is of use with the blocks that it speaks of, no longer.
	if first := a.GetBlockRetentionHeight(ctx.BlockHeight()); first > 0 {
		if err := a.Engine.Prune(uint64(first)); err != nil {
			panic(err)
		}
	}
}

// committed tells the mempool which accounts the block has touched, and the engine whose the others are.
func (a *App) committed(ctx sdk.Context) {
	if err := a.Lattice.Committed(ctx); err != nil {
		panic(err)
	}
	a.Pool.Committed(a.touched)
	a.carried.committed(a.had)
	a.had = nil
	a.touched = nil
}

// Export the state of the last block, with that block's time; the accounts are written beside it.
func (a *App) Export(accounts io.Writer) (json.RawMessage, time.Time, error) {
	ctx := a.NewUncachedContext(false, header(a.LastBlockHeight())).WithChainID(a.ChainID())
	head, err := a.Lattice.Head.Get(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	gs, err := a.Lattice.Export(ctx, accounts)
	if err != nil {
		return nil, time.Time{}, err
	}
	main, err := a.Light.ExportGenesis(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	state, err := encode(a.Codec, gs, main)
	return state, time.Unix(0, head.Time).UTC(), err
}

// Home is the default home of a shard's node.
func Home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		dir = "."
	}
	return filepath.Join(dir, ".topchaind", "shard")
}
