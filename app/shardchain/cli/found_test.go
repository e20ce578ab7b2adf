package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

// Accounts of a network's shards have what its main chain's genesis gave shards: neither more, which would be out of nothing, nor less.
func TestFoundingIsCovered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "accounts")
	require.NoError(t, os.WriteFile(path, []byte("# two\n"+sendtx.Bech32(lattice.Address{1})+" 5000000utop\n"+sendtx.Bech32(lattice.Address{2})+" 3gold,6000000utop\n"), 0o600))
	utop, err := Issued(path)
	require.NoError(t, err)
	require.Equal(t, uint64(11_000_000), utop)
	for issued, refused := range map[int64]string{11_000_000: "", 10_999_999: "gave shards 10999999", 11_000_001: "gave shards 11000001", 0: "tx gate exit"} {
		f := founding{accounts: path, issued: math.NewInt(issued), table: trie.Table{{Name: "top-z0.s0-1"}}}
		if err := f.split(); refused == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, refused)
		}
	}
	f := founding{issued: math.ZeroInt(), table: trie.Table{{Name: "top-z0.s0-1"}}}
	require.NoError(t, f.split())
	f.issued = math.NewInt(5)
	require.ErrorContains(t, f.split(), "--accounts gives 0 utop")
	_, err = Issued(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What a shard takes unaudited is bounded as the main chain bounds it, or as founders say: that there is no bound they have to say.
func TestFoundingIsBounded(t *testing.T) {
	for _, c := range []struct {
		asked   string
		gate    uint64
		bound   uint64
		refused string
	}{
		{"", 7, 7, ""}, {"9", 7, 9, ""}, {"0", 7, 0, ""}, {"0", 0, 0, ""}, {"", 0, 0, "name a bound"}, {"-1", 7, 0, "want a number"}, {"1top", 0, 0, "want a number"},
	} {
		bound, err := boundOf(c.asked, c.gate)
		if c.refused != "" {
			require.ErrorContains(t, err, c.refused)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.bound, bound)
	}
}
