package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/relayer/config"
)

// A profile is whole once it is stopped; a file that cannot be made is refused before anything starts, and leaves the home free.
func TestProfileOfCPUTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cpu.pprof")
	stop, err := profileCPU(path)
	require.NoError(t, err)
	require.NoError(t, stop())
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	p, err := profile.Parse(f)
	require.NoError(t, err)
	require.Equal(t, "cpu", p.PeriodType.Type)

	home := t.TempDir()
	operator(t, home)
	text := strings.NewReplacer("key: relayer", "key: operator", "127.0.0.1:9464", "127.0.0.1:0").Replace(config.Example)
	require.NoError(t, os.WriteFile(filepath.Join(home, config.FileName), []byte(text), 0o600))
	for range 2 {
		_, err = run("start", "--home", home, "--cpu-profile", filepath.Join(home, "missing", "cpu.pprof"))
		require.ErrorContains(t, err, "--cpu-profile: open ")
	}
}
