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

const validator = types.Role_ROLE_VALIDATOR

var factors = types.DefaultParams().Factors

func entry(t require.TestingT, n *nodes.Network, epoch uint64, name string) types.Entry {
	e, err := n.Stake.Entry(n.Ctx, epoch, nodes.Operator(name))
	require.NoError(t, err)
	return e
}

// A snapshot records every factor, and only who is bonded and not jailed has weight.
func TestSnapshotHasEveryFactor(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, "ann", "bob", "cid", "dee")
	n.Deposit(t, "ann", nodes.Deposit, 3)
	n.Deposit(t, "bob", types.DefaultParams().Roles[0].MinDeposit-1, nodes.Deposit)
	n.Validator("cid").Jailed = true
	n.Validator("dee").Status = stakingtypes.Unbonding
	n.Block(t)
	epoch := uint64(0)

	e := entry(t, n, epoch, "ann")
	require.Equal(t, uint64(nodes.Deposit), e.Own)
	require.Equal(t, uint64(3), e.Delegated)
	require.Equal(t, factors.ReputationInitial, e.Reputation)
	require.Equal(t, uint64(stake.Unit), e.Computing)
	require.Equal(t, []types.RoleWeight{{Role: validator, Asset: nodes.Deposit + 1, Weight: (nodes.Deposit + 1) * 33 / 100}}, e.Weights)
	require.Zero(t, entry(t, n, epoch, "bob").Weights[0].Asset, "below the minimum deposit, whatever others delegate")
	require.NotZero(t, entry(t, n, epoch, "cid").Weights[0].Asset)
	require.Zero(t, entry(t, n, epoch, "cid").Weight(validator))
	require.Zero(t, entry(t, n, epoch, "dee").Weight(validator))
	n.Check(t)
}

// However many blocks a snapshot takes, it is of its first block: stake that is moved meanwhile counts once.
func TestStakeMovedWhileSnapshotRunsCountsOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := nodes.New(t)
		names := nodes.Names(rapid.IntRange(2, 9).Draw(rt, "nodes"))
		n.Register(t, names...)
		params := types.DefaultParams()
		params.SnapshotPerBlock = uint32(rapid.IntRange(1, 3).Draw(rt, "per block"))
		_, err := nodes.Do(n.Ctx, n.Stake.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: params})
		require.NoError(rt, err)
		n.Blocks(t, nodes.EpochBlocks+1)
		owned := map[string]uint64{}
		for _, name := range names {
			owned[name] = nodes.Deposit
		}
		complete := func() bool {
			done, err := n.Stake.Complete(n.Ctx, 1)
			require.NoError(rt, err)
			return done
		}
		for !complete() {
			from, to := rapid.SampledFrom(names).Draw(rt, "from"), rapid.SampledFrom(names).Draw(rt, "to")
			amount := rapid.Uint64Range(0, owned[from]).Draw(rt, "amount")
			if from != to {
				owned[from] -= amount
				owned[to] += amount
				n.Deposit(t, from, owned[from], 0)
				n.Deposit(t, to, owned[to], 0)
			}
			require.NoError(rt, n.Stake.Invariants(n.Ctx))
			n.Block(t)
		}
		for _, name := range names {
			require.Equal(rt, uint64(nodes.Deposit), entry(rt, n, 1, name).Own)
		}
		require.NoError(rt, n.Stake.Invariants(n.Ctx))
	})
}

// Reputation follows the work of the epoch: who signs rises, who is silent falls, who equivocates is at the floor; the inputs stand beside the outcome.
func TestReputationFollowsWork(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, nodes.Names(10)...)
	n.Block(t)
	n.Epoch(t)
	require.Equal(t, factors.ReputationInitial+10_000, entry(t, n, 1, "node3").Reputation)

	n.Absent["node3"] = true
	n.Equivocate(t, "node4")
	n.Epoch(t)
	silent := entry(t, n, 2, "node3")
	require.Equal(t, factors.ReputationInitial+10_000-100_000, silent.Reputation)
	require.Equal(t, factors.ComputingFloor, silent.Computing)
	require.Equal(t, uint64(nodes.EpochBlocks), silent.Rating.Due)
	require.Equal(t, uint64(0), silent.Rating.Done)
	require.Equal(t, factors.ReputationInitial+10_000, silent.Rating.ReputationBefore)
	require.True(t, silent.Rating.Measured)
	require.Equal(t, factors.ReputationFloor, entry(t, n, 2, "node4").Reputation)
	require.Equal(t, factors.ReputationInitial+20_000, entry(t, n, 2, "node5").Reputation)

	n.Absent["node3"] = false
	n.Epoch(t)
	require.Equal(t, uint64(stake.Unit), entry(t, n, 3, "node3").Computing)
	n.Check(t)

	history, err := keeper.NewQueryServer(n.Stake).History(n.Ctx, &types.QueryHistoryRequest{Operator: nodes.Operator("node3")})
	require.NoError(t, err)
	require.Len(t, history.Entries, 4)
	require.Equal(t, silent, history.Entries[2].Entry)
}

