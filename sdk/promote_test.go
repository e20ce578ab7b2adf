package sdk

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk/keyfile"
)

// A promotion that is cut off after any of its steps loses no key and gives none twice.
func TestPromotionThatIsCutOff(t *testing.T) {
	for name, steps := range map[string]int{"before": 0, "old one kept": 1, "new one in place": 2, "done": 3} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			k, err := loadSessionKeys(home)
			require.NoError(t, err)
			old := k.key()
			next, err := k.next()
			require.NoError(t, err)
			require.False(t, next.Equal(old))
			for _, step := range []func() error{
				func() error { return keyfile.Write(k.earlierPath(publicOf(old)), old.Seed()) },
				func() error { return keyfile.Write(k.path(), next.Seed()) },
				func() error { return os.Remove(k.nextPath()) },
			}[:steps] {
				require.NoError(t, step())
			}

			k, err = loadSessionKeys(home)
			require.NoError(t, err)
			again, err := k.next()
			require.NoError(t, err)
			require.False(t, again.Equal(k.key()))
			require.False(t, again.Equal(old))
			if steps < 2 {
				require.True(t, k.key().Equal(old))
				require.Empty(t, k.unended())
				require.True(t, again.Equal(next), "what it was given is not lost")
			} else {
				require.True(t, k.key().Equal(next))
				require.Equal(t, [][]byte{publicOf(old)}, k.unended())
			}
			require.NoError(t, k.promote(again))
			require.True(t, k.of(publicOf(old)).Equal(old))
			require.True(t, k.key().Equal(again))
			require.NoFileExists(t, filepath.Join(home, "session.next.key"))
			require.NoError(t, k.setEnded(publicOf(old)))
			require.NotContains(t, k.unended(), publicOf(old))
			k, err = loadSessionKeys(home)
			require.NoError(t, err)
			require.NotContains(t, k.unended(), publicOf(old), "nobody is asked again, also by a client that was closed in between")
			require.True(t, k.of(publicOf(old)).Equal(old))
		})
	}
}
