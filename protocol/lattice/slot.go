package lattice

import "github.com/topnetwork/top/protocol/quota"

// slot of a bucket, for one account: 200 bytes without a pointer. Coins of other denominations, which few accounts hold, are beside it (Accounts.coins).
type slot struct {
	address  Address
	key      Key
	used     bool
	hasCoins bool
	sequence uint64
	units    uint64
	height   uint64
	head     Hash
	utop     uint64
	mana     quota.Mana
	// leaf of the slot in its bucket's tree, and one of the tree's inner nodes (bucket.node).
	leaf, inner Hash
}

// record of a slot that is used.
func (s *Accounts) record(from *slot) Record {
	r := Record{Address: from.address, Key: from.key, Sequence: from.sequence, Units: from.units, Height: from.height, Head: from.head, Balance: Balance{Utop: from.utop}, Mana: from.mana}
	if from.hasCoins {
		r.Coins = s.coins[from.address]
	}
	return r
}

// hold a record in a slot; the tree is the caller's.
func (s *Accounts) hold(to *slot, r *Record) {
	s.empty(to)
	to.address, to.key, to.used, to.hasCoins = r.Address, r.Key, true, len(r.Coins) > 0
	to.sequence, to.units, to.height, to.head, to.utop, to.mana = r.Sequence, r.Units, r.Height, r.Head, r.Utop, r.Mana
	if to.hasCoins {
		s.coins[r.Address] = r.Coins
	}
}

// empty a slot; the tree is the caller's.
func (s *Accounts) empty(of *slot) {
	if of.hasCoins {
		delete(s.coins, of.address)
	}
	*of = slot{leaf: of.leaf, inner: of.inner}
}
