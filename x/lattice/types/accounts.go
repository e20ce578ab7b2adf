package types

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// AccountsName of the file with accounts, which lies beside genesis.json.
const AccountsName = "accounts"

// ErrAccountsFile tells that the file is not there, or not the one that genesis names.
var ErrAccountsFile = errors.New("accounts_file")

// maxLine of an accounts file: an address, and coins of as many denominations as an account can hold, with the longest names and amounts.
const maxLine = 4096

// NewAccount of genesis: who, and what it holds.
type NewAccount struct {
	Address lattice.Address
	lattice.Balance
}

// AppendLine appends the account's line of an accounts file: ADDRESS COINS. An account of genesis holds something.
func (a *NewAccount) AppendLine(to []byte) []byte {
	to = append(to, sendtx.Bech32(a.Address)...)
	to = append(to, ' ')
	utop := a.Utop == 0
	appendUtop := func() {
		if !utop {
			utop = true
			to = append(strconv.AppendUint(to, a.Utop, 10), sendtx.Utop+","...)
		}
	}
	for _, c := range a.Coins {
		if c.Denom > sendtx.Utop {
			appendUtop()
		}
		to = append(bigOf(c.Amount).Append(to, 10), c.Denom...)
		to = append(to, ',')
	}
	appendUtop()
	to[len(to)-1] = '\n'
	return to
}

// Read an accounts file of that number of lines and that hash, in ascending order of its lines, each account once. Only when Read has answered without an error was the file the one that genesis names.
func (f *AccountsFile) Read(r io.Reader, visit func(*NewAccount) error) error {
	hash := sha256.New()
	lines := bufio.NewReaderSize(io.TeeReader(r, hash), 1<<16)
	var last []byte
	n := uint64(0)
	for ; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil {
			return fmt.Errorf("line %d: %w; the file is cut off, or is another", n+1, err)
		}
		a, err := readLine(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		if address := line[:bytes.IndexByte(line, ' ')]; bytes.Compare(last, address) < 0 {
			last = append(last[:0], address...)
		} else {
			return fmt.Errorf("line %d: %s does not come after %s", n+1, address, last)
		}
		if err := visit(&a); err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	if sum := hash.Sum(nil); n != f.Number || !bytes.Equal(sum, f.Sha256) {
		return fmt.Errorf("it has %d accounts and the SHA-256 %x, genesis names %d and %x: it belongs to another genesis", n, sum, f.Number, f.Sha256)
	}
	return nil
}

// readLine of an accounts file. An account has one line: what AppendLine writes.
func readLine(line []byte) (a NewAccount, err error) {
	if len(line) > maxLine {
		return a, fmt.Errorf("%d bytes, at most %d", len(line), maxLine)
	}
	address, coins, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if a.Address, err = sendtx.Address(string(address)); err != nil {
		return a, err
	}
	if a.Balance, err = ParseBalance(string(coins)); err != nil {
		return a, fmt.Errorf("%s: coins %q: %w", address, coins, err)
	}
	if a.IsZero() {
		return a, fmt.Errorf("%s holds nothing", address)
	}
	if want := a.AppendLine(nil); !bytes.Equal(want, line) {
		return a, fmt.Errorf("%q, want %q", line, want)
	}
	return a, nil
}

// check that it names a file.
func (f *AccountsFile) check() error {
	if f.Number == 0 || len(f.Sha256) != sha256.Size {
		return fmt.Errorf("%d accounts and a SHA-256 of %d bytes, want some and %d", f.Number, len(f.Sha256), sha256.Size)
	}
	return nil
}
