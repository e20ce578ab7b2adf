package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/keeper"
	"github.com/topnetwork/top/x/shards/types"
)

const two = "0 top-z0.s0-1\n1 top-z0.s1-1\n"

func split(n *nodes.Network, name string) error {
	_, err := nodes.Do(n.Ctx, n.Shards.Split, &types.MsgSplit{Authority: nodes.Authority(), Shard: name})
	return err
}

func table(t testing.TB, n *nodes.Network) (version uint64, names []string) {
	t.Helper()
	now, err := n.Zones.Table(n.Ctx)
	require.NoError(t, err)
	for _, r := range now.Routes {
		names = append(names, r.Name)
	}
	return now.Version, names
}

// A shard that splits is told by its record; its children begin when its empty block is anchored with a proof that the block before was the last, each with its half of the tree, the
// members who have it and a place in a new routing table. Nothing above that block counts.
func TestSplit(t *testing.T) {
	n, _ := begun(t, 12, 0, two, params())
	const name = "top-z0.s0-1"
	c := committee(t, n, name, 1)
	require.NoError(t, split(n, name))
	require.ErrorIs(t, split(n, name), types.ErrStatus)
	s := shard(t, n, name)
	require.Equal(t, types.Status_STATUS_SPLITTING, s.Status)
	require.Equal(t, []string{"top-z0.s00-1", "top-z0.s01-1"}, s.Children)
	require.Equal(t, types.Status_STATUS_FORMING, shard(t, n, s.Children[0]).Status)
	n.Check(t)
	for range 3 {
		n.Epoch(t)
	}
	require.EqualValues(t, 1, shard(t, n, name).Term, "who ends stays to the end")

	ended := stateOf(t, 20, 500)
	for why, a := range map[string]types.NewAnchor{
		"not the block after":     ended.last(t, n, after(c, 22)),
		"another state's proof":   stateOf(t, 20, 501).last(t, n, after(c, 21)),
		"halves of another root":  ended.last(t, n, after(c, 21)),
		"no final height":         stateOf(t, 0, 500).last(t, n, after(c, 21)),
		"the halves change sides": ended.last(t, n, after(c, 21)),
	} {
		switch why {
		case "another state's proof":
			a.SignedHeader = ended.last(t, n, after(c, 21)).SignedHeader
		case "halves of another root":
			a.Final.Left = hash("other")
		case "the halves change sides":
			a.Final.Left, a.Final.Right = a.Final.Right, a.Final.Left
		}
		_, err := send(n, a)
		require.Error(t, err, why)
	}
	require.Equal(t, types.Status_STATUS_SPLITTING, shard(t, n, name).Status)

	last := ended.last(t, n, after(c, 21))
	_, err := send(n, last)
	require.NoError(t, err)
	s = shard(t, n, name)
	require.Equal(t, types.Status_STATUS_RETIRED, s.Status)
	require.EqualValues(t, 21, s.FinalHeight)
	require.Equal(t, ended.root[:], s.FinalRoot)
	require.Equal(t, record(t, n, name).Anchor.HeaderHash, s.FinalHash)
	for i, root := range []lattice.Hash{ended.left, ended.right} {
		child := shard(t, n, s.Children[i])
		require.Equal(t, types.Status_STATUS_ACTIVE, child.Status)
		require.Equal(t, root[:], child.GenesisRoot)
		require.Equal(t, []string{name}, child.Parents)
		require.Equal(t, c.Members, committee(t, n, child.Name, 1).Members)
		require.EqualValues(t, 1, committee(t, n, child.Name, 1).FirstHeight)
	}
	version, names := table(t, n)
	require.EqualValues(t, 2, version)
	require.Equal(t, []string{"top-z0.s00-1", "top-z0.s01-1", "top-z0.s1-1"}, names)
	_, err = send(n, after(c, 22).anchor(t, n))
	require.ErrorIs(t, err, types.ErrStatus)
	_, err = send(n, after(committee(t, n, s.Children[1], 1), 1).anchor(t, n))
	require.NoError(t, err)
	n.Check(t)
	for range 3 {
		n.Epoch(t)
	}
	n.Check(t)
	again(t, n)
}

