package mempool

import "github.com/topnetwork/top/protocol/lattice"

// reasonsKept at least: why the last transactions were dropped.
const reasonsKept = 4096

// reasons why transactions were dropped, in two generations: when the younger one is full, the older one is forgotten.
type reasons struct{ young, old map[lattice.Hash]error }

func newReasons() *reasons { return &reasons{young: map[lattice.Hash]error{}} }

func (r *reasons) add(hash lattice.Hash, why error) {
	if len(r.young) >= reasonsKept {
		r.young, r.old = map[lattice.Hash]error{}, r.young
	}
	r.young[hash] = why
}

func (r *reasons) of(hash lattice.Hash) error {
	if why := r.young[hash]; why != nil {
		return why
	}
	return r.old[hash]
}
