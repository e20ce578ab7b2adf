package edge

import (
	"regexp"
	"slices"
	"sync"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

// routes is the routing table that the edge goes by.
type routes struct {
	mu    sync.RWMutex
	table trie.Table
	// version counts the tables that were adopted; shards' tables carry none.
	version uint64
}

func (r *routes) now() (trie.Table, uint64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.table, r.version
}

// adopt a table that Check accepts, if it is another one.
func (r *routes) adopt(t trie.Table) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Equal(r.table, t) {
		return false
	}
	r.table = t
	r.version++
	return true
}

// chosen of the tables that shards have: the one that most of them have. Where two are had by as many, the one that the edge goes by stays, or else the finer one: a split makes tables finer.
func chosen(now trie.Table, heard []trie.Table) trie.Table {
	best, votes := now, 0
	for _, t := range heard {
		n := 0
		for _, other := range heard {
			if slices.Equal(t, other) {
				n++
			}
		}
		switch {
		case n > votes, n == votes && slices.Equal(t, now), n == votes && !slices.Equal(best, now) && len(t) > len(best):
			best, votes = t, n
		}
	}
	return best
}

// refusal of a shard that does not hold an account (trie.Elsewhere).
var refusal = regexp.MustCompile(`account (top1[0-9a-z]{38}) belongs to shard ([A-Za-z0-9._-]{1,50})`)

// elsewhere is the shard that a refusal names for this account. Others' accounts are no reason to ask elsewhere: a transfer goes where its sender is.
func elsewhere(text string, a lattice.Address) (string, bool) {
	for _, m := range refusal.FindAllStringSubmatch(text, 4) {
		if m[1] == sendtx.Bech32(a) {
			return m[2], true
		}
	}
	return "", false
}
