package mempool

import "slices"

// Bundle of transactions that came the same way.
type Bundle struct {
	// Peer who brought them; none for those of clients.
	Peer         string
	Transactions [][]byte
}

// tell peers of a transaction, when they are next told something. Where nobody reaps, what is gone makes room.
func (p *Pool) tell(it *item) {
	if len(p.fresh) >= 2*p.cfg.Transactions {
		p.fresh = slices.DeleteFunc(p.fresh, func(it *item) bool { return it.gone })
	}
	p.fresh = append(p.fresh, it)
}

// Reap what peers have not been told of and what still waits, each transaction once: in bundles of so many bytes at most, by who brought them, each in the order in which they came.
func (p *Pool) Reap(maxBytes int) (out []Bundle) {
	p.mu.Lock()
	defer p.mu.Unlock()
	type bundle struct{ at, size int }
	filling := map[string]bundle{}
	for _, it := range p.fresh {
		if it.gone {
			continue
		}
		b, ok := filling[it.peer]
		if !ok || b.size+len(it.raw) > maxBytes {
			b = bundle{at: len(out)}
			out = append(out, Bundle{Peer: it.peer})
		}
		b.size += len(it.raw)
		filling[it.peer] = b
		out[b.at].Transactions = append(out[b.at].Transactions, it.raw)
	}
	p.fresh = nil
	return out
}
