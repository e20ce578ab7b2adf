package daemon_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var write = flag.Bool("write", false, "write docs/config instead of comparing with it")

// docs/config is what the daemons print; after a change of settings: go test ./app/daemon ./relayer/cli -run Reference -write.
func TestReferenceIsCommitted(t *testing.T) {
	for _, c := range both() {
		home := filepath.Join(t.TempDir(), "home")
		text := must(t, c, home, "config", "reference")
		_, err := os.Stat(home)
		require.ErrorIs(t, err, os.ErrNotExist, "a reference needs no home")
		file := filepath.Join("..", "..", "docs", "config", c.Name+".md")
		if *write {
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		}
		committed, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(committed), text, "%s differs from `%s config reference`: run go test ./app/daemon -run Reference -write", file, c.Name)
	}
}

// start refuses what config check refuses, before it opens a database; a flag counts like the file.
func TestStartRefusesBadSettings(t *testing.T) {
	for _, c := range both() {
		home := t.TempDir()
		must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
		require.Contains(t, must(t, c, home, "config", "check"), "are good")
		_, err := run(t, c, home, "start", "--pruning", "everything")
		require.ErrorContains(t, err, "state-sync.snapshot-interval = 0")

		path := filepath.Join(home, "config", "app.toml")
		bz, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(bz), "enabled-unsafe-cors", "enable-unsafe-cors", 1)), 0o600))
		for _, args := range [][]string{{"start"}, {"config", "check"}} {
			_, err = run(t, c, home, args...)
			require.ErrorContains(t, err, `unknown key "api.enable-unsafe-cors" (did you mean "api.enabled-unsafe-cors"?)`)
		}
		entries, err := filepath.Glob(filepath.Join(home, "data", "*.db"))
		require.NoError(t, err)
		require.Empty(t, entries, "nothing was started")
	}
}

// A price at one node is its operator's choice, and cuts off whoever pays none: config check says so, and passes.
func TestConfigCheckWarnsOfAPrice(t *testing.T) {
	for _, c := range both() {
		home := t.TempDir()
		must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
		require.NotContains(t, must(t, c, home, "config", "check"), "Warning")
		path := filepath.Join(home, "config", "app.toml")
		bz, err := os.ReadFile(path)
		require.NoError(t, err)
		text := strings.Replace(string(bz), `minimum-gas-prices = "0`, `minimum-gas-prices = "0.01`, 1)
		require.NotEqual(t, string(bz), text)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		out := must(t, c, home, "config", "check")
		require.Contains(t, out, "Warning: minimum-gas-prices")
		require.Contains(t, out, "are good")
	}
}
