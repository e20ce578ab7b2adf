package trie

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// anyTable that leaves of a random trie make.
func anyTable(t *rapid.T) Table {
	leaves := []lattice.Prefix{{}}
	for range rapid.IntRange(0, 40).Draw(t, "splits") {
		at := rapid.IntRange(0, len(leaves)-1).Draw(t, "leaf")
		if leaves[at].Len == lattice.MaxPrefix {
			continue
		}
		left, right := leaves[at].Children()
		leaves = slices.Replace(leaves, at, at+1, left, right)
	}
	var table Table
	for i, p := range leaves {
		table = append(table, Route{Prefix: p, Name: fmt.Sprintf("top-z0.s%d-1", i)})
	}
	return table
}

// every bucket's owner by looking at all routes.
func owners(t Table, bucket uint32) (names []string) {
	for _, r := range t {
		if r.Prefix.Holds(bucket) {
			names = append(names, r.Name)
		}
	}
	return names
}

// The leaves of any trie are a table, each bucket has the owner that holds it, and any order of lines is read as that table.
func TestAnyTrie(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table := anyTable(rt)
		require.NoError(rt, table.Check())
		for _, r := range table {
			require.NoError(rt, table.CheckShard(r.Prefix))
			left, _ := r.Prefix.Children()
			require.Error(rt, table.CheckShard(left))
		}
		for range 20 {
			bucket := rapid.Uint32Range(0, 1<<lattice.BucketBits-1).Draw(rt, "bucket")
			owner, ok := table.OwnerOf(bucket)
			require.True(rt, ok)
			require.Equal(rt, owners(table, bucket), []string{owner.Name})
		}
		lines := strings.SplitAfter(strings.TrimSuffix(table.String(), "\n"), "\n")
		lines[len(lines)-1] += "\n"
		shuffled := rapid.Permutation(lines).Draw(rt, "lines")
		read, err := Parse("# shards\n\n" + strings.Join(shuffled, ""))
		require.NoError(rt, err)
		require.Equal(rt, table, read)
	})
}

// Whatever routes there are: Check accepts them exactly if each bucket is held once, and else names bits that are not.
func TestCheckCounts(t *testing.T) {
	const depth = 4
	rapid.Check(t, func(rt *rapid.T) {
		table := anyTable(rt)
		table = slices.DeleteFunc(table, func(Route) bool { return rapid.IntRange(0, 9).Draw(rt, "leave out") == 0 })
		for i := range rapid.IntRange(0, 2).Draw(rt, "more") {
			n := uint8(rapid.IntRange(0, depth).Draw(rt, "len"))
			table = append(table, Route{Prefix: lattice.Prefix{Len: n, Bits: rapid.Uint32Range(0, 1<<n-1).Draw(rt, "bits")}, Name: fmt.Sprintf("more-%d", i)})
		}
		table = Sorted(table)
		once := true
		for i := range uint32(1 << lattice.MaxPrefix) {
			once = once && len(owners(table, i<<(lattice.BucketBits-lattice.MaxPrefix))) == 1
		}
		if once {
			require.NoError(rt, table.Check())
		} else {
			require.ErrorIs(rt, table.Check(), ErrTable)
		}
	})
}

func TestTablesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "no line with a shard",
		"0 a\n":                        "accounts with bits 1 are no shard's",
		"00 a\n1 b\n":                  "accounts with bits 01 are no shard's",
		"0 a\n1 b\n10 c\n":             "accounts with bits 10 are of both b and c",
		"0 a\n1 b\n1 c\n":              "accounts with bits 1 are of both b and c",
		"- a\n0 b\n":                   "accounts with bits 0 are of both a and b",
		"0 a\n1 a\n":                   "a is there twice",
		"0 a\n1 b c\n":                 "line 2: want bits and a name",
		"0 a\n2 b\n":                   "line 2: routing table: bits are \"2\"",
		"0 a\n10101010101 b\n":         "at most 10 digits",
		"0 a\n1 ü\n":                   "no name of a shard",
		"0000 a\n0010 b\n0100 c\n":     "bits 0001 are no shard's; accounts with bits 0011 are no shard's; accounts with bits 0101 are no shard's; accounts with bits 011 are no shard's; and 1 more",
		"0 " + strings.Repeat("a", 51): "no name of a shard",
	} {
		_, err := Parse(text)
		require.ErrorIs(t, err, ErrTable, text)
		require.ErrorContains(t, err, want, text)
	}
	a, b := Route{Name: "a", Prefix: lattice.Prefix{Len: 1}}, Route{Name: "b", Prefix: lattice.Prefix{Len: 1, Bits: 1}}
	require.ErrorContains(t, Table{b, a}.Check(), "1 of b stands too early")
	require.ErrorContains(t, Table{{Name: "a", Prefix: lattice.Prefix{Len: 1, Bits: 2}}}.Check(), "malformed")
	require.ErrorContains(t, Table{a, b}.CheckShard(lattice.Prefix{}), "has no shard of bits -; where that would be it names a, of bits 0")
	require.ErrorContains(t, Table{a, b}.CheckShard(lattice.Prefix{Len: 2, Bits: 3}), "names b, of bits 1")
	require.ErrorContains(t, Table{}.CheckShard(lattice.Prefix{Len: 1}), "must name the shard of every bit")
	require.NoError(t, Table{}.CheckShard(lattice.Prefix{}))
}

func TestElsewhereNamesTheOwner(t *testing.T) {
	table, err := Parse("0 left\n1 right\n")
	require.NoError(t, err)
	for i := range byte(20) {
		a := lattice.Address{i}
		want := []string{"left", "right"}[lattice.BucketOf(a)>>(lattice.BucketBits-1)]
		err := table.Elsewhere(a)
		require.ErrorIs(t, err, lattice.ErrNotOwned)
		require.EqualError(t, err, "account "+sendtx.Bech32(a)+" belongs to shard "+want)
	}
	require.ErrorIs(t, Table{}.Elsewhere(lattice.Address{}), lattice.ErrNotOwned)
}

// Whatever text claims to be a table: it is refused, or is written again as a text that says the same.
func FuzzParse(f *testing.F) {
	f.Add("- top-z0.s0-1")
	f.Add("0 a\n1 b")
	f.Add("# two\n10 b\n\n0 a\n11 c\n")
	f.Add("0 a\n0 b\n1 c")
	f.Add("01 a\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Parse(text)
		if err != nil {
			require.ErrorIs(t, err, ErrTable)
			return
		}
		again, err := Parse(table.String())
		require.NoError(t, err)
		require.Equal(t, table, again)
		for _, bucket := range []uint32{0, 1<<lattice.BucketBits - 1, 1 << (lattice.BucketBits - 1)} {
			_, ok := table.OwnerOf(bucket)
			require.True(t, ok)
		}
	})
}
