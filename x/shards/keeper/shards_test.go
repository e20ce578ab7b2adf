package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/keeper"
	"github.com/topnetwork/top/x/shards/types"
)

const (
	members  = 4
	standbys = 1
	// four shards in two zones.
	four = "00 top-z0.s00-1\n01 top-z0.s01-1\n10 top-z1.s10-1\n11 top-z1.s11-1\n"
	one  = "- top-z0.s-1\n"
)

var names4 = []string{"top-z0.s00-1", "top-z0.s01-1", "top-z1.s10-1", "top-z1.s11-1"}

func params() types.Params {
	p := types.DevnetParams(members)
	p.Standbys = standbys
	return p
}

// begun is a network of candidates with shards, in its first block.
func begun(t testing.TB, candidates int, zoneBits uint32, table string, p types.Params) (*nodes.Network, []string) {
	t.Helper()
	n, names := nodes.New(t), nodes.Names(candidates)
	n.Register(t, names...)
	n.Found(t)
	n.FoundShards(t, zoneBits, table, p)
	n.Block(t)
	return n, names
}

func committee(t testing.TB, n *nodes.Network, shard string, term uint64) types.Committee {
	t.Helper()
	c, err := n.Shards.Committee(n.Ctx, shard, term)
	require.NoError(t, err)
	return c
}

func shard(t testing.TB, n *nodes.Network, name string) types.Shard {
	t.Helper()
	s, err := n.Shards.Shard(n.Ctx, name)
	require.NoError(t, err)
	return s
}

func auditors(t testing.TB, n *nodes.Network, zone uint32, epoch uint64) types.Auditors {
	t.Helper()
	a, err := n.Shards.Auditors(n.Ctx, zone, epoch)
	require.NoError(t, err)
	return a
}

func epochOf(n *nodes.Network) uint64 { return uint64(n.Ctx.BlockHeight()-1) / nodes.EpochBlocks }

// A network begins with a committee for each shard and auditors for each zone, drawn from who is bonded: independent of each other, auditors beside those they audit.
func TestFirstCommittees(t *testing.T) {
	n, _ := begun(t, 14, 1, four, params())
	alike := 0
	for _, name := range names4 {
		s, c := shard(t, n, name), committee(t, n, name, 0)
		require.Equal(t, types.Status_STATUS_ACTIVE, s.Status)
		require.EqualValues(t, 1, c.Term)
		require.EqualValues(t, 1, c.FirstHeight)
		require.EqualValues(t, 0, c.Epoch)
		require.Len(t, c.Members, members)
		require.Len(t, c.Standbys, standbys)
		require.Equal(t, types.SetOf(c.Members).Hash(), c.ValidatorsHash)
		a := auditors(t, n, s.Zone, 0)
		require.Len(t, a.Members, members)
		require.False(t, a.Short)
		for _, m := range a.Members {
			require.NotContains(t, types.Operators(c.Members), m.Operator)
			require.NotContains(t, c.Standbys, m.Operator)
		}
		if slices.Equal(types.Operators(c.Members), types.Operators(committee(t, n, names4[0], 0).Members)) {
			alike++
		}
	}
	require.Less(t, alike, 4, "each has a draw of its own")
	n.Check(t)
}

// Every epoch draws anew, one epoch ahead: by the seed and candidates of the main chain's election, exactly as protocol/sortition draws a zone; no more leave than may, and
// auditors stay beside what they audit.
func TestElections(t *testing.T) {
	n, _ := begun(t, 14, 1, four, params())
	rotated := map[string]int{}
	for range 8 {
		before := map[string]types.Committee{}
		audited := map[uint32]types.Auditors{}
		now := epochOf(n)
		for _, name := range names4 {
			before[name] = committee(t, n, name, 0)
		}
		for zone := range uint32(2) {
			audited[zone] = auditors(t, n, zone, now+1)
		}
		n.Epoch(t)
		now = epochOf(n)
		seed, candidates, err := n.Sortition.Pool(n.Ctx, now+1)
		if now == 0 || err != nil {
			continue
		}
		for zone := range uint32(2) {
			draw := sortition.Zone{Epoch: now + 1, Seed: seed, Candidates: candidates, Auditors: sortition.Committee{
				Name: nodes.ChainID + "/auditors/" + string(rune('0'+zone)), Size: members, Sitting: types.Operators(audited[zone].Members),
			}}
			own := names4[2*zone : 2*zone+2]
			for _, name := range own {
				draw.Shards = append(draw.Shards, sortition.Committee{Name: name, Size: members, Standbys: standbys, Sitting: types.Operators(before[name].Members)})
			}
			want, err := draw.Run()
			require.NoError(t, err)
			a := auditors(t, n, zone, now+1)
			require.Equal(t, now+1, a.Epoch)
			require.Equal(t, want.Auditors.Members, types.Operators(a.Members))
			for i, name := range own {
				c := committee(t, n, name, 0)
				require.Equal(t, want.Shards[i].Members, types.Operators(c.Members))
				require.Equal(t, want.Shards[i].Standbys, c.Standbys)
				left := 0
				for _, m := range before[name].Members {
					if _, stays := types.FindMember(c.Members, m.Operator); !stays {
						left++
					}
				}
				require.LessOrEqual(t, left, sortition.Rotation(members))
				if left > 0 {
					require.Equal(t, before[name].Term+1, c.Term)
					require.Equal(t, now+1, c.Epoch)
					require.Zero(t, c.FirstHeight, "its first header is not anchored")
				}
				rotated[name] += left
			}
		}
		n.Check(t)
	}
	for _, name := range names4 {
		require.Positive(t, rotated[name], "the lot rotates %s", name)
	}
}

