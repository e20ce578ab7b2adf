package types

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
)

// fileOf lines, as genesis would name it.
func fileOf(content []byte) *AccountsFile {
	sum := sha256.Sum256(content)
	return &AccountsFile{Number: uint64(bytes.Count(content, []byte("\n"))), Sha256: sum[:]}
}

// read a file into lines again.
func read(f *AccountsFile, content []byte) (again []byte, err error) {
	err = f.Read(bytes.NewReader(content), func(a *NewAccount) error {
		again = a.AppendLine(again)
		return nil
	})
	return again, err
}

// fileOfThree accounts, one of them with other coins.
func fileOfThree() []byte {
	var lines [][]byte
	for i, b := range []lattice.Balance{
		{Utop: 1}, {Utop: 1<<64 - 1},
		{Utop: 5, Coins: []lattice.Coin{{Denom: "ibc/ABC", Amount: lattice.Amount{High: 1, Low: 2}}, {Denom: "zzz", Amount: lattice.Amount{High: 1<<64 - 1, Low: 1<<64 - 1}}}},
	} {
		a := NewAccount{Address: lattice.Address{byte(i)}, Balance: b}
		lines = append(lines, a.AppendLine(nil))
	}
	slices.SortFunc(lines, bytes.Compare)
	return bytes.Join(lines, nil)
}

// lastLine of a file.
func lastLine(file []byte) string {
	return string(file[bytes.LastIndexByte(file[:len(file)-1], '\n')+1:])
}

func TestAccountsFile(t *testing.T) {
	file := fileOfThree()
	again, err := read(fileOf(file), file)
	require.NoError(t, err)
	require.Equal(t, string(file), string(again))
	f := fileOf(file)
	for name, c := range map[string]struct{ content, says string }{
		"empty":                   {"", "belongs to another genesis"},
		"cut off":                 {string(file[:len(file)-1]), "the file is cut off"},
		"cut off between lines":   {string(file[:bytes.IndexByte(file, '\n')+1]), "belongs to another genesis"},
		"another amount":          {strings.Replace(string(file), " 1utop", " 2utop", 1), "belongs to another genesis"},
		"an account twice":        {string(file) + lastLine(file), "does not come after"},
		"other order":             {lastLine(file) + string(file), "does not come after"},
		"no coins":                {strings.Replace(string(file), " 1utop", "", 1), "no number"},
		"no denomination":         {strings.Replace(string(file), " 1utop", " 1", 1), "denom"},
		"a zero before the digit": {strings.Replace(string(file), " 1utop", " 01utop", 1), "want"},
		"two spaces":              {strings.Replace(string(file), " 1utop", "  1utop", 1), "no number"},
		"a carriage return":       {strings.Replace(string(file), "1utop\n", "1utop\r\n", 1), "denom"},
		"too much":                {strings.Replace(string(file), "18446744073709551615utop", "18446744073709551616utop", 1), "64 bits"},
		"nobody's address":        {"x" + string(file), "address"},
		"a comment":               {"# accounts\n" + string(file), "address"},
		"a line without an end":   {string(file) + strings.Repeat("a", 1<<17), "cut off"},
	} {
		_, err := read(f, []byte(c.content))
		require.ErrorContains(t, err, c.says, name)
	}
	require.NoError(t, f.check())
	require.Error(t, (&AccountsFile{Number: 1, Sha256: f.Sha256[1:]}).check())
	require.Error(t, (&AccountsFile{Sha256: f.Sha256}).check())
}

// What is read has one form: the file that was read.
func FuzzAccountsFile(f *testing.F) {
	f.Add(fileOfThree())
	f.Fuzz(func(t *testing.T, content []byte) {
		again, err := read(fileOf(content), content)
		if err == nil && len(content) > 0 {
			require.Equal(t, content, again)
		}
	})
}

// What somebody writes twice is not taken for what is written last.
func TestDenominationsTwice(t *testing.T) {
	for _, s := range []string{"5utop,7utop", "5zzz,7zzz", "5zzz,5utop,7zzz"} {
		_, err := ParseBalance(s)
		require.Error(t, err, s)
	}
	b, err := ParseBalance("7utop,5zzz")
	require.NoError(t, err)
	require.Equal(t, uint64(7), b.Utop)
}
