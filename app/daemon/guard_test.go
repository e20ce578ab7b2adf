package daemon_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cosmossdk.io/log/v2"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"

	"github.com/topnetwork/top/app/base"
	mainchain "github.com/topnetwork/top/app/mainchain/cli"
	servicechain "github.com/topnetwork/top/app/servicechain/cli"
)

// The SDK closes an app twice when its node ends.
func TestAppsCloseTwice(t *testing.T) {
	for _, c := range both() {
		home := testnet(t, c)
		open := func() (dbm.DB, error) {
			return dbm.NewDB("application", dbm.GoLevelDBBackend, filepath.Join(home, "data"))
		}
		db, err := open()
		require.NoError(t, err)
		settings := viper.New()
		settings.Set(flags.FlagHome, home)
		settings.Set(server.FlagPruning, "default")
		settings.Set(server.FlagIAVLSyncPruning, true)
		app := c.New(base.Options{Logger: log.NewNopLogger(), DB: db, App: settings, BaseApp: server.DefaultBaseappOptions(settings)}, true)
		require.NoError(t, app.Close())
		require.NoError(t, app.Close(), c.Name)
		db, err = open()
		require.NoError(t, err, "its database is free")
		require.NoError(t, db.Close())
	}
}

// A genesis is for the chain's own coin, and for accounts that hold some.
func TestAccountsThatAreRefused(t *testing.T) {
	for _, c := range both() {
		home := t.TempDir()
		must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
		genesis := filepath.Join(home, "config", "genesis.json")
		before, err := os.ReadFile(genesis)
		require.NoError(t, err)
		addr := address(t, c, home, "alice")
		for _, args := range [][]string{
			{addr, "2000000000xyz"}, {addr, "1" + c.Coin + ",1xyz"}, {addr, "1" + c.Coin, "--vesting-amount", "1xyz", "--vesting-end-time", "1999999999"},
		} {
			_, err := run(t, c, home, append([]string{"genesis", "add-account"}, args...)...)
			require.ErrorContains(t, err, "the only coin in a genesis of "+c.Name+" is "+c.Coin)
		}
		for _, nothing := range []string{"0" + c.Coin, "0xyz", ""} {
			_, err := run(t, c, home, "genesis", "add-account", addr, nothing)
			require.ErrorContains(t, err, addr+" would hold nothing: give it an amount above 0, or leave it out", "%q", nothing)
		}
		after, err := os.ReadFile(genesis)
		require.NoError(t, err)
		require.Equal(t, string(before), string(after))
		_, err = run(t, c, home, "genesis", "add-account", addr+"q", "2000000000"+c.Coin)
		require.ErrorContains(t, err, addr+"q is no account's address")
		must(t, c, home, "genesis", "add-account", addr, "2000000000"+c.Coin)
	}

	c, home := mainchain.Chain(), t.TempDir()
	must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
	file := filepath.Join(home, "accounts.json")
	list := fmt.Sprintf(`[{"address": %q, "coins": [{"denom": "xyz", "amount": "5"}]}]`, address(t, c, home, "alice"))
	require.NoError(t, os.WriteFile(file, []byte(list), 0o600))
	_, err := run(t, c, home, "genesis", "bulk-add-genesis-account", file)
	require.ErrorContains(t, err, "5xyz: the only coin")
	list = fmt.Sprintf(`[{"address": %q, "coins": [{"denom": "utop", "amount": "0"}]}]`, address(t, c, home, "bob"))
	require.NoError(t, os.WriteFile(file, []byte(list), 0o600))
	_, err = run(t, c, home, "genesis", "bulk-add-genesis-account", file)
	require.ErrorContains(t, err, "would hold nothing")
}

// A gentx is for the chain of the home's genesis, whether or not it is named, and a second one says what to do with the first.
func TestGentxIsForTheHomesChain(t *testing.T) {
	for _, c := range both() {
		home := t.TempDir()
		must(t, c, home, "init", "n0", "--chain-id", "top-try-1")
		gentx := []string{"genesis", "gentx", "v"}
		if c.Name == mainchain.Chain().Name {
			must(t, c, home, "genesis", "add-account", address(t, c, home, "v"), "1000000000utop")
			gentx = append(gentx, "500000000utop")
		} else {
			address(t, c, home, "v")
		}
		gentx = append(gentx, "--keyring-backend", "test")
		_, err := run(t, c, home, append(gentx, "--chain-id", "top-other-1")...)
		require.ErrorContains(t, err, `"top-other-1", and the home's genesis.json is of "top-try-1"`)
		files, err := filepath.Glob(filepath.Join(home, "config", "gentx", "*"))
		require.NoError(t, err)
		require.Empty(t, files)

		client := filepath.Join(home, "config", "client.toml")
		require.NoError(t, os.Remove(client))
		must(t, c, home, "keys", "list", "--keyring-backend", "test") // writes a client.toml that names no chain
		must(t, c, home, gentx...)
		must(t, c, home, "genesis", "collect")
		if c.Name == servicechain.Chain().Name {
			continue // it signs anew over its own file
		}
		must(t, c, home, "genesis", "devnet")
		must(t, c, home, "genesis", "validate")
		_, err = run(t, c, home, gentx...)
		require.ErrorContains(t, err, "this node has signed already; remove that file")
	}
}

// A node that is told the hash of its genesis begins from no other.
func TestGenesisHash(t *testing.T) {
	for _, c := range both() {
		home := testnet(t, c)
		_, err := run(t, c, home, "start", "--genesis_hash", "ff")
		require.ErrorContains(t, err, "--genesis_hash is FF, and the SHA-256 of "+filepath.Join(home, "config", "genesis.json"))

		edited(t, home, func(doc map[string]any) { at(doc, "consensus", "params", "block")["max_bytes"] = "0" })
		bz, err := os.ReadFile(filepath.Join(home, "config", "genesis.json"))
		require.NoError(t, err)
		_, err = run(t, c, home, "start", "--genesis_hash", fmt.Sprintf("%x", sha256.Sum256(bz)))
		require.ErrorContains(t, err, "max_bytes is 0", "with the right hash it goes on to the next check")
	}
}

func TestPruneSaysWhatItCannotDo(t *testing.T) {
	for _, c := range both() {
		home := testnet(t, c)
		for want, args := range map[string][]string{
			"nothing was pruned": {"prune", "nothing"},
			"no pruning \"foo\": choose default, everything or": {"prune", "foo"},
			"pruning-keep-recent 0 and pruning-interval 10: ke": {"prune", "custom"},
			"pruning-keep-recent 5 and pruning-interval 3: ke":  {"prune", "custom", "--pruning-keep-recent", "5", "--pruning-interval", "3"},
		} {
			out, err := run(t, c, home, args...)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error()+out, "everything\"", "which start would refuse")
			require.NotContains(t, out, "successfully")
		}
	}
}