// Anyone can bring the header of the last block's successor, and those of the empty blocks after it, without a proof that the shard has ended: it ends all the same when the proof comes.
func TestSplitWhoseEndWasAnchoredBefore(t *testing.T) {
	n, _ := begun(t, 12, 0, two, params())
	const name = "top-z0.s0-1"
	c := committee(t, n, name, 1)
	require.NoError(t, split(n, name))
	last := stateOf(t, 20, 500).last(t, n, after(c, 21))
	bare := last
	bare.Head, bare.Final = nil, nil
	_, err := send(n, bare)
	require.NoError(t, err)
	_, err = send(n, after(c, 24).anchor(t, n))
	require.NoError(t, err)
	_, err = send(n, bare)
	require.ErrorIs(t, err, types.ErrKnown)
	headless := last
	headless.Head = nil
	_, err = send(n, headless)
	require.ErrorIs(t, err, types.ErrInvalid)
	_, err = send(n, stateOf(t, 20, 500).last(t, n, after(c, 20)))
	require.Error(t, err, "the block after the last one has another height")
	_, err = send(n, last)
	require.NoError(t, err)
	s := shard(t, n, name)
	require.Equal(t, types.Status_STATUS_RETIRED, s.Status)
	require.EqualValues(t, 21, s.FinalHeight)
	require.Equal(t, types.Status_STATUS_ACTIVE, shard(t, n, s.Children[0]).Status)
	n.Check(t)
	again(t, n)
}

// Two siblings become one when both have ended, under a name that was never used: the prefix had a shard before.
func TestMerge(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	c := committee(t, n, lone, 1)
	require.NoError(t, split(n, lone))
	_, err := send(n, stateOf(t, 9, 1).last(t, n, after(c, 10)))
	require.NoError(t, err)
	pair := []string{"top-z0.s0-1", "top-z0.s1-1"}
	merge := func(names ...string) error {
		_, err := nodes.Do(n.Ctx, n.Shards.Merge, &types.MsgMerge{Authority: nodes.Authority(), Shards: names})
		return err
	}
	require.ErrorIs(t, merge(pair[0], pair[0]), types.ErrRefused)
	require.NoError(t, merge(pair[1], pair[0]))
	require.ErrorIs(t, merge(pair...), types.ErrStatus)
	merged := shard(t, n, pair[0]).Children[0]
	require.Equal(t, "top-z0.s-2", merged)
	end := stateOf(t, 30, 5)
	for i, name := range pair {
		require.Equal(t, types.Status_STATUS_FORMING, shard(t, n, merged).Status)
		a := end.last(t, n, after(committee(t, n, name, 0), 31))
		a.Final.Left, a.Final.Right = nil, nil
		_, err := send(n, a)
		require.NoError(t, err)
		n.Check(t)
		version, _ := table(t, n)
		require.EqualValues(t, 2+i, version)
		n.Block(t)
	}
	s := shard(t, n, merged)
	require.Equal(t, types.Status_STATUS_ACTIVE, s.Status)
	root := lattice.NodeOf(end.root, end.root)
	require.Equal(t, root[:], s.GenesisRoot)
	require.Equal(t, pair, s.Parents)
	_, names := table(t, n)
	require.Equal(t, []string{merged}, names)
	require.Len(t, committee(t, n, merged, 1).Members, members)
	again(t, n)
}

// A shard with much load for long splits by itself, two with little merge.
func TestLoadSplits(t *testing.T) {
	p := params()
	p.SplitLoad, p.SplitEpochs = 1_000, 2
	n, _ := begun(t, 12, 0, two, p)
	const busy = "top-z0.s0-1"
	total := uint64(0)
	for i := range int64(4) {
		total += 1_500
		b, st := after(committee(t, n, busy, 1), i+1), stateOf(t, 0, total)
		if last := record(t, n, busy).Anchor; last != nil {
			b.by = committee(t, n, busy, last.NextTerm)
			b.next = b.by.ValidatorsHash
		}
		b.appHash = st.hash
		a := b.anchor(t, n)
		a.Head = &types.HeadProof{Head: st.headBytes, Proof: st.head}
		if _, err := send(n, a); err != nil {
			require.ErrorIs(t, err, types.ErrStatus)
		}
		if i == 0 {
			require.EqualValues(t, 1_500, record(t, n, busy).Load.Transfers)
		}
		if i < 2 {
			require.Equal(t, types.Status_STATUS_ACTIVE, shard(t, n, busy).Status)
		}
		n.Epoch(t)
		n.Block(t)
	}
	require.Equal(t, types.Status_STATUS_SPLITTING, shard(t, n, busy).Status)
	require.Equal(t, types.Status_STATUS_ACTIVE, shard(t, n, "top-z0.s1-1").Status)
	n.Check(t)

	p = params()
	p.MergeLoad, p.MergeEpochs, p.MinEpochsBetween = 100, 2, 3
	n, _ = begun(t, 12, 0, two, p)
	for range 3 {
		require.Equal(t, types.Status_STATUS_ACTIVE, shard(t, n, busy).Status)
		n.Epoch(t)
		n.Block(t)
	}
	require.Equal(t, types.Status_STATUS_MERGING, shard(t, n, busy).Status)
	require.Equal(t, types.Status_STATUS_MERGING, shard(t, n, "top-z0.s1-1").Status)
	n.Check(t)
}

