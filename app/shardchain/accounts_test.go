package shardchain_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// withAccountsFile is a shard before its genesis, which names a file of some accounts.
func withAccountsFile(t *testing.T, users ...*user) (*shard, *latticetypes.GenesisState) {
	t.Helper()
	s := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir(), users: users}
	var lines [][]byte
	for _, u := range users {
		a := latticetypes.NewAccount{Address: u.address, Balance: lattice.Balance{Utop: funds}}
		lines = append(lines, a.AppendLine(nil))
	}
	slices.SortFunc(lines, bytes.Compare)
	content := bytes.Join(lines, nil)
	require.NoError(t, os.WriteFile(s.accountsFile(), content, 0o600))
	s.open()
	gs := latticetypes.DefaultGenesisState()
	sum := sha256.Sum256(content)
	gs.AccountsFile = &latticetypes.AccountsFile{Number: uint64(len(lines)), Sha256: sum[:]}
	return s, gs
}

func (s *shard) accountsFile() string {
	return filepath.Join(s.dir, latticetypes.AccountsName+".genesis")
}

// inGenesis is the balance of a user as genesis.json has it.
func inGenesis(u *user) latticetypes.Balance {
	return latticetypes.Balance{Address: sendtx.Bech32(u.address), Coins: sdk.NewCoins(sdk.NewInt64Coin("utop", funds))}
}

// Accounts in a file beside genesis are those that genesis itself would hold, and the file is not needed any more once there is a block.
func TestAccountsFile(t *testing.T) {
	plain := newShard(t, 5)
	s, gs := withAccountsFile(t, plain.users[:4]...)
	gs.Balances = append(gs.Balances, inGenesis(plain.users[4]))
	require.NoError(t, s.init(gs))
	s.block()
	require.Equal(t, plain.last, s.last)
	require.NoError(t, s.App.Close())
	require.NoError(t, os.Remove(s.accountsFile()))
	s.open()
	require.True(t, s.block(s.users[0].send(plain.users[4], 5))[0].IsOK())
	require.NoError(t, s.App.Close())
}

func TestAccountsFilesThatAreRefused(t *testing.T) {
	a, b, n := newUser(0), newUser(1), 1
	for (lattice.Prefix{Bits: 0, Len: 1}).Holds(lattice.BucketOf(b.address)) {
		n++
		b = newUser(n)
	}
	for name, c := range map[string]struct {
		change func(*shard, *latticetypes.GenesisState)
		says   string
	}{
		"no file":           {func(s *shard, _ *latticetypes.GenesisState) { require.NoError(t, os.Remove(s.accountsFile())) }, "copy it from another member's config"},
		"another file":      {func(_ *shard, gs *latticetypes.GenesisState) { gs.AccountsFile.Sha256[0] ^= 1 }, "copy it from another member's config"},
		"another number":    {func(_ *shard, gs *latticetypes.GenesisState) { gs.AccountsFile.Number++ }, "copy it from another member's config"},
		"in both":           {func(_ *shard, gs *latticetypes.GenesisState) { gs.Balances = append(gs.Balances, inGenesis(a)) }, "in the accounts file, too"},
		"below the deposit": {func(_ *shard, gs *latticetypes.GenesisState) { gs.Params.Deposit = funds + 1 }, "deposit"},
		"of another shard":  {func(_ *shard, gs *latticetypes.GenesisState) { gs.Shard.PrefixLen, gs.Routing = 1, halves }, "belongs to shard top-z0.s1-1"},
		"exported":          {func(_ *shard, gs *latticetypes.GenesisState) { gs.Burned = 1 }, "an exported shard"},
	} {
		t.Run(name, func(t *testing.T) {
			s, gs := withAccountsFile(t, a, b)
			c.change(s, gs)
			require.ErrorContains(t, s.init(gs), c.says)
			require.NoError(t, s.App.Close())
		})
	}
}

// The power fails after the accounts' first commit, before the chain's state has any: genesis comes again.
func TestPowerCutInTheFirstBlock(t *testing.T) {
	want := newShard(t, 2)
	s, gs := withAccountsFile(t, want.users...)
	require.NoError(t, s.init(gs))
	s.height = 1
	s.finalize(nil)
	require.NoError(t, s.Engine.Commit())
	require.NoError(t, s.App.Close())
	s.open()
	require.NoError(t, s.init(gs))
	s.height = 0
	s.block()
	require.Equal(t, want.last, s.last)
	require.NoError(t, s.App.Close())
}
