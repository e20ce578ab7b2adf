package shardchain_test

import (
	"bytes"
	"context"
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
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/verify"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
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
	t      *testing.T
	db     dbm.DB
	dir    string
	height int64
	last   []byte
	users  []*user
}

func newShard(t *testing.T, users int) *shard {
	t.Helper()
	s := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir()}
	gs := latticetypes.DefaultGenesisState()
	for n := range users {
		s.users = append(s.users, newUser(n))
		gs.Balances = append(gs.Balances, latticetypes.Balance{Address: sendtx.Bech32(s.users[n].address), Coins: sdk.NewCoins(sdk.NewInt64Coin("utop", funds))})
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
	// Snapshots are written and given up in the background: their folder goes when that has ended.
	dir, err := os.MkdirTemp("", "snapshots") //nolint:usetesting // T.TempDir fails where something is still written
	require.NoError(s.t, err)
	s.t.Cleanup(func() {
		require.Eventually(s.t, func() bool { return os.RemoveAll(dir) == nil }, 10*time.Second, 10*time.Millisecond)
	})
	store, err := snapshots.NewStore(dbm.NewMemDB(), dir)
	require.NoError(s.t, err)
	app, err := shardchain.New(shardchain.Options{
		Logger: log.NewNopLogger(), DB: s.db, Data: s.dir, Mempool: mempool.DefaultConfig(), SnapshotInterval: snapshotInterval,
		BaseApp: []func(*baseapp.BaseApp){baseapp.SetChainID(chainID), baseapp.SetSnapshot(store, snapshottypes.NewSnapshotOptions(snapshotInterval, 2))},
	})
	require.NoError(s.t, err)
	s.App = app
}

