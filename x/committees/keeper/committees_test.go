package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/committees/keeper"
	"github.com/topnetwork/top/x/committees/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

const (
	seats    = 5
	standbys = 2
)

// begun is a network of candidates and a committee of five of them, in its first block.
func begun(t testing.TB, candidates int) (*nodes.Network, []string) {
	t.Helper()
	n, names := nodes.New(t), nodes.Names(candidates)
	p := sortitiontypes.DevnetParams(nodes.EpochBlocks)
	p.MaxMembers, p.Standbys = seats, standbys
	_, err := nodes.Do(n.Ctx, n.Sortition.UpdateParams, &sortitiontypes.MsgUpdateParams{Authority: nodes.Authority(), Params: p})
	require.NoError(t, err)
	n.Register(t, names...)
	n.Found(t)
	n.Block(t)
	return n, names
}

func operators(names []string) []string {
	out := []string{}
	for _, name := range names {
		out = append(out, nodes.Operator(name))
	}
	slices.Sort(out)
	return out
}

func committee(t testing.TB, n *nodes.Network) types.Committee {
	t.Helper()
	c, err := n.Committees.Committee(n.Ctx)
	require.NoError(t, err)
	return c
}

func election(t testing.TB, n *nodes.Network, epoch uint64) sortitiontypes.Election {
	t.Helper()
	e, err := n.Sortition.Election(n.Ctx, epoch)
	require.NoError(t, err)
	return e
}

// nameOf an operator.
func nameOf(names []string, operator string) string {
	return names[slices.IndexFunc(names, func(name string) bool { return nodes.Operator(name) == operator })]
}

// Elections are applied two epochs after they were held, from the third block of the epoch on; each changes one seat of five at most, and somebody rotates.
func TestElectionsRotateTheCommittee(t *testing.T) {
	n, names := begun(t, 8)
	require.Len(t, n.Voters(), seats)
	rotated := 0
	for epoch := uint64(1); epoch <= 10; epoch++ {
		n.Epoch(t)
		before := n.Voters()
		n.Blocks(t, 1)
		require.Equal(t, before, n.Voters(), "the block after the first is still theirs")
		n.Blocks(t, 1)
		c := committee(t, n)
		require.Equal(t, epoch, c.Epoch)
		require.Equal(t, operators(n.Voters()), types.Operators(c.Members))
		if epoch >= 2 {
			require.ElementsMatch(t, election(t, n, epoch).Members, types.Operators(c.Members))
			require.Equal(t, election(t, n, epoch).Standbys, c.Line.Standbys)
		}
		changed := 0
		for _, name := range n.Voters() {
			if !slices.Contains(before, name) {
				changed++
			}
		}
		require.LessOrEqual(t, changed, 1)
		rotated += changed
		n.Check(t)
	}
	require.Greater(t, rotated, 4, "it is the lot that rotates %v", names)
	terms, err := keeper.NewQueryServer(n.Committees).Terms(n.Ctx, &types.QueryTermsRequest{})
	require.NoError(t, err)
	require.Len(t, terms.Terms, n.Changes()+1)
}

// Attacks on liveness from within an epoch: who is jailed, leaves or equivocates is replaced by the next standby in the same block, does not come back before an election,
// and a committee that nobody is able for sits on.
func TestVacantSeatsGoToStandbys(t *testing.T) {
	n, names := begun(t, 8)
	n.Epoch(t)
	n.Epoch(t)
	n.Blocks(t, 2)
	line := committee(t, n).Line
	out := func(i int) string { return nameOf(names, line.Members[i]) }

	n.Validator(out(0)).Jailed, n.Validator(out(0)).Status = true, stakingtypes.Unbonding
	n.Blocks(t, 2)
	require.NotContains(t, n.Voters(), out(0))
	require.Contains(t, n.Voters(), nameOf(names, line.Standbys[0]))
	require.Len(t, n.Voters(), seats)
	n.Validator(out(0)).Jailed, n.Validator(out(0)).Status = false, stakingtypes.Bonded
	n.Blocks(t, 2)
	require.NotContains(t, n.Voters(), out(0), "until the next election")

	n.Equivocate(t, out(1))
	n.Validator(out(2)).Status = stakingtypes.Unbonding
	n.Blocks(t, 2)
	require.NotContains(t, n.Voters(), out(1))
	require.NotContains(t, n.Voters(), out(2))
	require.Contains(t, n.Voters(), nameOf(names, line.Standbys[1]))
	require.Len(t, n.Voters(), seats-1, "no standby is left")
	n.Check(t)

	for _, name := range names {
		n.Validator(name).Jailed = true
	}
	before := n.Voters()
	n.Blocks(t, 3)
	require.Equal(t, before, n.Voters(), "never empty")
	member, err := keeper.NewQueryServer(n.Committees).Member(n.Ctx, &types.QueryMemberRequest{Operator: nodes.Operator(before[0])})
	require.NoError(t, err)
	require.True(t, member.Sits)
	require.Equal(t, "it is jailed", member.WhyNot)
}

