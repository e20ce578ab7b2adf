package shardchain_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticekeeper "github.com/topnetwork/top/x/lattice/keeper"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

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

	// A coin that nobody has issued, and a root that is not the accounts'.
	ctx := s.NewUncachedContext(false, cmtproto.Header{Height: s.height})
	head, err := s.Lattice.Head.Get(ctx)
	require.NoError(t, err)
	for name, change := range map[string]func(*latticetypes.Head){
		"a coin": func(h *latticetypes.Head) { h.Burned++ },
		"a root": func(h *latticetypes.Head) { h.Root = bytes.Repeat([]byte{1}, lattice.HashSize) },
	} {
		broken := head
		change(&broken)
		require.NoError(t, s.Lattice.Head.Set(ctx, broken))
		res, err := latticekeeper.NewQueryServer(s.Lattice).Invariants(ctx, &latticetypes.QueryInvariantsRequest{})
		require.NoError(t, err, name)
		require.False(t, res.Ok, name)
		require.NotEmpty(t, res.Broken, name)
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
		"no address":           func(gs *latticetypes.GenesisState) { gs.Balances[0].Address = "top1x" },
		"another shard's":      func(gs *latticetypes.GenesisState) { gs.Shard.PrefixLen, gs.Shard.PrefixBits = 10, 5 },
		"bits without a table": func(gs *latticetypes.GenesisState) { gs.Balances, gs.Shard.PrefixLen = nil, 1 },
		"bits of no shard": func(gs *latticetypes.GenesisState) {
			gs.Routing = latticetypes.RoutingTable{Routes: []latticetypes.Route{{PrefixLen: 1, Name: chainID}}}
			gs.Balances, gs.Shard.PrefixLen = nil, 1
		},
		"no leaf of the table": func(gs *latticetypes.GenesisState) {
			gs.Routing = halves
			gs.Balances = nil
		},
		"another chain's leaf": func(gs *latticetypes.GenesisState) {
			gs.Routing = halves
			gs.Balances, gs.Shard.PrefixLen, gs.Shard.PrefixBits = nil, 1, 1
		},
		"routes out of order": func(gs *latticetypes.GenesisState) {
			gs.Routing = latticetypes.RoutingTable{Routes: []latticetypes.Route{halves.Routes[1], halves.Routes[0]}}
			gs.Balances, gs.Shard.PrefixLen = nil, 1
		},
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

// A member knows its own proposal again, and takes nothing else for it.
func TestOwnProposal(t *testing.T) {
	s := newShard(t, 3)
	a, b := s.users[0], s.users[1]
	for _, raw := range [][]byte{a.send(b, 5), a.send(b, 6)} {
		res, err := s.CheckTx(&abci.RequestCheckTx{Tx: raw})
		require.NoError(t, err)
		require.Zero(t, res.Code, res.Log)
	}
	at := start.Add(time.Duration(s.height+1) * time.Second)
	proposal, err := s.PrepareProposal(&abci.RequestPrepareProposal{Height: s.height + 1, MaxTxBytes: 1 << 20, Time: at})
	require.NoError(t, err)
	require.Len(t, proposal.Txs, 2)
	first, second := bytes.Clone(proposal.Txs[0]), bytes.Clone(proposal.Txs[1])
	require.True(t, s.process(first, second))
	require.False(t, s.process(second, first), "in another order")
	require.False(t, s.process(second), "without the first")
	require.False(t, s.process(first, second, []byte("rubbish")))
	changed := bytes.Clone(second)
	changed[len(changed)-1] ^= 1
	require.False(t, s.process(first, changed))
	s.block(first, second)
	require.False(t, s.process(first, second), "at another height")
}
