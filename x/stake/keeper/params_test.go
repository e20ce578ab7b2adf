package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/stake"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/stake/keeper"
	"github.com/topnetwork/top/x/stake/types"
)

// govern changes parameters as governance does.
func govern(t require.TestingT, n *nodes.Network, change func(*types.Params)) {
	res, err := keeper.NewQueryServer(n.Stake).Params(n.Ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	change(&res.Params)
	_, err = nodes.Do(n.Ctx, n.Stake.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: res.Params})
	require.NoError(t, err)
}

// What governance changes in mid-epoch rates that epoch when it ends, and weighs from the next snapshot on.
func TestGovernanceMovesRatesAndBounds(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, nodes.Names(10)...)
	n.Block(t)
	n.Absent["node3"] = true
	n.Equivocate(t, "node4")
	n.Blocks(t, nodes.EpochBlocks/2)
	govern(t, n, func(p *types.Params) {
		p.Factors.ReputationFloor, p.Factors.ReputationInitial, p.Factors.ReputationCeiling = 250_000, 250_000, 335_000
		p.Factors.Rise, p.Factors.Fall, p.Factors.ComputingFloor = 20_000, 70_000, 900_000
	})
	require.Equal(t, factors.ReputationInitial, entry(t, n, 0, "node0").Reputation)
	n.Register(t, "late")
	n.Epoch(t)
	require.Equal(t, uint64(335_000), entry(t, n, 1, "node0").Reputation, "rises by more, to the lower ceiling")
	require.Equal(t, uint64(260_000), entry(t, n, 1, "node3").Reputation, "falls by less")
	require.Equal(t, uint64(900_000), entry(t, n, 1, "node3").Computing)
	require.Equal(t, uint64(nodes.Deposit/1_000_000*260/1_000*900_000), entry(t, n, 1, "node3").Weight(validator))
	require.Equal(t, uint64(250_000), entry(t, n, 1, "node4").Reputation, "the floor is higher")
	require.Equal(t, uint64(250_000), entry(t, n, 1, "late").Rating.ReputationBefore, "began with the new value")
	n.Check(t)
}

// A snapshot weighs all its nodes by the parameters of its first block, whatever governance does while it runs; the next one goes by the new ones.
func TestSnapshotKeepsItsParams(t *testing.T) {
	n := nodes.New(t)
	names := nodes.Names(6)
	n.Register(t, names...)
	govern(t, n, func(p *types.Params) { p.SnapshotPerBlock = 1 })
	n.Blocks(t, nodes.EpochBlocks+3)
	weight := entry(t, n, 1, names[firstTaken(t, n, names)]).Weight(validator)
	require.NotZero(t, weight)
	govern(t, n, func(p *types.Params) {
		p.Roles[0].MinDeposit, p.Roles[0].Saturation = 1, nodes.Deposit/4
		p.Factors.ReputationInitial, p.Factors.ReputationCeiling = 200_000, 200_000
	})
	// A chain that begins from an export in mid-snapshot goes on with the same parameters.
	exports := n.After(t)
	gs := exported(t, n)
	require.NoError(t, exports.Stake.InitGenesis(exports.Ctx, gs))
	require.Equal(t, gs, exported(t, exports))

	n.Deposit(t, names[5], 2*nodes.Deposit, 0)
	n.Blocks(t, 6)
	for _, name := range names {
		require.Equal(t, weight, entry(t, n, 1, name).Weight(validator), name)
	}
	n.Epoch(t)
	n.Blocks(t, 6)
	for _, name := range names {
		e := entry(t, n, 2, name)
		require.Equal(t, uint64(200_000), e.Reputation)
		require.Equal(t, []types.RoleWeight{{Role: validator, Asset: nodes.Deposit / 4, Weight: nodes.Deposit / 20}}, e.Weights)
	}
	n.Check(t)
}

// firstTaken is a node that the running snapshot has, while it lacks others.
func firstTaken(t *testing.T, n *nodes.Network, names []string) int {
	t.Helper()
	done, err := n.Stake.Complete(n.Ctx, 1)
	require.NoError(t, err)
	require.False(t, done)
	for i, name := range names {
		if _, err := n.Stake.Entry(n.Ctx, 1, nodes.Operator(name)); err == nil {
			return i
		}
	}
	t.Fatal("nobody is taken in yet")
	return 0
}

// What was stored under other bounds counts as the bound that it passed, and stays a valid genesis: also a node's that nobody rates any more.
func TestStoredFactorsOutOfBoundsAreClamped(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, "ann", "bob")
	n.Validator("bob").Status = stakingtypes.Unbonded
	n.Block(t)
	govern(t, n, func(p *types.Params) {
		p.Factors.ReputationFloor, p.Factors.ReputationInitial = 600_000, 700_000
	})
	node, err := keeper.NewQueryServer(n.Stake).Node(n.Ctx, &types.QueryNodeRequest{Operator: nodes.Operator("bob")})
	require.NoError(t, err)
	require.Equal(t, factors.ReputationInitial, node.Node.Reputation)
	require.Equal(t, uint64(600_000), node.Stake.Reputation)
	n.Epoch(t)
	require.Equal(t, uint64(610_000), entry(t, n, 1, "ann").Reputation)
	n.Validator("bob").Status = stakingtypes.Bonded
	govern(t, n, func(p *types.Params) {
		p.Factors.ReputationFloor, p.Factors.ReputationInitial, p.Factors.ReputationCeiling = 1, 1, 200_000
	})
	n.Validator("ann").Status = stakingtypes.Unbonded
	n.Epoch(t)
	require.Equal(t, uint64(200_000), entry(t, n, 2, "ann").Reputation)
	n.Check(t)

	again := n.After(t)
	gs := exported(t, n)
	require.NoError(t, again.Stake.InitGenesis(again.Ctx, gs))
	require.Equal(t, gs, exported(t, again))
}