// Everyone sits on where no election could be held, whatever the old one said.
func TestWithoutAnElectionEveryoneSitsOn(t *testing.T) {
	n, names := begun(t, 8)
	before := n.Voters()
	for range 4 {
		n.Epoch(t, names...)
		n.Blocks(t, 2)
		require.Equal(t, before, n.Voters())
		n.Check(t)
	}
	require.True(t, election(t, n, 4).Kept)
}

// Below the least number of candidates there is no election for long: who was jailed comes back to a seat that is vacant, at the beginning of an epoch.
func TestKeptElectionsGiveLostSeatsBack(t *testing.T) {
	n, names := begun(t, 8)
	for range 3 {
		n.Epoch(t, names...)
	}
	n.Blocks(t, 2)
	require.True(t, election(t, n, committee(t, n).Epoch).Kept)
	lost := n.Voters()[0]
	n.Validator(lost).Jailed = true
	n.Blocks(t, 2)
	require.NotContains(t, n.Voters(), lost)
	n.Validator(lost).Jailed = false
	n.Blocks(t, 2)
	require.NotContains(t, n.Voters(), lost, "not within the epoch")
	for _, standby := range committee(t, n).Line.Standbys {
		n.Validator(nameOf(names, standby)).Jailed = true
	}
	next := n.Voters()[0]
	n.Validator(next).Jailed = true
	n.Blocks(t, 2)
	require.Len(t, n.Voters(), seats-1)

	n.Epoch(t, names...)
	n.Blocks(t, 2)
	require.True(t, election(t, n, committee(t, n).Epoch).Kept)
	require.Contains(t, n.Voters(), lost)
	require.Len(t, n.Voters(), seats)
	n.Check(t)
}

// A candidate that leaves between its election and its term does not sit: a standby of that election does.
func TestElectedAndGone(t *testing.T) {
	n, names := begun(t, 8)
	n.Epoch(t)
	n.Epoch(t)
	for {
		e := election(t, n, committee(t, n).Epoch+1)
		if len(e.Joined) == 0 {
			n.Epoch(t)
			continue
		}
		gone := nameOf(names, e.Joined[0])
		n.Validator(gone).Status = stakingtypes.Unbonding
		n.Epoch(t)
		n.Blocks(t, 2)
		require.NotContains(t, n.Voters(), gone)
		require.Contains(t, n.Voters(), nameOf(names, e.Standbys[0]))
		require.Len(t, n.Voters(), seats)
		n.Check(t)
		return
	}
}

// Who joins begins without the absences of an earlier term; a tombstone stays.
func TestAbsencesAreCountedAnewInEachTerm(t *testing.T) {
	n, names := begun(t, 8)
	waiting := ""
	for _, name := range names {
		if !slices.Contains(n.Voters(), name) {
			waiting = name
		}
	}
	addr := nodes.ConsAddress(waiting)
	old := slashingtypes.NewValidatorSigningInfo(addr, 1, 7, n.Ctx.BlockTime(), false, 6)
	require.NoError(t, n.Staking.SetValidatorSigningInfo(n.Ctx, addr, old))
	for !slices.Contains(n.Told(), waiting) {
		n.Block(t)
		for _, name := range names {
			n.Publish(t, name)
		}
	}
	info, err := n.Staking.GetValidatorSigningInfo(n.Ctx, addr)
	require.NoError(t, err)
	require.Equal(t, slashingtypes.NewValidatorSigningInfo(addr, committee(t, n).FirstHeight, 0, old.JailedUntil, false, 0), info)
}

