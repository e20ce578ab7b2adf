package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/shards/keeper"
	"github.com/topnetwork/top/x/shards/types"
)

const lone = "top-z0.s-1"

func record(t testing.TB, n *nodes.Network, name string) *types.QueryShardResponse {
	t.Helper()
	res, err := keeper.NewQueryServer(n.Shards).Shard(n.Ctx, &types.QueryShardRequest{Name: name})
	require.NoError(t, err)
	return res
}

// Headers go forward, signed by the term that they are in. The last header of a term, anchored, says from which height on the next signs; what the old one signs above that is refused.
func TestAnchorsInTheirTerms(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	first := committee(t, n, lone, 1)
	b := after(first, 5)
	_, err := send(n, b.anchor(t, n))
	require.NoError(t, err)
	a := record(t, n, lone).Anchor
	require.EqualValues(t, 5, a.Height)
	require.EqualValues(t, 1, a.Term)
	require.EqualValues(t, b.signed(t, n).Hash(), a.HeaderHash)
	_, err = send(n, b.anchor(t, n))
	require.ErrorIs(t, err, types.ErrKnown)
	_, err = send(n, after(first, 4).anchor(t, n))
	require.ErrorIs(t, err, types.ErrKnown)

	// The next term is decided.
	n.Validator(n.Name(first.Members[0].Operator)).Jailed = true
	n.Block(t)
	second := committee(t, n, lone, 2)
	require.Zero(t, second.FirstHeight)
	_, err = send(n, after(second, 8).anchor(t, n))
	require.ErrorIs(t, err, types.ErrRefused, "nobody anchored that it signs")
	switching := after(first, 7)
	switching.next = second.ValidatorsHash
	res, err := send(n, after(second, 8).anchor(t, n), switching.anchor(t, n), after(second, 9).anchor(t, n))
	require.NoError(t, err)
	require.NotEmpty(t, res.Refused[0])
	require.Empty(t, res.Refused[1])
	require.Empty(t, res.Refused[2])
	require.EqualValues(t, 8, committee(t, n, lone, 2).FirstHeight)
	a = record(t, n, lone).Anchor
	require.EqualValues(t, 9, a.Height)
	require.EqualValues(t, 2, a.Term)
	_, err = send(n, after(first, 12).anchor(t, n))
	require.ErrorIs(t, err, types.ErrRefused, "the old term's, above")
	n.Check(t)
}

func TestHeadersThatAreRefused(t *testing.T) {
	n, _ := begun(t, 12, 1, four, params())
	c := committee(t, n, names4[0], 1)
	good := after(c, 3)
	for name, change := range map[string]func(*block){
		"forged":          func(b *block) { b.forged = true },
		"few signatures":  func(b *block) { b.absent = types.Operators(c.Members[:2]) },
		"another shard":   func(b *block) { b.shard = names4[1] },
		"unknown next":    func(b *block) { b.next = hash("next") },
		"other committee": func(b *block) { b.by = committee(t, n, names4[3], 1) },
	} {
		b := good
		change(&b)
		a := b.anchor(t, n)
		a.Shard = names4[0]
		_, err := send(n, a)
		require.Error(t, err, name)
	}
	_, err := send(n, types.NewAnchor{Shard: names4[0], SignedHeader: []byte("no header")})
	require.ErrorIs(t, err, types.ErrInvalid)
	_, err = send(n, types.NewAnchor{Shard: "top-z0.s00-2", SignedHeader: good.anchor(t, n).SignedHeader})
	require.ErrorIs(t, err, types.ErrNotFound)
	require.Nil(t, record(t, n, names4[0]).Anchor)
	good.absent = types.Operators(c.Members[:1])
	_, err = send(n, good.anchor(t, n))
	require.NoError(t, err, "three of four suffice")
	n.Check(t)
}

// Who signs less than half of what is anchored of it in an epoch was absent: it costs reputation.
func TestAbsences(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	c := committee(t, n, lone, 1)
	silent := c.Members[2].Operator
	for height := range int64(4) {
		b := after(c, height+1)
		if height > 0 {
			b.absent = []string{silent}
		}
		_, err := send(n, b.anchor(t, n))
		require.NoError(t, err)
	}
	reputation := func(operator string) uint64 {
		node, err := n.Stake.Node(n.Ctx, operator)
		require.NoError(t, err)
		return node.Reputation
	}
	n.Epoch(t)
	n.Block(t)
	before := reputation(silent)
	n.Epoch(t)
	require.Less(t, reputation(silent), before)
	for _, m := range c.Members {
		if m.Operator != silent {
			require.GreaterOrEqual(t, reputation(m.Operator), before)
		}
	}
	gs, err := n.Shards.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	require.Empty(t, gs.Works)
}

