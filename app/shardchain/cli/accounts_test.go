package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// What somebody wrote in any order, with remarks, becomes the file that genesis names.
func TestAccountsFile(t *testing.T) {
	a, b := sendtx.Bech32(lattice.Address{1}), sendtx.Bech32(lattice.Address{2})
	path := filepath.Join(t.TempDir(), "written")
	made := func(content string) (*latticetypes.GenesisState, []byte, error) {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		gs := latticetypes.DefaultGenesisState()
		file, err := accountsFile(path, gs)
		return gs, file, err
	}
	gs, file, err := made("# two\n" + b + "  5000000utop\n\n" + a + " 7000000utop,3abc")
	require.NoError(t, err)
	require.Contains(t, string(file), a+" 3abc,7000000utop\n")
	var read []lattice.Address
	require.NoError(t, gs.AccountsFile.Read(bytes.NewReader(file), func(n *latticetypes.NewAccount) error {
		read = append(read, n.Address)
		return nil
	}))
	require.ElementsMatch(t, []lattice.Address{{1}, {2}}, read)
	again, same, err := made(a + " 7000000utop,3abc\n" + b + " 5000000utop\n")
	require.NoError(t, err)
	require.Equal(t, file, same)
	require.Equal(t, gs, again)

	gs, file, err = made("# nobody\n")
	require.NoError(t, err)
	require.Nil(t, file)
	require.Nil(t, gs.AccountsFile)
	for content, says := range map[string]string{
		a + " 5000000utop\n" + a + " 6000000utop\n": "is there twice",
		a:                    "want an address and coins",
		a + " five\n":        ":1: ",
		a + " 1utop\n":       "deposit",
		"# x\ncosmos1 1utop": ":2: ",
	} {
		_, _, err := made(content)
		require.ErrorContains(t, err, says, content)
	}
}
