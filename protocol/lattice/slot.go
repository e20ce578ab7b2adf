package lattice

import "github.com/topnetwork/top/protocol/quota"

// slot of a bucket: 136 bytes without a pointer. There are a million of them, at which a garbage collector need not look; coins of other denominations, which few accounts hold, are beside them.
type slot struct {
	address  Address
	key      Key
	used     bool
	sequence uint64
	units    uint64
	height   uint64
	head     Hash
	utop     uint64
	mana     quota.Mana
}

// record of a slot; false where it is empty.
func (b *bucket) record(i int) (Record, bool) {
	s := &b.slots[i]
	return Record{Address: s.address, Key: s.key, Sequence: s.sequence, Units: s.units, Height: s.height, Head: s.head, Balance: Balance{Utop: s.utop, Coins: b.coins[uint32(i)]}, Mana: s.mana}, s.used
}

// hold a record in a slot.
func (b *bucket) hold(i int, r *Record) {
	b.slots[i] = slot{address: r.Address, key: r.Key, used: true, sequence: r.Sequence, units: r.Units, height: r.Height, head: r.Head, utop: r.Utop, mana: r.Mana}
	switch {
	case len(r.Coins) == 0:
		delete(b.coins, uint32(i))
	case b.coins == nil:
		b.coins = map[uint32][]Coin{uint32(i): r.Coins}
	default:
		b.coins[uint32(i)] = r.Coins
	}
}

// clear a slot.
func (b *bucket) clear(i int) {
	b.slots[i] = slot{}
	delete(b.coins, uint32(i))
}
