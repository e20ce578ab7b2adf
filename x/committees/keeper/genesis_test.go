package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/committees/keeper"
	"github.com/topnetwork/top/x/committees/types"
)

// An export that somebody edited is refused before the first block, whatever it would have broken there.
func TestEditedGenesisIsRefused(t *testing.T) {
	n, _ := begun(t, 8)
	n.Epoch(t)
	n.Epoch(t)
	n.Epoch(t)
	for says, change := range map[string]func(*types.GenesisState){
		"not in ascending order":       func(gs *types.GenesisState) { m := gs.Committee.Members; m[0], m[1] = m[1], m[0] },
		"want 32 that no other member": func(gs *types.GenesisState) { gs.Committee.Members[1].Key = gs.Committee.Members[0].Key },
		"begins at height":             func(gs *types.GenesisState) { gs.Committee.Members = gs.Committee.Members[1:] },
		"stands twice in the line":     func(gs *types.GenesisState) { gs.Committee.Line.Members[1] = gs.Committee.Line.Members[0] },
		"or one place as standby":      func(gs *types.GenesisState) { gs.Committee.Line.Standbys = []string{gs.Committee.Line.Members[0]} },
		"is no account's address":      func(gs *types.GenesisState) { gs.Committee.Line.Standbys = []string{"nobody"} },
		"as many seats as members":     func(gs *types.GenesisState) { gs.Committee.Line.Seats-- },
		"at most 10000":                func(gs *types.GenesisState) { gs.Committee.Line.Seats = 1 << 31 },
		"want a member at least":       func(gs *types.GenesisState) { gs.Committee.Line = types.Line{} },
		"a term of 0 members":          func(gs *types.GenesisState) { gs.Terms[0].Members = nil },
		"from height 0 on":             func(gs *types.GenesisState) { gs.Terms[0].FirstHeight = 0 },
		"order of heights and epochs": func(gs *types.GenesisState) {
			gs.Terms = append(gs.Terms, gs.Terms[0])
			gs.Terms[0].Epoch, gs.Terms[1].FirstHeight, gs.Committee.FirstHeight = 1_000, 2, 2
		},
		"no tokens of member":            func(gs *types.GenesisState) { gs.Tokens = nil },
		"operator \"x\" is no account's": func(gs *types.GenesisState) { gs.Tokens[0].Operator = "x" },
		"at height -1":                   func(gs *types.GenesisState) { gs.Tokens[0].Height = -1 },
		"of an address of 3 bytes":       func(gs *types.GenesisState) { gs.Works[0].Works[0].Address = []byte("abc") },
	} {
		t.Run(says, func(t *testing.T) {
			gs := export(t, n)
			require.NoError(t, gs.Validate())
			change(gs)
			require.ErrorContains(t, gs.Validate(), says)
		})
	}
	// A stranger's key is seen beside x/staking alone.
	gs := export(t, n)
	last := &gs.Terms[len(gs.Terms)-1]
	gs.Committee.Members[0].Key = append([]byte{}, gs.Committee.Members[0].Key...)
	gs.Committee.Members[0].Key[0] ^= 1
	last.Members = gs.Committee.Members
	require.NoError(t, gs.Validate())
	ctx, _ := n.Ctx.CacheContext()
	_, err := n.Committees.InitGenesis(ctx, gs)
	require.ErrorContains(t, err, "votes by another key than its validator in x/staking has")
	// So are members whom x/slashing does not know.
	stranger := nodes.Unborn(t)
	_, err = stranger.Committees.InitGenesis(stranger.Ctx.WithBlockHeight(n.Ctx.BlockHeight()+1), export(t, n))
	require.ErrorContains(t, err, "has no signing info in x/slashing")
	// And what tells of blocks that are still to be made, or of other tokens than x/staking has.
	for says, change := range map[string]func(*types.GenesisState){
		"a term begins at height 1000": func(gs *types.GenesisState) {
			last := &gs.Terms[len(gs.Terms)-1]
			last.FirstHeight, gs.Committee.FirstHeight = 1_000, 1_000
		},
		"are of height 1000": func(gs *types.GenesisState) { gs.Tokens[len(gs.Tokens)-1].Height = 1_000 },
		"work of epoch 1000": func(gs *types.GenesisState) { gs.Works[len(gs.Works)-1].Epoch = 1_000 },
		"is of epoch 1000":   func(gs *types.GenesisState) { gs.Committee.Epoch = 1_000 },
		"utop stand behind": func(gs *types.GenesisState) {
			for i := range gs.Tokens {
				gs.Tokens[i].Utop = 1
			}
		},
	} {
		gs, next := export(t, n), n.After(t)
		change(gs)
		require.NoError(t, gs.Validate(), says)
		_, err := next.Committees.InitGenesis(next.Ctx, gs)
		require.ErrorContains(t, err, says)
	}
	next := n.After(t)
	_, err = next.Committees.InitGenesis(next.Ctx, export(t, n))
	require.NoError(t, err)
}

// What stood behind a member comes in pages.
func TestTokensComeInPages(t *testing.T) {
	n, _ := begun(t, 8)
	name := n.Voters()[0]
	for i := range 7 {
		n.Deposit(t, name, nodes.Deposit+uint64(i)+1, 0)
		n.Block(t)
	}
	var all []types.Tokens
	req := &types.QueryMemberRequest{Operator: nodes.Operator(name), Pagination: &query.PageRequest{Limit: 3}}
	for {
		res, err := keeper.NewQueryServer(n.Committees).Member(n.Ctx, req)
		require.NoError(t, err)
		require.True(t, res.Sits)
		require.LessOrEqual(t, len(res.Tokens), 3)
		all = append(all, res.Tokens...)
		if req.Pagination.Key = res.Pagination.NextKey; req.Pagination.Key == nil {
			break
		}
	}
	var want []types.Tokens
	for _, tokens := range export(t, n).Tokens {
		if tokens.Operator == nodes.Operator(name) {
			want = append(want, tokens)
		}
	}
	require.Greater(t, len(want), 6)
	require.Equal(t, want, all)
}
