package shard

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/rs/zerolog"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// How long a test waits for a condition, and how often it looks.
const (
	nodePatience = 2 * time.Minute
	nodePoll     = 50 * time.Millisecond
)

// everyonesFriend is whom users send to.
var everyonesFriend = lattice.Address{9}

// user of a shard.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
}

// userOf a number, the same every time.
func userOf(t *testing.T, n int) user {
	t.Helper()
	secret := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(n + 1)}, ed25519.SeedSize))
	key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
	require.NoError(t, err)
	return user{secret, key, sendtx.AddressOf(key)}
}

func (u user) send(sequence, utop uint64) []byte {
	tx := sendtx.New(lattice.Transfer{To: everyonesFriend, Key: u.key, Sequence: sequence, Amount: lattice.Balance{Utop: utop}}, "")
	return tx.Signed(ed25519.Sign(u.secret, tx.SignBytes(latticetypes.Network)))
}

// founded homes of a shard on which accounts have funds: those of members, then those of others, who do not vote.
func founded(t *testing.T, members, others int, funds map[lattice.Address]int64, change func(cfg Config)) (cfgs []Config, nodes []*home.Node) {
	t.Helper()
	gs := latticetypes.DefaultGenesisState()
	for a, utop := range funds {
		gs.Balances = append(gs.Balances, latticetypes.Balance{Address: sendtx.Bech32(a), Coins: sdk.NewCoins(sdk.NewInt64Coin("utop", utop))})
	}
	bz, err := codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).MarshalJSON(gs)
	require.NoError(t, err)
	state, err := json.Marshal(map[string]json.RawMessage{latticetypes.ModuleName: bz})
	require.NoError(t, err)
	doc := genutiltypes.NewAppGenesisWithVersion("top-z0.s0-1", state)
	doc.GenesisTime = time.Now().UTC()
	doc.Consensus = &genutiltypes.ConsensusGenesis{Params: cmttypes.DefaultConsensusParams()}
	ports, err := home.Allocate(members+others, 0)
	require.NoError(t, err)
	dir := t.TempDir()
	var peers []string
	for i, p := range ports {
		cfg := Config{Comet: config.DefaultComet(), App: config.DefaultApp(), Logger: log.NewNopLogger()}
		n, err := home.Prepare(filepath.Join(dir, fmt.Sprint(i)), fmt.Sprintf("member%d", i), cfg.Comet, p)
		require.NoError(t, err)
		key, err := cryptocodec.ToCmtPubKeyInterface(n.ConsensusKey)
		require.NoError(t, err)
		if i < members {
			doc.Consensus.Validators = append(doc.Consensus.Validators, cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: 1})
		}
		cfgs, nodes, peers = append(cfgs, cfg), append(nodes, n), append(peers, n.Peer())
	}
	for i, n := range nodes {
		c := cfgs[i].Comet.Consensus
		c.TimeoutPropose, c.TimeoutPrevote, c.TimeoutPrecommit = 500*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
		change(cfgs[i])
		require.NoError(t, n.WriteGenesis(doc))
		require.NoError(t, n.WriteConfig(home.Settings{ChainID: doc.ChainID, Peers: peers, TimeoutCommit: 50 * time.Millisecond, App: cfgs[i].App}))
	}
	return cfgs, nodes
}

// memberEnv names the home of the member that this program runs instead of tests: CometBFT leaves goroutines behind that read closed databases, so that nodes cannot end within a process that goes on.
const memberEnv = "TOP_TEST_MEMBER"

