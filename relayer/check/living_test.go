package check

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// A shard that has split is counted until both of its children answer; with one of them nobody can say what there is.
func TestLiving(t *testing.T) {
	of := func(name string, bits uint32, length uint32, parents ...string) Reading {
		return Reading{Name: name, Shard: latticetypes.Shard{PrefixBits: bits, PrefixLen: length, Parents: parents}}
	}
	parent, other := of("p", 0, 1), of("o", 1, 1)
	left, right := of("l", 0, 2, "p"), of("r", 1, 2, "p")
	names := func(list []Reading) (out []string) {
		for _, r := range list {
			out = append(out, r.Name)
		}
		return out
	}
	for want, all := range map[[2]string][]Reading{{"p", "o"}: {parent, other}, {"l", "r"}: {parent, left, right}, {"o", "l"}: {other, left}} {
		living, err := Living(all)
		require.NoError(t, err)
		require.Equal(t, want[:], names(living))
	}
	// Who has ended need not answer, the others have to.
	silent := parent
	silent.Silent = errors.New("it is over")
	living, err := Living([]Reading{silent, left, right, other})
	require.NoError(t, err)
	require.Equal(t, []string{"l", "r", "o"}, names(living))
	for _, all := range [][]Reading{{silent, other}, {silent, left, other}} {
		_, err = Living(all)
		require.ErrorIs(t, err, silent.Silent)
	}
	_, err = Living([]Reading{parent, other, right})
	require.ErrorContains(t, err, "p goes on in its children")
	// Grandchildren have both as parents.
	living, err = Living([]Reading{parent, left, right, of("l0", 0, 3, "p", "l"), of("l1", 1, 3, "p", "l")})
	require.NoError(t, err)
	require.Equal(t, []string{"r", "l0", "l1"}, names(living))
}
