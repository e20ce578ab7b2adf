//go:build process

package process

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
)

// A wallet built with CosmJS, which knows nothing of TOP, works against a main node.
func TestCosmJSWallet(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("CosmJS runs on Node.js, which is not installed:", err)
	}
	npm, err := exec.LookPath("npm")
	require.NoError(t, err, "npm comes with Node.js")
	dir, err := filepath.Abs("../cosmjs")
	require.NoError(t, err)
	logs := filepath.Join(net.Dir, "logs")
	_, err = process.Run(t.Context(), process.Spec{
		Name: "npm ci", Path: npm, Args: []string{"ci"}, Dir: dir, Log: filepath.Join(logs, "npm.log"),
	})
	require.NoError(t, err)

	wallet := net.Users[2]
	out, err := process.Run(t.Context(), process.Spec{
		Name: "wallet.js", Path: node, Args: []string{"wallet.js"}, Dir: dir, Log: filepath.Join(logs, "cosmjs.log"),
		Env: []string{
			"TOP_RPC=" + net.Main.Nodes[1].RPC, "TOP_REST=" + net.Main.Nodes[1].REST, "TOP_CHAIN_ID=" + net.Main.ID,
			"TOP_MNEMONIC=" + wallet.Mnemonic, "TOP_RECIPIENT=" + net.Users[1].Address, "TOP_AMOUNT=123456",
		},
	})
	require.NoError(t, err)
	var sent struct {
		Hash   string `json:"hash"`
		Height int64  `json:"height"`
		Sender string `json:"sender"`
	}
	require.NoError(t, json.Unmarshal(out, &sent))
	require.Equal(t, wallet.Address, sent.Sender)
	require.Len(t, sent.Hash, 64)
	require.Positive(t, sent.Height)
}
