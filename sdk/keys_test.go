package sdk_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/stretchr/testify/require"
)

func sum32(s string) [32]byte { return sha256.Sum256([]byte(s)) }

func peerID(t testing.TB, key ed25519.PublicKey) string {
	public, err := crypto.UnmarshalEd25519PublicKey(key)
	require.NoError(t, err)
	id, err := peer.IDFromPublicKey(public)
	require.NoError(t, err)
	return id.String()
}

// TestSecretsAreTheOwners: nobody else on the machine reads a client's keys.
func TestSecretsAreTheOwners(t *testing.T) {
	w := newWorld()
	newNode(t, w, "p1")
	alice := newUser(t, w, "alice")
	require.NoError(t, filepath.WalkDir(alice.home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".key") {
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), path)
		}
		return err
	}))
}

// TestImports: an app that uses the SDK links no chain node, no IBC and no provider.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".", "./...", "../examples/messenger", "../cmd/topuser").Output()
	require.NoError(t, err)
	for _, path := range strings.Fields(string(out)) {
		for _, banned := range []string{
			"github.com/cosmos/ibc-go", "github.com/CosmWasm/", "github.com/cometbft/cometbft/node",
			"github.com/topnetwork/top/relayer", "github.com/topnetwork/top/app",
		} {
			require.False(t, strings.HasPrefix(path, banned), path)
		}
	}
}
