package shardchain_test

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"os"
	"testing"
	"time"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/store/v2/snapshots"
	snapshottypes "github.com/cosmos/cosmos-sdk/store/v2/snapshots/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

const (
	chainID = "top-z0.s0-1"
	funds   = 10_000_000_000
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// user with an account.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
	next    uint64
}

func newUser(n int) *user {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("shardchain"), uint64(n)))
	secret := ed25519.NewKeyFromSeed(seed[:])
	key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	return &user{secret: secret, key: key, address: sendtx.AddressOf(key)}
}

func (u *user) send(to *user, utop uint64) []byte {
	t := sendtx.New(lattice.Transfer{To: to.address, Key: u.key, Sequence: u.next, Amount: lattice.Balance{Utop: utop}}, "")
	u.next++
	return t.Signed(ed25519.Sign(u.secret, t.SignBytes(latticetypes.Network)))
}

// shard in this process, driven as CometBFT would.
type shard struct {
	*shardchain.App
	t *testing.T
	// chain id; chainID where it is empty.
	chain  string
	db     dbm.DB
	dir    string
	height int64
	last   []byte
	users  []*user
	// main chain that its genesis knows; nil for none.
	main *lighttypes.GenesisState
}

func newShard(t *testing.T, users int) *shard {
	t.Helper()
	list := make([]*user, users)
	for n := range list {
		list[n] = newUser(n)
	}
	return newShardOf(t, chainID, latticetypes.DefaultGenesisState(), list)
}

// newShardOf users with funds, with a genesis that has no accounts.
func newShardOf(t *testing.T, chain string, gs *latticetypes.GenesisState, users []*user) *shard {
	t.Helper()
	return newShardWith(t, chain, gs, nil, users)
}

// newShardWith a light client of a main chain.
func newShardWith(t *testing.T, chain string, gs *latticetypes.GenesisState, main *lighttypes.GenesisState, users []*user) *shard {
	t.Helper()
	s := &shard{t: t, chain: chain, db: dbm.NewMemDB(), dir: t.TempDir(), users: users, main: main}
	for _, u := range users {
		gs.Balances = append(gs.Balances, latticetypes.Balance{Address: sendtx.Bech32(u.address), Coins: sdk.NewCoins(sdk.NewInt64Coin("utop", funds))})
	}
	s.open()
	require.NoError(t, s.init(gs))
	s.block()
	return s
}

// snapshotInterval in blocks.
const snapshotInterval = 4

func (s *shard) open() {
	s.t.Helper()
	s.chain = cmp.Or(s.chain, chainID)
	// Snapshots are written and given up in the background: their folder goes when that has ended.
	dir, err := os.MkdirTemp("", "snapshots") //nolint:usetesting // T.TempDir fails where something is still written
	require.NoError(s.t, err)
	s.t.Cleanup(func() {
		require.Eventually(s.t, func() bool { return os.RemoveAll(dir) == nil }, 10*time.Second, 10*time.Millisecond)
	})
	store, err := snapshots.NewStore(dbm.NewMemDB(), dir)
	require.NoError(s.t, err)
	app, err := shardchain.New(shardchain.Options{
		Logger: log.NewNopLogger(), DB: s.db, Data: s.dir, Accounts: s.accountsFile(), Mempool: mempool.DefaultConfig(), SnapshotInterval: snapshotInterval,
		BaseApp: []func(*baseapp.BaseApp){baseapp.SetChainID(s.chain), baseapp.SetSnapshot(store, snapshottypes.NewSnapshotOptions(snapshotInterval, 2))},
	})
	require.NoError(s.t, err)
	s.App = app
}

func (s *shard) init(gs *latticetypes.GenesisState) error {
	s.t.Helper()
	modules := map[string]json.RawMessage{latticetypes.ModuleName: s.Codec.MustMarshalJSON(gs)}
	if s.main != nil {
		modules[lighttypes.ModuleName] = s.Codec.MustMarshalJSON(s.main)
	}
	state, err := json.Marshal(modules)
	require.NoError(s.t, err)
	params := cmttypes.DefaultConsensusParams().ToProto()
	// So that evidence does not hold the blocks of a whole test.
	params.Evidence.MaxAgeNumBlocks = 10
	_, err = s.InitChain(&abci.RequestInitChain{Time: start, ChainId: s.chain, ConsensusParams: &params, AppStateBytes: state, InitialHeight: 1})
	return err
}

func (s *shard) finalize(txs [][]byte) []*abci.ExecTxResult {
	s.t.Helper()
	res, err := s.FinalizeBlock(&abci.RequestFinalizeBlock{Height: s.height, Time: start.Add(time.Duration(s.height) * time.Second), Txs: txs})
	require.NoError(s.t, err)
	s.last = res.AppHash
	return res.TxResults
}

// block with these transactions is finalized and committed; supply is exact after it.
func (s *shard) block(txs ...[]byte) []*abci.ExecTxResult {
	s.t.Helper()
	s.height++
	results := s.finalize(txs)
	_, err := s.Commit()
	require.NoError(s.t, err)
	require.NoError(s.t, s.Lattice.CheckSupply(s.ctx()))
	return results
}

func (s *shard) ctx() sdk.Context {
	ctx, err := s.CreateQueryContext(s.height, false)
	require.NoError(s.t, err)
	return ctx
}

func (s *shard) process(txs ...[]byte) bool {
	s.t.Helper()
	res, err := s.ProcessProposal(&abci.RequestProcessProposal{Height: s.height + 1, Time: start.Add(time.Duration(s.height+1) * time.Second), Txs: txs})
	require.NoError(s.t, err)
	return res.IsAccepted()
}

func (s *shard) utop(u *user) uint64 {
	r, _, err := s.Engine.Get(u.address)
	require.NoError(s.t, err)
	return r.Utop
}
