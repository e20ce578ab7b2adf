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
	latticekeeper "github.com/topnetwork/top/x/lattice/keeper"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// maxCarried transactions of a block.
	maxCarried = 64
	// waitingCarried transactions at most, of so many bytes, an eighth of them of one ledger: a captured one can prove a great many. keepCarried is for how many blocks they wait.
	waitingCarried      = 1024
	waitingCarriedBytes = 64 << 20
	ledgersShare        = 8
	keepCarried         = 100
)

// errRoom: the block brings as much already as may leave it again.
var errRoom = errors.New("the block has no room for it; the next one may have")

// carriedPool keeps carried transactions until a block has them, in the order in which they came. For use by many goroutines.
type carriedPool struct {
	mu      sync.Mutex
	waiting []*carried
	// known are those that wait, by their subjects.
	known map[lattice.Hash]bool
	bytes int
	// fresh ones, which peers have not been told of.
	fresh []mempool.Bundle
}

// carried transaction that waits.
type carried struct {
	raw           []byte
	hash, subject lattice.Hash
	// ledger that says it.
	ledger string
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

// executeCarried transaction on a block's state, which it changes only where all is in order, and where the block has room for what it brings.
func (a *App) executeCarried(ctx sdk.Context, tx *latticetypes.Carried, room *receipt.Room) ([]lattice.Arrival, error) {
	branch, write := ctx.CacheContext()
	arrivals, err := a.Lattice.Execute(branch, tx)
	if err != nil {
		return nil, err
	}
	if !room.Take(arrivals) {
		return nil, errRoom
	}
	write()
	return arrivals, nil
}

// executeRaw is the same of bytes.
func (a *App) executeRaw(ctx sdk.Context, raw []byte, room *receipt.Room) ([]lattice.Arrival, error) {
	tx, err := latticetypes.DecodeCarried(raw)
	if err != nil {
		return nil, err
	}
	return a.executeCarried(ctx, tx, room)
}

// OfferCarried transaction of a peer, or of a router where there is none: what proves itself against the state of the last block waits, and so does what proves itself and only comes before its time.
func (a *App) OfferCarried(raw []byte, peer string) error {
	tx, err := latticetypes.DecodeCarried(raw)
	if err != nil {
		return err
	}
	c := &carried{raw: raw, hash: sendtx.Hash(raw)}
	var subject [lattice.HashSize]byte
	if c.ledger, subject, err = tx.Subject(); err != nil {
		return err
	}
	c.subject = subject
	if err := a.carried.room(c); err != nil {
		return err
	}
	ctx, err := a.CreateQueryContext(0, false)
	if err != nil {
		return mempool.ErrStarting
	}
	ctx = ctx.WithChainID(a.ChainID())
	room := receipt.NewRoom()
	if _, err := a.executeCarried(ctx, tx, &room); err != nil && !a.Lattice.MayWait(ctx, tx, err) {
		return err
	}
	return a.carried.add(c, peer)
}

// room tells whether a transaction can wait.
func (p *carriedPool) room(c *carried) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hasRoom(c)
}

func (p *carriedPool) hasRoom(c *carried) error {
	if p.known[c.subject] {
		return mempool.ErrSeen
	}
	number, bytes := 0, 0
	for _, other := range p.waiting {
		if other.ledger == c.ledger {
			number, bytes = number+1, bytes+len(other.raw)
		}
	}
	size := len(c.raw)
	if len(p.waiting) >= waitingCarried || p.bytes+size > waitingCarriedBytes || number >= waitingCarried/ledgersShare || bytes+size > waitingCarriedBytes/ledgersShare {
		return fmt.Errorf("%w: %d carried transactions of %d bytes wait, %d of %d bytes are of the same ledger; try again", mempool.ErrFull, len(p.waiting), p.bytes, number, bytes)
	}
	return nil
}

func (p *carriedPool) add(c *carried, peer string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.hasRoom(c); err != nil {
		return err
	}
	if p.known == nil {
		p.known = map[lattice.Hash]bool{}
	}
	p.known[c.subject] = true
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

// build what a block can have of what waits, on the state that it will find: half of the block's bytes, or one transaction that is larger. Batches that came in another order than their source made them are tried again, as long as that helps.
func (p *carriedPool) build(a *App, ctx sdk.Context, maxBytes int64, room *receipt.Room) (txs [][]byte, size int64) {
	waiting := p.snapshot()
	var gone []*carried
	for again := true; again && len(waiting) > 0; {
		again = false
		var later []*carried
		for _, c := range waiting {
			need := int64(len(c.raw)) + 5
			if len(txs) >= maxCarried || need > maxBytes || size+need > maxBytes/2 && size > 0 {
				continue
			}
			_, err := a.executeRaw(ctx, c.raw, room)
			switch {
			case errors.Is(err, receipt.ErrGap):
				later = append(later, c)
			case err == nil:
				txs, size, again = append(txs, c.raw), size+need, true
			case !errors.Is(err, errRoom) && !latticekeeper.Waits(err):
				gone = append(gone, c)
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
	if p.known[c.subject] {
		delete(p.known, c.subject)
		p.bytes -= len(c.raw)
	}
}

func (p *carriedPool) compact() {
	kept := p.waiting[:0]
	for _, c := range p.waiting {
		if p.known[c.subject] {
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
