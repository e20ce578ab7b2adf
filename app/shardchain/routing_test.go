package shardchain_test

import (
	"context"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"

	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// codeNotOwned is what wallets get for an account of another shard.
const codeNotOwned = 11

// halves of a network: the shard of these tests, and another.
var halves = latticetypes.RoutingTable{Routes: []latticetypes.Route{{PrefixLen: 1, Name: chainID}, {PrefixBits: 1, PrefixLen: 1, Name: "top-z0.s1-1"}}}

// newHalves are two shards of one network, each with so many users.
func newHalves(t *testing.T, users int) [2]*shard {
	t.Helper()
	return newHalvesWith(t, users, func(*latticetypes.GenesisState) {}, nil)
}

// newHalvesWith something in their genesis.
func newHalvesWith(t *testing.T, users int, with func(*latticetypes.GenesisState), main *lighttypes.GenesisState) (shards [2]*shard) {
	t.Helper()
	var owned [2][]*user
	for n := 0; len(owned[0]) < users || len(owned[1]) < users; n++ {
		u := newUser(n)
		half := lattice.BucketOf(u.address) >> (lattice.BucketBits - 1)
		owned[half] = append(owned[half], u)
	}
	for i := range shards {
		gs := latticetypes.DefaultGenesisState()
		gs.Shard.PrefixBits, gs.Shard.PrefixLen, gs.Routing = uint32(i), 1, halves
		with(gs)
		shards[i] = newShardWith(t, halves.Routes[i].Name, gs, main, owned[i][:users])
	}
	return shards
}

// belongs is the beginning of every refusal of another shard's account.
func belongs(u *user, to *shard) string {
	return "account " + sendtx.Bech32(u.address) + " belongs to shard " + to.chain
}

// refuses a transfer in every place, naming the owner of an account, and goes on without it.
func (s *shard) refuses(raw []byte, why string) {
	s.t.Helper()
	res, err := s.CheckTx(&abci.RequestCheckTx{Tx: raw})
	require.NoError(s.t, err)
	require.Equal(s.t, uint32(codeNotOwned), res.Code)
	require.Equal(s.t, engine.Codespace, res.Codespace)
	require.Equal(s.t, why, res.Log)
	outcome := make(chan error, 1)
	s.Pool.Offer(raw, "peer", func(err error) { outcome <- err })
	require.EqualError(s.t, <-outcome, why, "of a peer")
	require.EqualError(s.t, s.Pool.InsertAll([][]byte{raw})[0], why, "in a batch")
	require.Zero(s.t, s.Pool.Len())
	proposal, err := s.PrepareProposal(&abci.RequestPrepareProposal{Height: s.height + 1, MaxTxBytes: 1 << 20, Time: start.Add(time.Duration(s.height+1) * time.Second)})
	require.NoError(s.t, err)
	require.Empty(s.t, proposal.Txs)
	require.False(s.t, s.process(raw))
	// The block's root is the accounts': nothing of them has changed.
	before, err := s.Engine.Executed()
	require.NoError(s.t, err)
	results := s.block(raw)
	require.Equal(s.t, uint32(codeNotOwned), results[0].Code)
	require.Equal(s.t, why, results[0].Log)
	after, err := s.Engine.Executed()
	require.NoError(s.t, err)
	require.Equal(s.t, before.Root, after.Root)
}

// A transaction is signed for the network, and an account lives in one shard: no other one takes what it signed, before or after its own has executed it, nor what is sent to it. Attack 15 of docs/security.md.
func TestTransfersOfAnotherShard(t *testing.T) {
	shards := newHalves(t, 2)
	for i, own := range shards {
		other := shards[1-i]
		a, b, stranger := own.users[0], own.users[1], other.users[0]
		raw := a.send(b, 5)
		other.refuses(raw, belongs(a, own)+"; send it there")
		res, err := own.CheckTx(&abci.RequestCheckTx{Tx: raw})
		require.NoError(t, err)
		require.Zero(t, res.Code, res.Log)
		require.True(t, own.process(raw))
		require.True(t, own.block(raw)[0].IsOK())
		other.refuses(raw, belongs(a, own)+"; send it there")
		require.Equal(t, uint64(funds+5), own.utop(b))

		across := a.send(stranger, 100_000)
		own.refuses(across, belongs(stranger, other)+"; this shard sends nothing there")
		other.refuses(across, belongs(a, own)+"; send it there")
		require.Equal(t, uint64(funds-5), own.utop(a))
		// The account goes on where it was.
		a.next--
		require.True(t, own.block(a.send(b, 1))[0].IsOK())
	}
}

// Whoever asks for another shard's account hears whose it is, and not that it holds nothing.
func TestQueriesOfAnotherShard(t *testing.T) {
	shards := newHalves(t, 2)
	s, other := shards[0], shards[1]
	ask := func(u *user) map[string]*abci.ResponseQuery {
		address := sendtx.Bech32(u.address)
		answers := map[string]*abci.ResponseQuery{}
		for path, req := range map[string]proto.Message{
			"/cosmos.auth.v1beta1.Query/Account":                 &authtypes.QueryAccountRequest{Address: address},
			"/cosmos.auth.v1beta1.Query/AccountInfo":             &authtypes.QueryAccountInfoRequest{Address: address},
			"/cosmos.bank.v1beta1.Query/Balance":                 &banktypes.QueryBalanceRequest{Address: address, Denom: "utop"},
			"/cosmos.bank.v1beta1.Query/AllBalances":             &banktypes.QueryAllBalancesRequest{Address: address},
			"/cosmos.bank.v1beta1.Query/SpendableBalances":       &banktypes.QuerySpendableBalancesRequest{Address: address},
			"/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom": &banktypes.QuerySpendableBalanceByDenomRequest{Address: address, Denom: "utop"},
			"/top.lattice.v1.Query/Quota":                        &latticetypes.QueryQuotaRequest{Address: address},
			"/top.lattice.v1.Query/Units":                        &latticetypes.QueryUnitsRequest{Address: address},
		} {
			bz, err := proto.Marshal(req)
			require.NoError(t, err)
			res, err := s.Query(context.Background(), &abci.RequestQuery{Path: path, Data: bz})
			require.NoError(t, err)
			answers[path] = res
		}
		return answers
	}
	for path, res := range ask(s.users[0]) {
		require.Zero(t, res.Code, path)
	}
	for path, res := range ask(other.users[0]) {
		require.NotZero(t, res.Code, path)
		require.Contains(t, res.Log, belongs(other.users[0], other)+"; ask there", path)
		require.Empty(t, res.Value, path)
	}
	simulated, err := proto.Marshal(&txtypes.SimulateRequest{TxBytes: other.users[0].send(other.users[1], 5)})
	require.NoError(t, err)
	res, err := s.Query(context.Background(), &abci.RequestQuery{Path: "/cosmos.tx.v1beta1.Service/Simulate", Data: simulated})
	require.NoError(t, err)
	require.Contains(t, res.Log, belongs(other.users[0], other)+"; send it there")
}

// The table is shown, is there again after a restart, and goes with an export.
func TestRoutingStays(t *testing.T) {
	shards := newHalves(t, 2)
	s, stranger := shards[0], shards[1].users[0]
	shown := func(s *shard) {
		t.Helper()
		var params latticetypes.QueryParamsResponse
		res, err := s.Query(context.Background(), &abci.RequestQuery{Path: "/top.lattice.v1.Query/Params"})
		require.NoError(t, err)
		require.NoError(t, s.Codec.Unmarshal(res.Value, &params))
		require.Equal(t, halves, params.Routing)
		require.Equal(t, latticetypes.Shard{Network: latticetypes.Network, PrefixLen: 1}, params.Shard)
		_, _, err = s.Engine.Get(stranger.address)
		require.EqualError(t, err, belongs(stranger, shards[1]))
	}
	shown(s)
	require.NoError(t, s.App.Close())
	s.open()
	shown(s)
	gs, err := s.Lattice.ExportGenesis(s.ctx())
	require.NoError(t, err)
	require.Equal(t, halves, gs.Routing)
	other := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir(), users: s.users}
	other.open()
	require.NoError(t, other.init(gs))
	other.block()
	shown(other)

	gs.Balances, gs.Buckets = []latticetypes.Balance{{Address: sendtx.Bech32(stranger.address), Coins: latticetypes.Coins(lattice.Balance{Utop: funds})}}, nil
	require.ErrorContains(t, gs.Validate(), belongs(stranger, shards[1])+"; it goes into that shard's genesis")
}
