package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// accountsFile makes the file of a shard's accounts from one that somebody wrote, with an address and coins in every line, in any order. Genesis names what is made.
func accountsFile(path string, gs *latticetypes.GenesisState) ([]byte, error) {
	accounts, err := readAccounts(path, gs)
	if err != nil {
		return nil, err
	}
	file, err := fileOf(accounts, gs)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return file, err
}

// fileOf accounts, which genesis names; none for none.
func fileOf(accounts []latticetypes.NewAccount, gs *latticetypes.GenesisState) ([]byte, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	lines := make([][]byte, len(accounts))
	for i := range accounts {
		lines[i] = accounts[i].AppendLine(nil)
	}
	slices.SortFunc(lines, bytes.Compare)
	var file, last []byte
	for _, line := range lines {
		address, _, _ := bytes.Cut(line, []byte(" "))
		if bytes.Equal(address, last) {
			return nil, fmt.Errorf("%s is there twice", address)
		}
		last = address
		file = append(file, line...)
	}
	sum := sha256.Sum256(file)
	gs.AccountsFile = &latticetypes.AccountsFile{Number: uint64(len(lines)), Sha256: sum[:]}
	return file, nil
}

// Issued utop by a file with an address and coins in every line, in any order: what the main chain's gate holds for them (x/gate).
func Issued(path string) (utop uint64, err error) {
	accounts, err := readAccounts(path, latticetypes.DefaultGenesisState())
	if err != nil {
		return 0, err
	}
	if utop, err = issued(accounts); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return utop, err
}

// issued utop to accounts.
func issued(accounts []latticetypes.NewAccount) (utop uint64, err error) {
	for i := range accounts {
		if utop+accounts[i].Utop < utop {
			return 0, errors.New("its accounts have more utop than there can be")
		}
		utop += accounts[i].Utop
	}
	return utop, nil
}

// readAccounts of a file with an address and coins in every line; each could be in the shard.
func readAccounts(path string, gs *latticetypes.GenesisState) (out []latticetypes.NewAccount, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		address, coins, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("%s:%d: %q, want an address and coins, e.g. top1… 5000000utop", path, n, line)
		}
		a, err := newAccount(address, strings.TrimSpace(coins))
		if err == nil {
			// The time of genesis does not matter for whether there can be such a record.
			_, err = gs.NewRecord(&a, 0)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		out = append(out, a)
	}
	return out, lines.Err()
}

func newAccount(address, coins string) (a latticetypes.NewAccount, err error) {
	if a.Address, err = sendtx.Address(address); err != nil {
		return a, err
	}
	// Written as an accounts file has it, it is read in a fraction of the time.
	if a.Balance, err = latticetypes.ParseBalance(coins); err == nil {
		return a, nil
	}
	parsed, err := sdk.ParseCoinsNormalized(coins)
	if err == nil {
		a.Balance, err = latticetypes.BalanceOf(parsed)
	}
	if err != nil {
		err = fmt.Errorf("%s: coins %q: %w", address, coins, err)
	}
	return a, err
}