// A proposer that leaves a rival's precommits out of its own blocks does not lower the rival's computing power: the median over proposers decides.
func TestOneProposerDoesNotDecideOnComputing(t *testing.T) {
	n := nodes.New(t)
	names := nodes.Names(5)
	n.Register(t, names...)
	n.Block(t)
	for i := range nodes.EpochBlocks {
		n.Proposer = names[i%5]
		n.Absent["node1"] = n.Proposer == "node0"
		n.Block(t)
	}
	rated := entry(t, n, 1, "node1")
	require.Less(t, rated.Rating.Done, rated.Rating.Due)
	require.Equal(t, uint64(stake.Unit), rated.Rating.Share)
	require.Equal(t, uint64(stake.Unit), rated.Computing)
}

func TestNodesThatAreRefused(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, "ann")
	n.Deposit(t, "eve", nodes.Deposit, 0)
	for name, c := range map[string]struct {
		change func(*types.MsgRegisterNode)
		want   error
	}{
		"registered":    {func(m *types.MsgRegisterNode) { *m = *nodes.Registration("ann") }, types.ErrExists},
		"another's key": {func(m *types.MsgRegisterNode) { m.VrfKey = nodes.Registration("ann").VrfKey }, types.ErrInvalid},
		"another's key with its proof": {func(m *types.MsgRegisterNode) {
			a := nodes.Registration("ann")
			m.VrfKey, m.VrfProof = a.VrfKey, a.VrfProof
		}, types.ErrInvalid},
		"a key of small order":   {func(m *types.MsgRegisterNode) { m.VrfKey = make([]byte, 32) }, types.ErrInvalid},
		"no proof":               {func(m *types.MsgRegisterNode) { m.VrfProof = nil }, types.ErrInvalid},
		"another's hot address":  {func(m *types.MsgRegisterNode) { m.HotAddress = nodes.Hot("ann") }, types.ErrExists},
		"its own account as hot": {func(m *types.MsgRegisterNode) { m.HotAddress = m.Operator }, types.ErrInvalid},
		"no role":                {func(m *types.MsgRegisterNode) { m.Roles = nil }, types.ErrInvalid},
		"a role twice":           {func(m *types.MsgRegisterNode) { m.Roles = append(m.Roles, m.Roles[0]) }, types.ErrInvalid},
		"a role that is none":    {func(m *types.MsgRegisterNode) { m.Roles[0] = 99 }, types.ErrInvalid},
		"a role beyond its deposit": {func(m *types.MsgRegisterNode) {
			n.Deposit(t, "eve", nodes.Deposit-1, nodes.Deposit)
			m.Roles[0] = types.Role_ROLE_AUDITOR
		}, types.ErrDeposit},
		"no validator":                   {func(m *types.MsgRegisterNode) { *m = *nodes.Registration("fay") }, types.ErrDeposit},
		"an endpoint that is no address": {func(m *types.MsgRegisterNode) { m.Endpoints = []string{"example.org"} }, types.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			msg := nodes.Registration("eve")
			c.change(msg)
			_, err := nodes.Do(n.Ctx, n.Stake.RegisterNode, msg)
			require.ErrorIs(t, err, c.want)
		})
	}
	_, err := nodes.Do(n.Ctx, n.Stake.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Operator("eve"), Params: types.DefaultParams()})
	require.ErrorIs(t, err, types.ErrUnauthorized)
	n.Check(t)
}

// update repeats what the node has said, with the keys of another name.
func update(operator, keys string) *types.MsgUpdateNode {
	r := nodes.Registration(operator)
	m := &types.MsgUpdateNode{Operator: r.Operator, Roles: r.Roles, Endpoints: r.Endpoints, Version: "v2"}
	if keys != "" {
		k := nodes.Possession(operator, keys)
		m.HotAddress, m.VrfKey, m.VrfProof = nodes.Hot(keys), k.VrfKey, k.VrfProof
	}
	return m
}

