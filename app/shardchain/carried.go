package shardchain

import (
	"errors"
	"fmt"
	"sync"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// maxCarried transactions of a block, and arrivals that they bring together: a batch has no more receipts than a block has transfers, and those that come back.
	maxCarried  = 64
	maxArrivals = receipt.MaxReceipts
	// waitingCarried transactions at most, of so many bytes; keepCarried is for how many blocks they wait.
	waitingCarried      = 1024
	waitingCarriedBytes = 64 << 20
	keepCarried         = 100
)

// carriedPool keeps carried transactions until a block has them, in the order in which they came. For use by many goroutines.
type carriedPool struct {
	mu      sync.Mutex
	waiting []*carried
	known   map[lattice.Hash]bool
	bytes   int
	// fresh ones, which peers have not been told of.
	fresh []mempool.Bundle
}

// carried transaction that waits.
type carried struct {
	raw  []byte
	hash lattice.Hash
	// age in blocks.
	age int
}

// carriedFirst is how many transactions of a block are carried ones: they come before all transfers.
func carriedFirst(raws [][]byte) int {
	for i, raw := range raws {
		if !latticetypes.IsCarried(raw) {
			return i
		}
	}
	return len(raws)
}

// executeCarried transaction on a block's state, which it changes only where all is in order.
func (a *App) executeCarried(ctx sdk.Context, raw []byte) ([]lattice.Arrival, error) {
	tx, err := latticetypes.DecodeCarried(raw)
	if err != nil {
		return nil, err
	}
	branch, write := ctx.CacheContext()
	arrivals, err := a.Lattice.Execute(branch, tx)
	if err != nil {
		return nil, err
	}
	write()
	return arrivals, nil
}

// OfferCarried transaction of a peer, or of a router where there is none: what proves itself against the state of the last block waits, and so does what only comes before its time.
func (a *App) OfferCarried(raw []byte, peer string) error {
	hash := lattice.Hash(sendtx.Hash(raw))
	if err := a.carried.room(hash, len(raw)); err != nil {
		return err
	}
	ctx, err := a.CreateQueryContext(0, false)
	if err != nil {
		return mempool.ErrStarting
	}
	if _, err := a.executeCarried(ctx.WithChainID(a.ChainID()), raw); err != nil && !errors.Is(err, receipt.ErrGap) {
		return err
	}
	return a.carried.add(&carried{raw: raw, hash: hash}, peer)
}

// room tells whether a transaction can wait.
func (p *carriedPool) room(hash lattice.Hash, size int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.known[hash]:
		return mempool.ErrSeen
	case len(p.waiting) >= waitingCarried || p.bytes+size > waitingCarriedBytes:
		return fmt.Errorf("%w: %d carried transactions of %d bytes wait; try again", mempool.ErrFull, len(p.waiting), p.bytes)
	}
	return nil
}

func (p *carriedPool) add(c *carried, peer string) error {
	if err := p.room(c.hash, len(c.raw)); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[lattice.Hash]bool{}
	}
	p.known[c.hash] = true
	p.waiting, p.bytes = append(p.waiting, c), p.bytes+len(c.raw)
	p.fresh = append(p.fresh, mempool.Bundle{Peer: peer, Transactions: [][]byte{c.raw}})
	return nil
}

// snapshot of what waits.
func (p *carriedPool) snapshot() []*carried {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*carried(nil), p.waiting...)
}

// build what a block can have of what waits, on the state that it will find. Batches that came in another order than their source made them are tried again, as long as that helps.
func (p *carriedPool) build(a *App, ctx sdk.Context, maxBytes int64) (txs [][]byte, size int64) {
	waiting, arrivals := p.snapshot(), 0
	var gone []*carried
	for again := true; again && len(waiting) > 0; {
		again = false
		var later []*carried
		for _, c := range waiting {
			need := int64(len(c.raw)) + 5
			if len(txs) >= maxCarried || size+need > maxBytes && size > 0 {
				continue
			}
			branch, write := ctx.CacheContext()
			arrived, err := a.executeCarried(branch, c.raw)
			switch {
			case errors.Is(err, receipt.ErrGap):
				later = append(later, c)
			case err != nil:
				gone = append(gone, c)
			case arrivals+len(arrived) > maxArrivals:
			default:
				write()
				txs, size, arrivals, again = append(txs, c.raw), size+need, arrivals+len(arrived), true
			}
		}
		waiting = later
	}
	p.drop(gone)
	return txs, size
}

// drop what no block can take any more.
func (p *carriedPool) drop(gone []*carried) {
	if len(gone) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range gone {
		p.forget(c)
	}
	p.compact()
}

// committed is a block with these: they leave, and what waits too long.
func (p *carriedPool) committed(had []lattice.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, hash := range had {
		for _, c := range p.waiting {
			if c.hash == hash {
				p.forget(c)
			}
		}
	}
	for _, c := range p.waiting {
		if c.age++; c.age > keepCarried {
			p.forget(c)
		}
	}
	p.compact()
}

func (p *carriedPool) forget(c *carried) {
	if p.known[c.hash] {
		delete(p.known, c.hash)
		p.bytes -= len(c.raw)
	}
}

func (p *carriedPool) compact() {
	kept := p.waiting[:0]
	for _, c := range p.waiting {
		if p.known[c.hash] {
			kept = append(kept, c)
		}
	}
	clear(p.waiting[len(kept):])
	p.waiting = kept
}

// ReapCarried transactions, of which peers have not been told.
func (a *App) ReapCarried() []mempool.Bundle { return a.carried.reap() }

func (p *carriedPool) reap() []mempool.Bundle {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := p.fresh
	p.fresh = nil
	return fresh
}