// A shard of which nothing is heard is frozen; its next generation goes on with a committee of its own, and splits if the old one was to.
func TestFreezeAndRestart(t *testing.T) {
	p := params()
	p.StallEpochs = 1
	p.Steward = nodes.Operator("steward")
	n, _ := begun(t, 12, 0, two, p)
	const name = "top-z0.s0-1"
	restart := func(who string) error {
		_, err := nodes.Do(n.Ctx, n.Shards.Restart, &types.MsgRestart{Authority: who, Shard: name})
		return err
	}
	require.ErrorIs(t, restart(p.Steward), types.ErrStatus)
	last := after(committee(t, n, name, 1), 5)
	_, err := send(n, last.anchor(t, n))
	require.NoError(t, err)
	for _, m := range auditors(t, n, 0, 0).Members {
		if record(t, n, name).Audited == nil {
			_, err := report(n, word(t, n, n.Name(m.Operator), last, true))
			require.NoError(t, err)
		}
	}
	require.NoError(t, split(n, name))
	n.Epoch(t)
	n.Block(t)
	require.Equal(t, types.Status_STATUS_SPLITTING, shard(t, n, name).Status)
	n.Epoch(t)
	n.Block(t)
	s := shard(t, n, name)
	require.Equal(t, types.Status_STATUS_FROZEN, s.Status)
	require.NotEmpty(t, s.Reason)
	require.EqualValues(t, 5, s.FinalHeight)
	n.Check(t)
	require.ErrorIs(t, restart(nodes.Operator("stranger")), types.ErrUnauthorized)
	require.NoError(t, restart(p.Steward))
	next := shard(t, n, "top-z0.s0-2")
	require.Equal(t, types.Status_STATUS_SPLITTING, next.Status)
	require.Equal(t, s.Children, next.Children)
	require.Equal(t, []string{next.Name}, shard(t, n, s.Children[0]).Parents)
	require.True(t, s.WasFrozen())
	require.Equal(t, types.Status_STATUS_RETIRED, shard(t, n, name).Status)
	require.True(t, shard(t, n, name).WasFrozen())
	_, names := table(t, n)
	require.Equal(t, next.Name, names[0])
	n.Check(t)
	_, err = send(n, stateOf(t, 4, 9).last(t, n, after(committee(t, n, next.Name, 1), 5)))
	require.NoError(t, err)
	require.Equal(t, types.Status_STATUS_RETIRED, shard(t, n, next.Name).Status)
	require.False(t, shard(t, n, next.Name).WasFrozen(), "it has ended by its own last block")
	require.Equal(t, types.Status_STATUS_ACTIVE, shard(t, n, s.Children[0]).Status)
	n.Check(t)

	_, err = nodes.Do(n.Ctx, n.Shards.Freeze, &types.MsgFreeze{Authority: p.Steward, Shard: s.Children[1], Reason: "a test"})
	require.NoError(t, err)
	n.Check(t)
	_, err = nodes.Do(n.Ctx, n.Shards.Restart, &types.MsgRestart{Authority: p.Steward, Shard: s.Children[1]})
	require.ErrorIs(t, err, types.ErrStatus, "nothing of it was audited")
	again(t, n)
}

// Members of a shard's last term serve what it has sent for a while, and nobody else does.
func TestRetiredShardIsServed(t *testing.T) {
	n, operators := begun(t, 12, 0, two, params())
	const name = "top-z0.s0-1"
	c := committee(t, n, name, 1)
	require.NoError(t, split(n, name))
	_, err := send(n, stateOf(t, 20, 500).last(t, n, after(c, 21)))
	require.NoError(t, err)
	serving := func() (served int) {
		for _, operator := range operators {
			res, err := keeper.NewQueryServer(n.Shards).Assignments(n.Ctx, &types.QueryAssignmentsRequest{Operator: nodes.Operator(operator)})
			require.NoError(t, err)
			for _, a := range res.Assignments {
				if a.Shard != name {
					continue
				}
				served++
				_, sits := types.FindMember(c.Members, nodes.Operator(operator))
				require.True(t, sits && a.Role == types.Role_ROLE_MEMBER && a.Running && a.Status == types.Status_STATUS_RETIRED)
			}
		}
		return served
	}
	for range params().HistoryEpochs {
		require.Equal(t, len(c.Members), serving())
		n.Epoch(t)
	}
	require.Equal(t, len(c.Members), serving())
	n.Epoch(t)
	require.Zero(t, serving())
}