func (s *shard) init(gs *latticetypes.GenesisState) error {
	s.t.Helper()
	state, err := json.Marshal(map[string]json.RawMessage{latticetypes.ModuleName: s.Codec.MustMarshalJSON(gs)})
	require.NoError(s.t, err)
	params := cmttypes.DefaultConsensusParams().ToProto()
	_, err = s.InitChain(&abci.RequestInitChain{Time: start, ChainId: chainID, ConsensusParams: &params, AppStateBytes: state, InitialHeight: 1})
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

// From a wallet's transaction to a block and back.
func TestTransfers(t *testing.T) {
	s := newShard(t, 3)
	a, b, c := s.users[0], s.users[1], s.users[2]
	for _, raw := range [][]byte{a.send(b, 5), a.send(c, 7), b.send(a, 1)} {
		res, err := s.CheckTx(&abci.RequestCheckTx{Tx: raw})
		require.NoError(t, err)
		require.Zero(t, res.Code, res.Log)
	}
	res, err := s.CheckTx(&abci.RequestCheckTx{Tx: []byte("rubbish")})
	require.NoError(t, err)
	require.NotZero(t, res.Code)
	proposal, err := s.PrepareProposal(&abci.RequestPrepareProposal{Height: s.height + 1, MaxTxBytes: 1 << 20, Time: start})
	require.NoError(t, err)
	require.Len(t, proposal.Txs, 3)
	require.True(t, s.process(proposal.Txs...))
	reaped := s.Pool.Reap(1 << 20)
	require.Len(t, reaped, 1)
	require.Len(t, reaped[0].Transactions, 3)
	for _, r := range s.block(proposal.Txs...) {
		require.True(t, r.IsOK(), r.Log)
	}
	require.Zero(t, s.Pool.Len())
	require.Equal(t, uint64(funds-11), s.utop(a))
	require.Equal(t, uint64(funds+4), s.utop(b))

	// Peers' transactions arrive too.
	outcome := make(chan error, 1)
	s.Pool.Offer(c.send(a, 1), "peer", func(err error) { outcome <- err })
	require.NoError(t, <-outcome)
	require.Equal(t, 1, s.Pool.Len())
}

// Operators ask whether all accounts add up; while a block is executed nobody can say.
func TestInvariantsQuery(t *testing.T) {
	s := newShard(t, 2)
	ask := func() (res latticetypes.QueryInvariantsResponse, code uint32) {
		answer, err := s.Query(context.Background(), &abci.RequestQuery{Path: "/top.lattice.v1.Query/Invariants"})
		require.NoError(t, err)
		require.NoError(t, s.Codec.Unmarshal(answer.Value, &res))
		return res, answer.Code
	}
	s.height++
	s.finalize([][]byte{s.users[0].send(s.users[1], 5)})
	_, code := ask()
	require.NotZero(t, code)
	_, err := s.Commit()
	require.NoError(t, err)
	for range 150 {
		res, code := ask()
		require.Zero(t, code)
		require.Equal(t, latticetypes.QueryInvariantsResponse{Ok: true, Height: 2 + (s.height-2)/100*100}, res, "once in a hundred blocks")
		s.block()
	}
}

// A proposal with anything that would not be executed is refused; a block that holds such a thing all the same does the rest.
func TestBadProposals(t *testing.T) {
	s := newShard(t, 2)
	a, b := s.users[0], s.users[1]
	good := a.send(b, 5)
	forged := bytes.Clone(good)
	forged[len(forged)-1] ^= 1
	late := newUser(0)
	late.next = 7
	for name, bad := range map[string][]byte{
		"rubbish": []byte("rubbish"), "forged": forged, "out of order": late.send(b, 1), "of nobody": newUser(9).send(b, 1), "more than there is": newUser(1).send(a, 2*funds),
	} {
		require.False(t, s.process(bad), name)
		require.False(t, s.process(good, bad), name)
	}
	require.False(t, s.process(good, good), "twice")
	require.True(t, s.process(good))
	results := s.block([]byte("rubbish"), good, forged, good)
	require.Equal(t, []bool{false, true, false, false}, []bool{results[0].IsOK(), results[1].IsOK(), results[2].IsOK(), results[3].IsOK()})
	require.Equal(t, uint64(funds+5), s.utop(b))
	_, found, err := s.Engine.Transaction(sendtx.Hash(forged))
	require.NoError(t, err)
	require.False(t, found, "what is no transfer is in no index")
}

// The power fails between the accounts' commit and the state's, and anywhere else: the same block makes the same hash, and the shard goes on.
func TestPowerCutBetweenCommits(t *testing.T) {
	for name, cut := range map[string]func(*shard){
		"before the accounts": func(*shard) {},
		"between":             func(s *shard) { require.NoError(s.t, s.Engine.Commit()) },
		"after both": func(s *shard) {
			_, err := s.Commit()
			require.NoError(s.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShard(t, 3)
			a, b := s.users[0], s.users[1]
			s.block(a.send(b, 5))
			s.height++
			block := [][]byte{a.send(b, 7), b.send(newUser(50), 100_000)}
			s.finalize(block)
			want := s.last
			cut(s)
			require.NoError(t, s.App.Close())
			s.open()
			if s.LastBlockHeight() < s.height {
				s.finalize(block)
				require.Equal(t, want, s.last)
				_, err := s.Commit()
				require.NoError(t, err)
			}
			require.Equal(t, s.height, s.LastBlockHeight())
			require.Equal(t, uint64(funds-12), s.utop(a))
			require.True(t, s.block(a.send(b, 1))[0].IsOK())
			require.NoError(t, s.App.Close())
		})
	}
}

// An exported shard that is imported has the same accounts in the same places: the same root, and the same sequences.
func TestExportImport(t *testing.T) {
	s := newShard(t, 20)
	for i := range 30 {
		from, to := s.users[i%7], newUser(i)
		s.block(from.send(to, 100_000+uint64(i)))
	}
	s.block(s.users[19].send(s.users[0], s.utop(s.users[19])))
	gs, err := s.Lattice.ExportGenesis(s.ctx())
	require.NoError(t, err)
	head, err := s.Lattice.Head.Get(s.ctx())
	require.NoError(t, err)

	other := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir(), users: s.users}
	other.open()
	require.NoError(t, other.init(gs))
	other.block()
	again, err := other.Lattice.ExportGenesis(other.ctx())
	require.NoError(t, err)
	require.Equal(t, gs, again)
	got, err := other.Lattice.Head.Get(other.ctx())
	require.NoError(t, err)
	require.Equal(t, head.Root, got.Root)
	require.Equal(t, head.Issued, got.Issued)
	require.True(t, other.block(s.users[0].send(s.users[1], 3))[0].IsOK())
}

