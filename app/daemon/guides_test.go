package daemon_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/internal/reference"
)

// command of a daemon, which a sentence may leave unnamed.
var command = regexp.MustCompile(`^(?:(topchaind|topserviced) )?((?:tx|query|genesis|config|start|rollback|launch) .+)$`)

// What the guides name within a sentence is a command, with the flags that stand there: blocks of commands are run by tests/process, the relayer's are checked beside them.
func TestGuidesNameCommandsThatExist(t *testing.T) {
	guides, err := filepath.Glob("../../docs/guides/*.md")
	require.NoError(t, err)
	roots := map[string]*cobra.Command{}
	for _, c := range both() {
		roots[c.Name], err = c.Root()
		require.NoError(t, err)
	}
	named := 0
	for _, guide := range guides {
		bz, err := os.ReadFile(guide)
		require.NoError(t, err)
		for _, text := range reference.Inline(string(bz)) {
			found := command.FindStringSubmatch(text)
			// An error's text begins like a command.
			if found == nil || text == "tx timeout height" {
				continue
			}
			named++
			exists := false
			for name, root := range roots {
				exists = exists || (found[1] == "" || found[1] == name) && reference.HasCommand(root, found[2])
			}
			require.True(t, exists, "%s names `%s`", guide, text)
		}
	}
	require.Greater(t, named, 20)
}