// Nobody's proof, no election: everyone sits on.
func TestNoElectionWithoutProofs(t *testing.T) {
	n, names := begun(t, 9, 0, one, params())
	before := committee(t, n, "top-z0.s-1", 0)
	for range 4 {
		n.Epoch(t, names...)
	}
	require.Equal(t, before.Members, committee(t, n, before.Shard, 0).Members)
	require.EqualValues(t, 1, shard(t, n, before.Shard).Term)
	n.Check(t)
}

// With too few candidates a devnet has fewer auditors, and says so.
func TestFewCandidates(t *testing.T) {
	n, _ := begun(t, 5, 0, one, params())
	a := auditors(t, n, 0, 0)
	require.True(t, a.Short)
	require.Len(t, a.Members, 1)
	require.Len(t, committee(t, n, "top-z0.s-1", 0).Members, members)
	n.Check(t)

	n, _ = begun(t, 1, 0, one, params())
	require.Len(t, committee(t, n, "top-z0.s-1", 0).Members, 1)
	require.Empty(t, auditors(t, n, 0, 0).Members)
	n.Check(t)
}

// A member that cannot sit any more is replaced by a standby, with a new term.
func TestStandbysReplaceMembers(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	before := committee(t, n, "top-z0.s-1", 0)
	gone := before.Members[1].Operator
	n.Validator(n.Name(gone)).Jailed = true
	n.Block(t)
	c := committee(t, n, "top-z0.s-1", 0)
	require.EqualValues(t, 2, c.Term)
	require.NotContains(t, types.Operators(c.Members), gone)
	require.Contains(t, types.Operators(c.Members), before.Standbys[0])
	require.Len(t, c.Members, members)
	require.Empty(t, c.Standbys)
	n.Check(t)
}

// A node learns what to run: as member and standby of terms from the running one on, as auditor of every shard of its zone.
func TestAssignments(t *testing.T) {
	n, names := begun(t, 14, 1, four, params())
	for range 3 {
		n.Epoch(t)
	}
	q := keeper.NewQueryServer(n.Shards)
	now := epochOf(n)
	found := 0
	for _, name := range names {
		res, err := q.Assignments(n.Ctx, &types.QueryAssignmentsRequest{Operator: nodes.Operator(name)})
		require.NoError(t, err)
		require.Equal(t, now, res.Epoch)
		for _, a := range res.Assignments {
			found++
			switch a.Role {
			case types.Role_ROLE_AUDITOR:
				_, audits := types.FindMember(auditors(t, n, shard(t, n, a.Shard).Zone, a.Epoch).Members, nodes.Operator(name))
				require.True(t, audits)
				require.Equal(t, a.Epoch <= now, a.Running)
			case types.Role_ROLE_MEMBER:
				_, sits := types.FindMember(committee(t, n, a.Shard, a.Term).Members, nodes.Operator(name))
				require.True(t, sits)
				require.Equal(t, a.Term == 1, a.Running, "nothing is anchored")
			case types.Role_ROLE_STANDBY:
				require.Contains(t, committee(t, n, a.Shard, a.Term).Standbys, nodes.Operator(name))
			}
		}
	}
	terms := 0
	for _, name := range names4 {
		terms += int(shard(t, n, name).Term)
	}
	require.GreaterOrEqual(t, found, terms*members)
	_, err := q.Assignments(n.Ctx, &types.QueryAssignmentsRequest{Operator: "nobody"})
	require.Error(t, err)
}

// A chain without shards does nothing.
func TestNoShards(t *testing.T) {
	n, names := nodes.New(t), nodes.Names(4)
	n.Register(t, names...)
	n.Found(t)
	require.NoError(t, n.Shards.InitGenesis(n.Ctx, types.DefaultGenesisState()))
	n.Block(t)
	n.Epoch(t)
	gs, err := n.Shards.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	require.Equal(t, types.DefaultGenesisState(), gs)
	require.NoError(t, n.Shards.Invariants(n.Ctx))
}
