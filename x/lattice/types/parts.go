package types

import (
	"fmt"
	"strings"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
)

// PartMark ends an inbox's name before the bits of a part of the shard's accounts: `source>parent@bits` is how far these accounts have taken what the others still have to take. Names of ledgers have none.
const PartMark = "@"

// PartName of an inbox, for the accounts of a prefix.
func PartName(inbox string, p lattice.Prefix) string { return inbox + PartMark + trie.Bits(p) }

// CutPart of an inbox's name; false where it is of all accounts.
func CutPart(name string) (inbox string, p lattice.Prefix, part bool, err error) {
	inbox, bits, part := strings.Cut(name, PartMark)
	if !part {
		return inbox, p, false, nil
	}
	if p, err = trie.ParseBits(bits); err == nil && !strings.Contains(inbox, ">") {
		err = fmt.Errorf("only of what was addressed to parents accounts are ahead of others")
	}
	if err != nil {
		return inbox, p, true, fmt.Errorf("inbox %q: %w", name, err)
	}
	return inbox, p, true, nil
}
