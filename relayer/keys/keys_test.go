package keys_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/relayer/keys"
)

const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

func TestAddAndLoad(t *testing.T) {
	home := t.TempDir()
	s, err := keys.Add(home, "relayer", mnemonic+"\n")
	require.NoError(t, err)
	// The address that any BIP-44 wallet derives for this mnemonic with coin type 118 and prefix "top".
	require.Equal(t, "top19rl4cm2hmr8afy4kldpxz3fka4jguq0akmlqs2", s.Address)

	key, err := keys.Load(home, "relayer")
	require.NoError(t, err)
	require.Equal(t, s.Address, key.Address())

	info, err := os.Stat(filepath.Join(home, "keys", "relayer.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	_, err = keys.Add(home, "relayer", "")
	require.ErrorContains(t, err, "exists")
	again, err := keys.Load(home, "relayer")
	require.NoError(t, err)
	require.Equal(t, s.Address, again.Address(), "a refused add changes nothing")
}

func TestNewKeysDiffer(t *testing.T) {
	home := t.TempDir()
	a, err := keys.Add(home, "a", "")
	require.NoError(t, err)
	b, err := keys.Add(home, "b", "")
	require.NoError(t, err)
	require.NotEqual(t, a.Address, b.Address)
}

func TestRefusals(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"", "../x", "A", "a/b"} {
		_, err := keys.Add(home, name, "")
		require.ErrorContains(t, err, "key name", name)
	}
	_, err := keys.Add(home, "x", "not a mnemonic")
	require.ErrorContains(t, err, "BIP-39")
	_, err = keys.Load(home, "missing")
	require.ErrorContains(t, err, "relayer keys add missing")

	require.NoError(t, os.MkdirAll(filepath.Join(home, "keys"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "keys", "other.json"), []byte(`{"address":"top1xyz","mnemonic":"`+mnemonic+`"}`), 0o600))
	_, err = keys.Load(home, "other")
	require.ErrorContains(t, err, "the file says top1xyz")
}
