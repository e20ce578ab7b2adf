package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/internal/reference"
	"github.com/topnetwork/top/relayer/config"
)

var write = flag.Bool("write", false, "write docs/config/relayer.md instead of comparing with it")

func run(args ...string) (string, error) {
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

// docs/config/relayer.md is what the relayer prints; after a change of settings: go test ./relayer/cli -run Reference -write.
func TestReferenceIsCommitted(t *testing.T) {
	text, err := run("config", "reference")
	require.NoError(t, err)
	file := filepath.Join("..", "..", "docs", "config", "relayer.md")
	if *write {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	committed, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(committed), text, "%s differs from `relayer config reference`: run go test ./relayer/cli -run Reference -write", file)
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, " | "); len(cells) == 4 && strings.HasPrefix(line, "| `") {
			require.NotEmpty(t, cells[2], "%s: the example of `relayer init` (config.Example) does not show it", cells[0])
		}
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	text, err := run("config", "reference")
	require.NoError(t, err)
	require.Empty(t, reference.Unexplained(text), "give each its meaning beside or above it in config.Example")
}

func TestConfigCheck(t *testing.T) {
	home := t.TempDir()
	_, err := run("config", "check", "--home", home)
	require.ErrorContains(t, err, "relayer init --home")
	_, err = run("init", "--home", home)
	require.NoError(t, err)
	for _, command := range [][]string{{"config", "check"}, {"start"}} {
		_, err = run(append(command, "--home", home)...)
		require.ErrorContains(t, err, "ibc.key: there is no key \"relayer\"")
	}
	_, err = run("keys", "add", "relayer", "--home", home)
	require.NoError(t, err)
	out, err := run("config", "check", "--home", home)
	require.NoError(t, err)
	require.Contains(t, out, "are good")

	path := filepath.Join(home, config.FileName)
	for _, wrong := range []struct{ from, to, want string }{
		{"poll:", "pol:", "field pol not found"},
		{"status_file: status.json", "status_file: /proc/status.json", "status_file is in /proc, which takes no files"},
	} {
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(config.Example, wrong.from, wrong.to, 1)), 0o600))
		for _, command := range [][]string{{"config", "check"}, {"start"}} {
			_, err = run(append(command, "--home", home)...)
			require.ErrorContains(t, err, wrong.want)
		}
	}
}

// link does not wait for a chain as start does: it says which one does not answer, where, and what to do.
func TestLinkWithoutANodeNamesTheRemedy(t *testing.T) {
	home := t.TempDir()
	_, err := run("init", "--home", home)
	require.NoError(t, err)
	_, err = run("keys", "add", "relayer", "--home", home)
	require.NoError(t, err)
	path := filepath.Join(home, config.FileName)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(config.Example, "127.0.0.1:9090", "127.0.0.1:1", 1)), 0o600))
	_, err = run("link", "--home", home)
	require.ErrorContains(t, err, "chains.main: ")
	require.ErrorContains(t, err, "127.0.0.1:1")
	require.ErrorContains(t, err, "; start its node, or correct the address in config.yaml, and run it again")
}
