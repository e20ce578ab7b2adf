package keeper_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/testutil/nodes"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	"github.com/topnetwork/top/x/zones/keeper"
	"github.com/topnetwork/top/x/zones/types"
)

const four = "00 top-z0.s00-1\n01 top-z0.s01-1\n10 top-z1.s10-1\n11 top-z1.s11-1\n"

func begun(t testing.TB) *nodes.Network {
	t.Helper()
	n := nodes.New(t)
	n.Register(t, nodes.Names(9)...)
	n.Found(t)
	n.FoundShards(t, 1, four, shardstypes.DevnetParams(3))
	n.Ctx = n.Ctx.WithBlockHeight(7)
	return n
}

func parsed(t testing.TB, text string) trie.Table {
	t.Helper()
	table, err := trie.Parse(text)
	require.NoError(t, err)
	return table
}

// A new version takes the place of the one before, which can still be read until a hundred have followed; each account has one owner by each.
func TestVersions(t *testing.T) {
	n := begun(t)
	q := keeper.NewQueryServer(n.Zones)
	first, err := n.Zones.Table(n.Ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, first.Version)
	halves := []string{"00 top-z0.s00-1\n01 top-z0.s01-1\n10 top-z1.s10-1\n110 top-z1.s110-1\n111 top-z1.s111-1\n", four}
	for i := range types.MaxTables {
		next, err := n.Zones.Replace(n.Ctx, parsed(t, halves[i%2]))
		require.NoError(t, err)
		require.EqualValues(t, i+2, next.Version)
		require.EqualValues(t, 7, next.SinceHeight)
		require.NoError(t, n.Zones.Invariants(n.Ctx))
	}
	_, err = q.TableAt(n.Ctx, &types.QueryTableAtRequest{Version: 1})
	require.Error(t, err)
	second, err := q.TableAt(n.Ctx, &types.QueryTableAtRequest{Version: 2})
	require.NoError(t, err)
	require.Len(t, second.Table.Routes, 5)
	current, err := q.Table(n.Ctx, &types.QueryTableRequest{})
	require.NoError(t, err)
	for i := range byte(20) {
		h := sha256.Sum256([]byte{i})
		address := lattice.Address(h[:20])
		owner, err := q.Owner(n.Ctx, &types.QueryOwnerRequest{Address: sdk.AccAddress(address[:]).String()})
		require.NoError(t, err)
		want, ok := current.Table.Table().Owner(address)
		require.True(t, ok)
		require.Equal(t, want.Name, owner.Shard)
		require.Equal(t, lattice.BucketOf(address)>>(lattice.BucketBits-1), owner.Zone)
	}
	gs, err := n.Zones.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	next := nodes.Unborn(t)
	next.Ctx = next.Ctx.WithBlockHeight(8)
	require.NoError(t, next.Zones.InitGenesis(next.Ctx, gs))
	same, err := next.Zones.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, gs, same)
}

func TestTablesThatAreRefused(t *testing.T) {
	n := begun(t)
	for why, table := range map[string]trie.Table{
		"another's name":    {{Prefix: lattice.Prefix{Len: 1}, Name: "top-z0.s0-1"}, {Prefix: lattice.Prefix{Len: 1, Bits: 1}, Name: "top-z1.s10-1"}},
		"another's zone":    {{Prefix: lattice.Prefix{Len: 1}, Name: "top-z0.s0-1"}, {Prefix: lattice.Prefix{Len: 1, Bits: 1}, Name: "top-z0.s1-1"}},
		"less than zones":   parsed(t, "- top-z0.s-1\n"),
		"a name of a chain": {{Prefix: lattice.Prefix{Len: 1}, Name: "left-1"}, {Prefix: lattice.Prefix{Len: 1, Bits: 1}, Name: "right-1"}},
		"nobody's accounts": parsed(t, four)[1:],
		"no shards":         {},
	} {
		_, err := n.Zones.Replace(n.Ctx, table)
		require.ErrorIs(t, err, types.ErrInvalid, why)
	}
	now, err := n.Zones.Table(n.Ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, now.Version)
	two, err := n.Zones.Replace(n.Ctx, parsed(t, four))
	require.NoError(t, err)
	gs := types.GenesisState{Tables: []types.RoutingTable{now, now}}
	require.ErrorIs(t, gs.Validate(), types.ErrInvalid, "one version twice")
	two.ZoneBits = 0
	gs = types.GenesisState{Tables: []types.RoutingTable{now, two}}
	require.ErrorIs(t, gs.Validate(), types.ErrInvalid, "zones change")
}

// The bytes that other chains prove are where TableKey says.
func TestTableKey(t *testing.T) {
	require.Equal(t, []byte{0}, types.TableKey())
	require.Equal(t, append([]byte{1}, "top-z0.s-1"...), shardstypes.ShardKey("top-z0.s-1"))
	require.Equal(t, append(append([]byte{2}, "top-z0.s-1\x00"...), 0, 0, 0, 0, 0, 0, 1, 2), shardstypes.CommitteeKey("top-z0.s-1", 258))
}