// Attack 40: what stood behind a member at a height is known after it has changed.
func TestTokensAtHeight(t *testing.T) {
	n, names := begun(t, 8)
	member := n.Voters()[0]
	at := func(height int64) uint64 {
		utop, err := n.Committees.TokensAt(n.Ctx, *n.Validator(member), height)
		require.NoError(t, err)
		return utop
	}
	n.Blocks(t, 3) // height 4
	n.Deposit(t, member, 2*nodes.Deposit, 5)
	n.Blocks(t, 4) // height 8
	n.Deposit(t, member, nodes.Deposit, 1)
	n.Deposit(t, member, nodes.Deposit, 2)
	n.Blocks(t, 2)
	n.Check(t)
	require.Equal(t, []uint64{nodes.Deposit, nodes.Deposit, 2*nodes.Deposit + 5, 2*nodes.Deposit + 5, nodes.Deposit + 2}, []uint64{at(-1), at(4), at(5), at(8), at(9)})
	// A stranger's deposit is not recorded.
	for _, name := range names {
		if !slices.Contains(n.Voters(), name) {
			n.Deposit(t, name, 7, 0)
		}
	}
	n.Block(t)
	require.Len(t, export(t, n).Tokens, seats+2)
}

func export(t testing.TB, n *nodes.Network) *types.GenesisState {
	t.Helper()
	gs, err := n.Committees.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	require.NoError(t, gs.Validate())
	return gs
}

// At every height of an epoch with elections and vacancies, an export begins again with the same committee and exports the same.
func TestExportContinues(t *testing.T) {
	n, names := begun(t, 8)
	n.Epoch(t)
	n.Epoch(t)
	for i := range nodes.EpochBlocks + 3 {
		for _, name := range names {
			n.Publish(t, name)
		}
		if i == 5 {
			v := n.Validator(n.Voters()[1])
			v.Jailed, v.Status = true, stakingtypes.Unbonding
		}
		n.Block(t)
		// What is exported is the state after the block before.
		ctx := n.Ctx
		n.Ctx = ctx.WithBlockHeight(ctx.BlockHeight() - 1)
		gs, fresh := export(t, n), n.After(t)
		n.Ctx = ctx
		fresh.Restart(t, gs)
		fresh.Ctx = fresh.Ctx.WithBlockHeight(n.Ctx.BlockHeight() - 1)
		require.Equal(t, gs, export(t, fresh))
	}
}

// History reaches as far back as anything can be punished, and no farther.
func TestHistoryIsBounded(t *testing.T) {
	n, _ := begun(t, 8)
	_, err := nodes.Do(n.Ctx, n.Committees.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: types.Params{HistoryEpochs: 4}})
	require.NoError(t, err)
	for i := range 12 {
		n.Deposit(t, n.Voters()[0], nodes.Deposit+uint64(i), 0)
		n.Epoch(t)
		n.Check(t)
	}
	n.Block(t)
	gs := export(t, n)
	horizon := n.Ctx.BlockHeight() - 4*nodes.EpochBlocks
	require.LessOrEqual(t, gs.Terms[0].FirstHeight, horizon, "the term of the horizon itself is there")
	require.Greater(t, gs.Terms[1].FirstHeight, horizon-nodes.EpochBlocks)
	require.Equal(t, uint64(9), gs.Works[0].Epoch)
	first := map[string]int64{}
	for _, t := range gs.Tokens {
		if _, ok := first[t.Operator]; !ok {
			first[t.Operator] = t.Height
		}
	}
	for _, m := range gs.Committee.Members {
		require.LessOrEqual(t, first[m.Operator], max(horizon, gs.Committee.FirstHeight))
	}
}

// Work is counted by the epoch of the block that was signed.
func TestWorkIsCounted(t *testing.T) {
	n, _ := begun(t, 8)
	absent := n.Voters()[2]
	n.Absent[absent] = true
	n.Epoch(t)
	w, err := n.Committees.Work(n.Ctx, 0)
	require.NoError(t, err)
	require.Equal(t, uint64(nodes.EpochBlocks), w.Commits)
	require.Len(t, w.Works, seats)
	for _, work := range w.Works {
		require.Equal(t, uint64(nodes.EpochBlocks), work.Due)
		signed := uint64(nodes.EpochBlocks)
		if work.Operator == nodes.Operator(absent) {
			signed = 0
		}
		require.Equal(t, signed, work.Signed)
	}
	_, err = n.Committees.Work(n.Ctx, 1)
	require.ErrorIs(t, err, types.ErrNotFound)
}

