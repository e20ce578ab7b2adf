package sortition

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	rules "github.com/topnetwork/top/protocol/sortition"
)

// Keys are made once, readable by their owner alone, and what is registered of them proves possession on that chain for that operator.
func TestKeysAreMadeOnce(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "config"), 0o700))
	_, err := LoadKeys(home)
	require.ErrorIs(t, err, fs.ErrNotExist)
	made, err := EnsureKeys(home)
	require.NoError(t, err)
	again, err := EnsureKeys(home)
	require.NoError(t, err)
	require.Equal(t, made, again)
	info, err := os.Stat(path(home))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	r, err := made.Registration("top-main-1", "top1operator")
	require.NoError(t, err)
	require.NoError(t, rules.VerifyPossession("top-main-1", "top1operator", r.VRFKey, r.VRFProof))
	require.Error(t, rules.VerifyPossession("top-main-2", "top1operator", r.VRFKey, r.VRFProof))
	require.Equal(t, made.HotAddress().String(), r.HotAddress)
}

// Keys that cannot be read are never replaced: the registered ones would be lost.
func TestBrokenKeysAreKept(t *testing.T) {
	for name, content := range map[string]string{"no JSON": "{", "a short secret": `{"vrf_secret":"AAAA","hot_secret":"AAAA"}`} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(home, "config"), 0o700))
			require.NoError(t, os.WriteFile(path(home), []byte(content), 0o600))
			_, err := EnsureKeys(home)
			require.ErrorContains(t, err, "restore it from a backup")
			kept, err := os.ReadFile(path(home))
			require.NoError(t, err)
			require.Equal(t, content, string(kept))
		})
	}
}