func TestMain(m *testing.M) {
	dir := os.Getenv(memberEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := member(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// failsFile in a home: the application of its member panics in this block, as it does where the disk is full.
const failsFile = "fails.json"

// failing application.
type failing struct {
	*shardchain.App
	height int64
}

func (f failing) FinalizeBlock(req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	if req.Height == f.height {
		panic("no space left on device")
	}
	return f.App.FinalizeBlock(req)
}

// member runs the home's node until it is told to stop; one that has contents to propose is byzantine.
func member(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	v := viper.New()
	for _, name := range []string{config.CometFile, config.AppFile} {
		v.SetConfigFile(filepath.Join(dir, "config", name))
		if err := v.MergeInConfig(); err != nil {
			return err
		}
	}
	cfg := Config{Comet: config.DefaultComet(), App: config.DefaultApp(), Logger: log.NewLogger(os.Stderr, log.LevelOption(zerolog.ErrorLevel))}
	if err := errors.Join(v.Unmarshal(cfg.Comet), v.Unmarshal(cfg.App)); err != nil {
		return err
	}
	cfg.Comet.SetRoot(dir)
	return run(ctx, cfg, func(app *shardchain.App) servertypes.ABCI {
		if bz, err := os.ReadFile(filepath.Join(dir, failsFile)); err == nil {
			f := failing{App: app}
			if err := json.Unmarshal(bz, &f.height); err != nil {
				panic(err)
			}
			return f
		}
		bz, err := os.ReadFile(filepath.Join(dir, contentsFile))
		if err != nil {
			return app
		}
		bad := &byzantine{App: app, heights: filepath.Join(dir, heightsFile)}
		if err := json.Unmarshal(bz, &bad.contents); err != nil {
			panic(err)
		}
		return bad
	})
}

// start members as processes until the test ends.
func start(t *testing.T, nodes ...*home.Node) (started []*process.Process) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	for _, n := range nodes {
		p, err := process.Start(process.Spec{Name: n.Moniker, Path: self, Env: []string{memberEnv + "=" + n.Home}, Log: filepath.Join(n.Home, "log")})
		require.NoError(t, err)
		t.Cleanup(func() { _ = p.Stop(nodePatience) })
		started = append(started, p)
	}
	return started
}

// ends by itself, with an error that says why.
func ends(t *testing.T, p *process.Process, why string) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(nodePatience):
		require.Fail(t, "it runs on", p.LogTail(20))
	}
	require.Error(t, p.Err())
	require.Contains(t, p.LogTail(20), why)
}

// A member whose consensus has panicked ends, so that whoever looks after it starts it again: CometBFT would answer on, without a block. Then it goes on where it was.
func TestConsensusThatPanics(t *testing.T) {
	_, nodes := founded(t, 1, 0, map[lattice.Address]int64{everyonesFriend: rich}, func(Config) {})
	fails := filepath.Join(nodes[0].Home, failsFile)
	require.NoError(t, os.WriteFile(fails, []byte("3"), 0o600))
	ends(t, start(t, nodes[0])[0], "consensus has stopped")
	require.NoError(t, os.Remove(fails))
	start(t, nodes[0])
	awaitHeight(t, rpcOf(t, nodes[0]), 5)
}

// regenesis changes the genesis of a home.
func regenesis(t *testing.T, n *home.Node, change func(*genutiltypes.AppGenesis, *latticetypes.GenesisState)) {
	t.Helper()
	path := filepath.Join(n.Home, "config", "genesis.json")
	doc, err := genutiltypes.AppGenesisFromFile(path)
	require.NoError(t, err)
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	var state map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(doc.AppState, &state))
	var gs latticetypes.GenesisState
	require.NoError(t, cdc.UnmarshalJSON(state[latticetypes.ModuleName], &gs))
	change(doc, &gs)
	state[latticetypes.ModuleName], err = cdc.MarshalJSON(&gs)
	require.NoError(t, err)
	doc.AppState, err = json.Marshal(state)
	require.NoError(t, err)
	require.NoError(t, n.WriteGenesis(doc))
}

// rpcOf a node.
func rpcOf(t *testing.T, n *home.Node) *rpchttp.HTTP {
	t.Helper()
	c, err := rpchttp.New(n.Endpoints().RPC, "/websocket")
	require.NoError(t, err)
	return c
}

// broadcast until a node takes it.
func broadcast(t *testing.T, rpc *rpchttp.HTTP, raw []byte) {
	t.Helper()
	require.Eventually(t, func() bool {
		res, err := rpc.BroadcastTxSync(t.Context(), raw)
		return err == nil && res.Code == 0
	}, nodePatience, nodePoll)
}

// awaitHeight of a node.
func awaitHeight(t *testing.T, rpc *rpchttp.HTTP, height int64) (last int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		s, err := rpc.Status(t.Context())
		if err == nil {
			last = s.SyncInfo.LatestBlockHeight
		}
		return last >= height
	}, nodePatience, nodePoll)
	return last
}

// sameState of nodes at a height.
func sameState(t *testing.T, nodes []*home.Node, height int64) {
	t.Helper()
	first, err := rpcOf(t, nodes[0]).Commit(t.Context(), &height)
	require.NoError(t, err)
	for _, n := range nodes[1:] {
		rpc := rpcOf(t, n)
		require.Eventually(t, func() bool {
			c, err := rpc.Commit(t.Context(), &height)
			return err == nil && c.AppHash.String() == first.AppHash.String()
		}, nodePatience, nodePoll)
	}
}