// A public network does not begin with a handful.
func TestFirstCommittee(t *testing.T) {
	n := nodes.New(t)
	_, err := n.Committees.InitGenesis(n.Ctx, types.DefaultGenesisState())
	require.ErrorContains(t, err, "no validator is bonded")
	names := nodes.Names(8)
	n.Register(t, names...)
	n.Deposit(t, "node6", 9*nodes.Deposit, 0)
	n.Public = true
	_, err = n.Committees.InitGenesis(n.Ctx, types.DefaultGenesisState())
	require.ErrorContains(t, err, "8 validators are bonded, a public network begins with 100")
	n.Public = false
	n.Found(t)
	require.ElementsMatch(t, names, n.Told())
}

func TestSecurity(t *testing.T) {
	n, _ := begun(t, 8)
	q := keeper.NewQueryServer(n.Committees)
	odds := func(share string, auditors uint32) (*types.QuerySecurityResponse, error) {
		return q.Security(n.Ctx, &types.QuerySecurityRequest{BadShare: share, Auditors: auditors})
	}
	res, err := odds("0.25", 2)
	require.NoError(t, err)
	// Of 7 candidates 2 are bad: both sit with C(5,3)/C(7,5) = 10/21.
	require.Equal(t, &types.QuerySecurityResponse{
		Candidates: 7, Bad: 2, Members: 5, Blocking: 2, Quorum: 4, Stall: "4.8e-1", Capture: "0", AuditedStall: "1.0e0", AuditedCapture: "0",
	}, res)
	for _, share := range []string{"", "x", "-0.1", "1.1", "NaN"} {
		_, err := odds(share, 0)
		require.ErrorContains(t, err, "bad_share is a number from 0 to 1")
	}
	_, err = odds("0.2", 100)
	require.ErrorContains(t, err, "seats")
}

func TestParameters(t *testing.T) {
	n, _ := begun(t, 6)
	for _, epochs := range []uint64{0, 3, 10_001} {
		_, err := nodes.Do(n.Ctx, n.Committees.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: types.Params{HistoryEpochs: epochs}})
		require.ErrorIs(t, err, types.ErrInvalid)
	}
	_, err := nodes.Do(n.Ctx, n.Committees.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Operator("node0"), Params: types.DefaultParams()})
	require.ErrorIs(t, err, types.ErrUnauthorized)
}

func TestGenesisThatIsRefused(t *testing.T) {
	n, _ := begun(t, 8)
	for name, spoil := range map[string]func(gs *types.GenesisState){
		"a history without a committee": func(gs *types.GenesisState) { gs.Committee = types.Committee{} },
		"no term":                       func(gs *types.GenesisState) { gs.Terms = nil },
		"another set than the term's":   func(gs *types.GenesisState) { gs.Committee.Members = gs.Committee.Members[1:] },
		"one key twice": func(gs *types.GenesisState) {
			gs.Committee.Members = slices.Clone(gs.Committee.Members)
			gs.Committee.Members[1].Key = gs.Committee.Members[0].Key
		},
		"a key that is none": func(gs *types.GenesisState) {
			gs.Committee.Members = slices.Clone(gs.Committee.Members)
			gs.Committee.Members[1].Key = []byte{1}
		},
		"an order of its own": func(gs *types.GenesisState) {
			gs.Committee.Members = slices.Clone(gs.Committee.Members)
			slices.Reverse(gs.Committee.Members)
		},
		"more signed than due": func(gs *types.GenesisState) {
			gs.Works = []types.EpochWork{{Commits: 1, Works: []types.Work{{Address: []byte{1}, Due: 1, Signed: 2}}}}
		},
		"tokens twice": func(gs *types.GenesisState) { gs.Tokens = append(gs.Tokens, gs.Tokens[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			gs := export(t, n)
			spoil(gs)
			require.ErrorIs(t, gs.Validate(), types.ErrInvalid)
		})
	}
}

// x/staking's hooks mark tokens only of who sat.
func TestHooksOfStrangers(t *testing.T) {
	n, _ := begun(t, 8)
	require.NoError(t, n.Committees.Hooks().BeforeValidatorSlashed(n.Ctx, sdk.ValAddress(nodes.Account("nobody")), math.LegacyOneDec()))
	require.NoError(t, n.Committees.Invariants(n.Ctx))
}
