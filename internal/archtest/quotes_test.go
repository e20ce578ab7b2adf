package archtest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sources of the texts that users meet: the project's, and the libraries' whose errors reach them.
func sources(t *testing.T) []string {
	t.Helper()
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cosmos/cosmos-sdk", "github.com/cometbft/cometbft", "github.com/cosmos/ibc-go/v11")
	list.Dir = "../.."
	out, err := list.Output()
	require.NoError(t, err)
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	dirs := append(strings.Fields(string(out)), filepath.Join(strings.TrimSpace(string(root)), "src", "syscall"))
	for _, own := range []string{"app", "cmd", "node", "protocol", "relayer", "sdk", "x"} {
		dirs = append(dirs, filepath.Join("..", "..", own))
	}
	return dirs
}

// A table of docs/guides/troubleshooting.md quotes what logs and answers say; some file of the code says each of it, with something else in the place of each "…".
// (What the guide's commands print is tested by running them, tests/process/guides.TestGuides.)
func TestTroubleshootingQuotesTheCode(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guides/troubleshooting.md")
	require.NoError(t, err)
	var open [][]string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(guide), -1) {
		quote := strings.Split(row[1], "…")
		for i, part := range quote {
			quote[i] = strings.TrimSpace(part)
		}
		open = append(open, quote)
	}
	require.Greater(t, len(open), 10)
	for _, dir := range sources(t) {
		require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			open = slices.DeleteFunc(open, func(quote []string) bool {
				return !slices.ContainsFunc(quote, func(part string) bool { return !strings.Contains(string(source), part) })
			})
			return nil
		}))
	}
	require.Empty(t, open, "no code says this")
}
