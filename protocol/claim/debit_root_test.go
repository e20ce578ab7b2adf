package claim

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every debit of every claim leads to the root, and nothing else does.
func TestDebitPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var claims []ClaimDebits
		for i := range rapid.IntRange(1, 4).Draw(t, "claims") {
			leaves := drawLeaves(t)
			claims = append(claims, ClaimDebits{Provider: string(rune('a' + i)), Epoch: uint64(i), Debits: Debits(leaves)})
		}
		root := DebitRoot(roots(claims))
		for i, c := range claims {
			for j, d := range c.Debits {
				path, err := c.Path(j)
				require.NoError(t, err)
				require.NoError(t, VerifyDebit(c.Root(), c.Provider, c.Epoch, d, path))
				above, err := DebitRootPath(roots(claims), i)
				require.NoError(t, err)
				path = append(path, above...)
				require.NoError(t, VerifyDebit(root, c.Provider, c.Epoch, d, path))
				more := d
				more.Amount++
				require.ErrorIs(t, VerifyDebit(root, c.Provider, c.Epoch, more, path), ErrProof)
				require.ErrorIs(t, VerifyDebit(root, c.Provider+"x", c.Epoch, d, path), ErrProof)
				require.ErrorIs(t, VerifyDebit(root, c.Provider, c.Epoch+1, d, path), ErrProof)
				if len(path) > 0 {
					require.ErrorIs(t, VerifyDebit(root, c.Provider, c.Epoch, d, path[1:]), ErrProof)
					path[0].Left = !path[0].Left
					require.ErrorIs(t, VerifyDebit(root, c.Provider, c.Epoch, d, path), ErrProof)
				}
			}
			_, err := c.Path(len(c.Debits))
			require.ErrorIs(t, err, ErrPoint)
		}
		_, err := DebitRootPath(roots(claims), len(claims))
		require.ErrorIs(t, err, ErrPoint)
	})
}

func TestDebitPathsAreBounded(t *testing.T) {
	require.ErrorIs(t, VerifyDebit([32]byte{}, "a", 1, Debit{}, make([]DebitNode, maxDebitPath+1)), ErrProof)
}