// Whatever legal parameters governance sets, and whenever, blocks are made, books hold and every weight fits an election.
func TestAnyParamsAtAnyBlock(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := nodes.New(t)
		names := nodes.Names(4)
		n.Register(t, names...)
		n.Block(t)
		for range rapid.IntRange(1, 4).Draw(rt, "changes") {
			n.Blocks(t, rapid.IntRange(1, 2*nodes.EpochBlocks).Draw(rt, "blocks"))
			n.Absent[rapid.SampledFrom(names).Draw(rt, "absent")] = rapid.Bool().Draw(rt, "is absent")
			govern(rt, n, func(p *types.Params) {
				f := &p.Factors
				p.SnapshotPerBlock = rapid.Uint32Range(1, 5).Draw(rt, "per block")
				f.ReputationCeiling = rapid.Uint64Range(1, stake.Unit).Draw(rt, "ceiling")
				f.ReputationFloor = rapid.Uint64Range(1, f.ReputationCeiling).Draw(rt, "floor")
				f.ReputationInitial = f.ReputationFloor
				f.ComputingFloor = rapid.Uint64Range(1, stake.Unit).Draw(rt, "computing floor")
				f.ComputingCeiling = rapid.Uint64Range(stake.Unit, stake.MaxComputing).Draw(rt, "computing ceiling")
				f.Rise, f.Fall = rapid.Uint64Range(1, stake.Unit).Draw(rt, "rise"), rapid.Uint64Range(1, stake.Unit).Draw(rt, "fall")
			})
		}
		n.Blocks(t, 2*nodes.EpochBlocks)
		n.Check(rt)
		for _, s := range exported(t, n).Snapshots {
			for _, e := range s.Entries {
				require.LessOrEqual(rt, e.Weight(validator), uint64(stake.MaxStakeUtop))
				require.Equal(rt, s.Snapshot.Params.Factors.Rule().BoundReputation(e.Reputation), e.Reputation)
			}
		}
	})
}

// Parameters that contradict each other are refused, by governance and in a genesis; the error says what to change.
func TestParamsThatAreRefused(t *testing.T) {
	for says, change := range map[string]func(*types.Params){
		"factors: bad stake parameters: reputation floor of 900000 millionths, want 1 to 800000": func(p *types.Params) {
			p.Factors.ReputationFloor, p.Factors.ReputationCeiling = 900_000, 800_000
		},
		"reputation ceiling of 0 millionths, want 1": func(p *types.Params) { p.Factors = types.Factors{} },
		"ROLE_VALIDATOR: bad stake parameters: a saturation of 1000000000000000 utop weighs 10000000000000000 at the ceilings of reputation and computing, at most 1844674407370955 sum up: lower one of the three": func(p *types.Params) {
			p.Roles[0].Saturation, p.Factors.ComputingCeiling = stake.MaxSaturationUtop, stake.MaxComputing
		},
	} {
		p := types.DefaultParams()
		change(&p)
		n := nodes.New(t)
		_, err := nodes.Do(n.Ctx, n.Stake.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: p})
		require.ErrorContains(t, err, says)
		gs := types.DefaultGenesisState()
		gs.Params = p
		require.ErrorContains(t, gs.Validate(), says)
		gs.Params, gs.Snapshots = types.DefaultParams(), []types.GenesisSnapshot{{Snapshot: types.Snapshot{Completed: 1, Params: p}}}
		err = gs.Validate()
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "the params of the snapshot of epoch 0")
		require.ErrorIs(t, err, types.ErrInvalid)
	}
}

// A deposit that governance raises is asked of who sits with the next snapshot, not before, and of founders who registered no node never.
func TestRaisedDepositCountsFromTheNextSnapshot(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, "ann", "bob")
	n.Deposit(t, "founder", 1, 0)
	deposited := func(name string) bool {
		has, err := n.Stake.Deposited(n.Ctx, nodes.Operator(name))
		require.NoError(t, err)
		return has
	}
	raise := func(utop uint64) {
		govern(t, n, func(p *types.Params) {
			p.Roles[0].MinDeposit, p.Roles[0].Saturation = utop, max(utop, p.Roles[0].Saturation)
		})
	}
	least := types.DefaultParams().Roles[0].MinDeposit
	n.Deposit(t, "ann", least-1, nodes.Deposit)
	require.False(t, deposited("ann"), "before the first snapshot the parameters count; what others delegated does not")
	n.Block(t)
	n.Deposit(t, "ann", least, 0)
	require.True(t, deposited("ann"))
	raise(nodes.Deposit + 1)
	require.True(t, deposited("ann"))
	require.True(t, deposited("bob"))
	n.Deposit(t, "ann", least-1, 0)
	require.False(t, deposited("ann"), "the old minimum is asked meanwhile")
	n.Epoch(t)
	require.False(t, deposited("bob"))
	n.Deposit(t, "bob", nodes.Deposit+1, 0)
	require.True(t, deposited("bob"))
	raise(1)
	require.False(t, deposited("ann"), "what is lowered counts from the next as well")
	n.Epoch(t)
	require.True(t, deposited("ann"))
	require.True(t, deposited("founder"))
	params := types.DefaultParams()
	params.Roles[0].MinDeposit = nodes.Deposit + 2
	for name, want := range map[string]bool{"ann": false, "bob": false, "founder": true} {
		has, err := n.Stake.DepositedBy(n.Ctx, params, nodes.Operator(name))
		require.NoError(t, err)
		require.Equal(t, want, has, name)
	}
}