func TestGenesisThatIsRefused(t *testing.T) {
	for name, change := range map[string]func(*latticetypes.GenesisState){
		"an account twice": func(gs *latticetypes.GenesisState) { gs.Balances = append(gs.Balances, gs.Balances[0]) },
		"below the deposit": func(gs *latticetypes.GenesisState) {
			gs.Balances[0].Coins = sdk.NewCoins(sdk.NewInt64Coin("utop", 99_999))
		},
		"no address":             func(gs *latticetypes.GenesisState) { gs.Balances[0].Address = "top1x" },
		"another shard's":        func(gs *latticetypes.GenesisState) { gs.Shard.PrefixLen, gs.Shard.PrefixBits = 10, 5 },
		"no network":             func(gs *latticetypes.GenesisState) { gs.Shard.Network = "" },
		"no deposit":             func(gs *latticetypes.GenesisState) { gs.Params.Deposit = 0 },
		"no epochs":              func(gs *latticetypes.GenesisState) { gs.Params.EpochSeconds = 0 },
		"free transfers":         func(gs *latticetypes.GenesisState) { gs.Params.Quota.Transfer = 0 },
		"both kinds of accounts": func(gs *latticetypes.GenesisState) { gs.Buckets = []latticetypes.Bucket{{Number: 1}} },
		"burned before it began": func(gs *latticetypes.GenesisState) { gs.Burned = 1 },
		"half a bucket": func(gs *latticetypes.GenesisState) {
			gs.Balances, gs.Buckets = nil, []latticetypes.Bucket{{Number: 1, Slots: [][]byte{{1}, nil, nil}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir()}
			s.open()
			gs := latticetypes.DefaultGenesisState()
			gs.Balances = []latticetypes.Balance{{Address: sendtx.Bech32(newUser(0).address), Coins: sdk.NewCoins(sdk.NewInt64Coin("utop", funds))}}
			change(gs)
			require.Error(t, s.init(gs))
			require.NoError(t, s.App.Close())
		})
	}
}

// A wallet asks what a transfer would do before it signs.
func TestSimulate(t *testing.T) {
	s := newShard(t, 2)
	a, b := s.users[0], s.users[1]
	ask := func(to *user, utop, sequence uint64) error {
		u := sendtx.New(lattice.Transfer{To: to.address, Key: a.key, Sequence: sequence, Amount: lattice.Balance{Utop: utop}}, "")
		bz, err := s.Codec.Marshal(&txtypes.SimulateRequest{TxBytes: u.Signed(nil)})
		require.NoError(t, err)
		res, err := s.Query(context.Background(), &abci.RequestQuery{Path: "/cosmos.tx.v1beta1.Service/Simulate", Data: bz})
		require.NoError(t, err)
		if res.Code != 0 {
			return sendtx.ErrOther
		}
		var answer txtypes.SimulateResponse
		require.NoError(t, s.Codec.Unmarshal(res.Value, &answer))
		require.NotZero(t, answer.GasInfo.GasUsed)
		return nil
	}
	require.NoError(t, ask(b, 5, 0))
	require.NoError(t, ask(newUser(77), 100_000, 0))
	require.Error(t, ask(newUser(77), 99_999, 0))
	require.Error(t, ask(b, funds+1, 0))
	require.Error(t, ask(b, 1, 1))
}

// An account is proven from a header alone, its units too, and no part of the proof can be another.
func TestProofsFromAHeader(t *testing.T) {
	s := newShard(t, 20)
	a := s.users[3]
	for i := range 5 {
		s.block(a.send(s.users[i+4], 100))
	}
	res, err := s.Query(context.Background(), &abci.RequestQuery{Path: "/store/lattice/key", Data: []byte{1}, Height: s.height, Prove: true})
	require.NoError(t, err)
	require.Zero(t, res.Code, res.Log)
	require.Len(t, res.ProofOps.Ops, 2)
	state, err := verify.DecodeState(res.Value, res.ProofOps.Ops[0].Data, res.ProofOps.Ops[1].Data)
	require.NoError(t, err)
	record, proof, _, err := s.Engine.Proof(a.address)
	require.NoError(t, err)
	body := record.AppendBody(nil)

	got, head, err := verify.Account(s.last, state, lattice.Prefix{}, proof, a.address, body)
	require.NoError(t, err)
	require.Equal(t, record, got)
	require.Equal(t, uint64(s.height), head.Height)
	var units []lattice.Unit
	for n := uint64(1); n <= record.Units; n++ {
		u, _, err := s.Engine.Unit(a.address, n)
		require.NoError(t, err)
		units = append(units, u)
	}
	require.Len(t, units, 5)
	require.NoError(t, verify.Units(got, units))
	units[2].Peer = a.address
	require.Error(t, verify.Units(got, units))

	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}
	for name, check := range map[string]func() error{
		"app hash": func() error {
			_, _, err := verify.Account(flip(s.last), state, lattice.Prefix{}, proof, a.address, body)
			return err
		},
		"head": func() error {
			other := state
			other.Head = flip(state.Head)
			_, _, err := verify.Account(s.last, other, lattice.Prefix{}, proof, a.address, body)
			return err
		},
		"record": func() error {
			_, _, err := verify.Account(s.last, state, lattice.Prefix{}, proof, a.address, flip(body))
			return err
		},
		"address": func() error {
			_, _, err := verify.Account(s.last, state, lattice.Prefix{}, proof, s.users[4].address, body)
			return err
		},
		"store proof for multistore proof": func() error {
			other := state
			other.InMultistore = state.InStore
			_, err := other.Verify(s.last)
			return err
		},
	} {
		require.Error(t, check(), name)
	}
}