// Keys can be replaced, and a key that was given up belongs to nobody else: two nodes with one key would have one output.
func TestKeysAreReplacedAndNeverReused(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, "ann", "bob")
	_, err := nodes.Do(n.Ctx, n.Stake.UpdateNode, update("ann", "spare"))
	require.NoError(t, err)
	operator, err := n.Stake.OperatorOf(n.Ctx, nodes.Hot("spare"))
	require.NoError(t, err)
	require.Equal(t, nodes.Operator("ann"), operator)
	_, err = n.Stake.OperatorOf(n.Ctx, nodes.Hot("ann"))
	require.ErrorIs(t, err, types.ErrNotFound)

	_, err = nodes.Do(n.Ctx, n.Stake.UpdateNode, update("bob", "ann"))
	require.ErrorIs(t, err, types.ErrExists)
	_, err = nodes.Do(n.Ctx, n.Stake.UpdateNode, update("ann", "ann"))
	require.ErrorIs(t, err, types.ErrExists)
	_, err = nodes.Do(n.Ctx, n.Stake.UpdateNode, update("bob", ""))
	require.NoError(t, err)
	node, err := n.Stake.Node(n.Ctx, nodes.Operator("bob"))
	require.NoError(t, err)
	require.Equal(t, "v2", node.Version)
	require.Equal(t, nodes.Hot("bob"), node.HotAddress)
	n.Check(t)
}

// Snapshots older than the history are removed, a capped number of entries per block.
func TestHistoryIsBounded(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, nodes.Names(7)...)
	params := types.DefaultParams()
	params.HistoryEpochs, params.SnapshotPerBlock = 4, 2
	_, err := nodes.Do(n.Ctx, n.Stake.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: params})
	require.NoError(t, err)
	for range 7 * nodes.EpochBlocks {
		n.Block(t)
		require.NoError(t, n.Stake.Invariants(n.Ctx))
	}
	gs, err := n.Stake.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	require.Len(t, gs.Snapshots, 4)
	require.Equal(t, uint64(3), gs.Snapshots[0].Snapshot.Epoch)
}

// Two votes for one height bring a node to the floor at once, whether it sits, sat or is rated; a running snapshot has what stood when it began.
func TestEquivocationOfFormerMembers(t *testing.T) {
	n := nodes.New(t)
	n.Register(t, nodes.Names(4)...)
	govern(t, n, func(p *types.Params) { p.SnapshotPerBlock = 1 })
	n.Blocks(t, nodes.EpochBlocks)
	// node1 sits no longer when the next epoch begins, and nothing of that epoch is due from it.
	n.Validator("node1").Status = stakingtypes.Unbonding
	n.Epoch(t)
	n.Epoch(t)
	require.EqualValues(t, 1, n.Ctx.BlockHeight()%nodes.EpochBlocks)
	stood, err := n.Stake.Node(n.Ctx, nodes.Operator("node1"))
	require.NoError(t, err)
	require.Greater(t, stood.Reputation, factors.ReputationFloor)
	n.Equivocate(t, "node1")
	n.Equivocate(t, "a stranger")
	node, err := n.Stake.Node(n.Ctx, nodes.Operator("node1"))
	require.NoError(t, err)
	require.Equal(t, factors.ReputationFloor, node.Reputation)
	require.Equal(t, &types.Rating{Epoch: 2, Equivocated: true, ReputationBefore: stood.Reputation, Reputation: factors.ReputationFloor, Computing: stood.Computing}, node.Rating)
	require.Equal(t, stood.Reputation, entry(t, n, 2, "node1").Reputation)
	n.Epoch(t)
	n.Blocks(t, 4)
	require.Equal(t, node.Rating, entry(t, n, 3, "node1").Rating)
	require.Equal(t, factors.ReputationFloor, entry(t, n, 3, "node1").Reputation)
	n.Check(t)
}

// Evidence that comes with the first block of an epoch, before x/stake begins it, while the snapshot of the last one never ended.
func TestEquivocationBetweenSnapshots(t *testing.T) {
	n := nodes.New(t)
	names := nodes.Names(nodes.EpochBlocks + 5)
	n.Register(t, names...)
	govern(t, n, func(p *types.Params) { p.SnapshotPerBlock = 1 })
	n.Blocks(t, 2*nodes.EpochBlocks)
	last := n.Ctx.BlockHeader()
	first := last
	first.Height++
	n.Ctx = n.Ctx.WithBlockHeader(first)
	for _, name := range names {
		n.Equivocate(t, name)
	}
	n.Ctx = n.Ctx.WithBlockHeader(last)
	n.Block(t)
	for _, name := range names {
		node, err := n.Stake.Node(n.Ctx, nodes.Operator(name))
		require.NoError(t, err)
		require.Equal(t, factors.ReputationFloor, node.Reputation)
	}
	n.Check(t)
}
