package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/internal/reference"
)

// What the guides name within a sentence is a command, with the flags that stand there; app/daemon does so for the daemons' commands.
func TestGuidesNameCommandsThatExist(t *testing.T) {
	guides, err := filepath.Glob("../../docs/guides/*.md")
	require.NoError(t, err)
	named := 0
	for _, guide := range guides {
		bz, err := os.ReadFile(guide)
		require.NoError(t, err)
		for _, text := range reference.Inline(string(bz)) {
			line, ok := strings.CutPrefix(text, "relayer ")
			if !ok {
				continue
			}
			named++
			require.True(t, reference.HasCommand(root(), line), "%s names `%s`", guide, text)
		}
	}
	require.Greater(t, named, 4)
}