// snapshot of a height, once it is written.
func (s *shard) snapshot(height uint64) *abci.Snapshot {
	s.t.Helper()
	var found *abci.Snapshot
	require.Eventually(s.t, func() bool {
		res, err := s.ListSnapshots(&abci.RequestListSnapshots{})
		require.NoError(s.t, err)
		for _, snapshot := range res.Snapshots {
			if snapshot.Height == height {
				found = snapshot
			}
		}
		return found != nil
	}, 30*time.Second, time.Millisecond)
	return found
}

// restore a snapshot into an empty shard, chunk by chunk as another node sends them.
func (s *shard) restore(from *shard, snapshot *abci.Snapshot, appHash []byte, change func(chunk []byte) []byte) abci.ResponseApplySnapshotChunk_Result {
	s.t.Helper()
	offered, err := s.OfferSnapshot(&abci.RequestOfferSnapshot{Snapshot: snapshot, AppHash: appHash})
	require.NoError(s.t, err)
	require.Equal(s.t, abci.ResponseOfferSnapshot_ACCEPT, offered.Result)
	for i := range snapshot.Chunks {
		chunk, err := from.LoadSnapshotChunk(&abci.RequestLoadSnapshotChunk{Height: snapshot.Height, Format: snapshot.Format, Chunk: i})
		require.NoError(s.t, err)
		applied, err := s.ApplySnapshotChunk(&abci.RequestApplySnapshotChunk{Index: i, Chunk: change(chunk.Chunk)})
		require.NoError(s.t, err)
		if applied.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
			return applied.Result
		}
	}
	return abci.ResponseApplySnapshotChunk_ACCEPT
}

// A snapshot is of its height though blocks go on; whoever restores it has the same accounts, follows the chain with the same hashes, and survives a restart.
func TestStateSync(t *testing.T) {
	s := newShard(t, 40)
	var blocks [][][]byte
	var hashes [][]byte
	for i := range 11 {
		block := [][]byte{s.users[i].send(s.users[i+1], 10), s.users[i+12].send(newUser(100+i), 200_000)}
		s.block(block...)
		blocks, hashes = append(blocks, block), append(hashes, s.last)
		// One snapshot is taken at a time.
		if s.height == snapshotInterval {
			s.snapshot(snapshotInterval)
		}
	}
	// Height 1 is empty; block i of the list is height i+2.
	snapshot := s.snapshot(8)
	other := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir(), users: s.users}
	other.open()
	same := func(b []byte) []byte { return b }
	require.Equal(t, abci.ResponseApplySnapshotChunk_ACCEPT, other.restore(s, snapshot, hashes[6], same))
	info, err := other.Info(&abci.RequestInfo{})
	require.NoError(t, err)
	require.Equal(t, int64(8), info.LastBlockHeight)
	require.Equal(t, hashes[6], info.LastBlockAppHash)
	other.height = 8
	require.NoError(t, other.Lattice.CheckSupply(other.ctx()))
	other.block(blocks[7]...)
	require.Equal(t, hashes[7], other.last)
	require.NoError(t, other.App.Close())
	other.open()
	for i := 8; i < len(blocks); i++ {
		other.block(blocks[i]...)
		require.Equal(t, hashes[i], other.last)
	}

	// A chunk that was changed on its way is asked for again; nothing of it stays.
	third := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir(), users: s.users}
	third.open()
	require.NotEqual(t, abci.ResponseApplySnapshotChunk_ACCEPT, third.restore(s, snapshot, hashes[6], func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}))
	require.Zero(t, third.Engine.Height())
}