// Two thirds of the zone's auditors move the audited height on, over headers that are anchored, once for each auditor.
func TestAudits(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	c, a := committee(t, n, lone, 1), auditors(t, n, 0, 0)
	five, nine := after(c, 5), after(c, 9)
	nine.appHash = hash("later")
	_, err := send(n, five.anchor(t, n), nine.anchor(t, n))
	require.NoError(t, err)
	says := func(i int, b block, confirm bool) error {
		_, err := report(n, word(t, n, n.Name(a.Members[i].Operator), b, confirm))
		return err
	}
	require.NoError(t, says(0, nine, true))
	require.ErrorIs(t, says(0, nine, true), types.ErrKnown)
	require.ErrorIs(t, says(0, nine, false), types.ErrKnown)
	require.NoError(t, says(1, nine, true))
	require.Nil(t, record(t, n, lone).Audited)
	forged := word(t, n, n.Name(a.Members[2].Operator), nine, true)
	forged.Confirm = false
	_, err = report(n, forged)
	require.ErrorIs(t, err, types.ErrRefused)
	_, err = report(n, word(t, n, n.Name(c.Members[0].Operator), nine, true))
	require.ErrorIs(t, err, types.ErrUnauthorized)
	other := nine
	other.appHash = hash("other")
	require.ErrorIs(t, says(2, other, true), types.ErrRefused)
	require.ErrorIs(t, says(2, after(c, 7), true), types.ErrNotFound)
	require.NoError(t, says(2, nine, true))
	require.EqualValues(t, 9, record(t, n, lone).Audited.Height)
	require.ErrorIs(t, says(3, five, true), types.ErrNotFound, "it is audited with the higher one")
	n.Check(t)
}

// Two thirds that deny a header freeze the shard, and slash and jail who signed it, nobody else; an auditor that confirmed it pays.
func TestDeniedHeaderIsPunished(t *testing.T) {
	n, names := begun(t, 12, 0, one, params())
	c, a := committee(t, n, lone, 1), auditors(t, n, 0, 0)
	good, bad := after(c, 5), after(c, 9)
	bad.absent = []string{c.Members[3].Operator}
	_, err := send(n, good.anchor(t, n), bad.anchor(t, n))
	require.NoError(t, err)
	for i, m := range a.Members {
		name := n.Name(m.Operator)
		if i < 3 {
			_, err = report(n, word(t, n, name, good, true))
			require.NoError(t, err)
		}
	}
	require.EqualValues(t, 5, record(t, n, lone).Audited.Height)
	for i, m := range a.Members {
		_, err = report(n, word(t, n, n.Name(m.Operator), bad, i == 0))
		require.NoError(t, err)
	}
	s := shard(t, n, lone)
	require.Equal(t, types.Status_STATUS_FROZEN, s.Status)
	require.EqualValues(t, 5, s.FinalHeight)
	signed := types.Operators(c.Members[:3])
	for _, name := range names {
		height, slashed := n.Slashed(name)
		require.Equal(t, slices.Contains(signed, nodes.Operator(name)), slashed, name)
		require.Equal(t, slashed, n.Validator(name).Jailed)
		if slashed {
			require.Equal(t, c.DecidedHeight+1, height, "by what stood behind it when it was drawn")
		}
	}
	_, err = send(n, after(c, 12).anchor(t, n))
	require.ErrorIs(t, err, types.ErrStatus)
	n.Block(t)
	n.Check(t)
}

// Two votes of a member for one height of its shard are punished on the main chain, once; those for another shard, or of a stranger, are not.
func TestEvidence(t *testing.T) {
	n, _ := begun(t, 12, 1, four, params())
	c := committee(t, n, names4[1], 1)
	name := n.Name(c.Members[0].Operator)
	ids := []cmttypes.BlockID{
		{Hash: hash("a"), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: hash("parts")}},
		{Hash: hash("b"), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: hash("parts")}},
	}
	prove := func(shard, name string, a, b cmttypes.BlockID) error {
		e, err := cmttypes.NewDuplicateVoteEvidence(vote(t, names4[1], name, 7, a, n.Ctx.BlockTime()), vote(t, names4[1], name, 7, b, n.Ctx.BlockTime()), n.Ctx.BlockTime(), types.SetOf(c.Members))
		if err != nil {
			return err
		}
		raw, err := e.ToProto().Marshal()
		require.NoError(t, err)
		_, err = nodes.Do(n.Ctx, n.Shards.ShardEvidence, &types.MsgShardEvidence{Signer: nodes.Operator("router"), Shard: shard, Evidence: raw})
		return err
	}
	require.Error(t, prove(names4[0], name, ids[0], ids[1]), "the votes are another shard's")
	require.Error(t, prove(names4[1], name, ids[0], ids[0]))
	_, slashed := n.Slashed(name)
	require.False(t, slashed)
	require.NoError(t, prove(names4[1], name, ids[0], ids[1]))
	_, slashed = n.Slashed(name)
	require.True(t, slashed)
	require.True(t, n.Validator(name).Jailed)
	require.ErrorIs(t, prove(names4[1], name, ids[0], ids[1]), types.ErrKnown)
	n.Blocks(t, 1)
	require.NotContains(t, types.Operators(committee(t, n, names4[1], 0).Members), nodes.Operator(name))
	n.Check(t)
}

// Headers that wait are bounded: the lowest is given up.
func TestHeadersAreBounded(t *testing.T) {
	n, _ := begun(t, 12, 0, one, params())
	c := committee(t, n, lone, 1)
	for height := range int64(types.MaxHeaders + 5) {
		_, err := send(n, after(c, height+1).anchor(t, n))
		require.NoError(t, err)
	}
	gs, err := n.Shards.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	require.Len(t, gs.Headers, types.MaxHeaders)
	require.EqualValues(t, 6, gs.Headers[0].Height)
	n.Check(t)
}
