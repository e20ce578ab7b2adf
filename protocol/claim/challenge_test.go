package claim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// No two claims share points, whatever of them differs.
func TestChallengesAreOfOneClaim(t *testing.T) {
	seed, root := [32]byte{1}, [32]byte{2}
	seen := map[[32]byte]bool{}
	for _, c := range [][32]byte{
		Challenge(seed, "chain", "provider", 7, root), Challenge([32]byte{3}, "chain", "provider", 7, root), Challenge(seed, "chainp", "rovider", 7, root),
		Challenge(seed, "other", "provider", 7, root), Challenge(seed, "chain", "other", 7, root), Challenge(seed, "chain", "provider", 8, root),
		Challenge(seed, "chain", "provider", 7, [32]byte{3}),
	} {
		require.False(t, seen[c])
		seen[c] = true
	}
}
