package blockspace

import (
	"cmp"
	"context"
	"slices"
	"sync"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/mempool"
)

// maxWaiting transactions of an account that begin with claims, proofs or relays: whoever makes these sends the next when the last is in a block.
const maxWaiting = 8

// Pool orders the transactions that wait in CometBFT's mempool for a proposal of this node: classes by their shares, within one round after round with one transaction of
// each account, the account first that waits longest. So an account with many transactions delays another by one. It is a node's own affair, not consensus.
type Pool struct {
	ledger Ledger
	size   int

	mu     sync.Mutex
	queues map[string]*queue
	count  int
	turn   uint64
}

// queue holds an account's transactions by sequence. turn rises whenever one of them has left.
type queue struct {
	txs  []waiting
	turn uint64
}

type waiting struct {
	tx       sdk.Tx
	sequence uint64
	class    class
}

var _ mempool.Mempool = (*Pool)(nil)

// NewPool for as many transactions as CometBFT's mempool holds.
func NewPool(ledger Ledger, size int) *Pool {
	return &Pool{ledger: ledger, size: size, queues: map[string]*queue{}}
}

// room for a class: half of the pool for everything, three quarters for relays, all of it for proofs.
func (p *Pool) room(c class) int { return p.size * (blockParts - int(c)) / blockParts }

// Insert takes a transaction that passed CheckTx, unless there is no room for its class.
func (p *Pool) Insert(ctx context.Context, tx sdk.Tx) error {
	account, sequence, err := sender(tx)
	if err != nil {
		return err
	}
	c, err := classOf(ctx, p.ledger, tx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[account]
	if q != nil && c != ordinary && len(q.txs) >= maxWaiting {
		return errorsmod.Wrapf(sdkerrors.ErrMempoolIsFull, "%d transactions of this account wait: try again when one is in a block", len(q.txs))
	}
	if p.count >= p.room(c) {
		return errorsmod.Wrapf(sdkerrors.ErrMempoolIsFull, "%d transactions wait, the rest of %d is kept for proofs: try again in a later block", p.count, p.size)
	}
	if q == nil {
		p.turn++
		q = &queue{turn: p.turn}
		p.queues[account] = q
	}
	w := waiting{tx, sequence, c}
	i, known := q.find(sequence)
	if known {
		q.txs[i] = w
		return nil
	}
	q.txs = slices.Insert(q.txs, i, w)
	p.count++
	return nil
}

// Remove a transaction that is in a block or not valid any more. The account's next one waits for its turn.
func (p *Pool) Remove(tx sdk.Tx) error {
	account, sequence, err := sender(tx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[account]
	if q == nil {
		return mempool.ErrTxNotFound
	}
	i, known := q.find(sequence)
	if !known {
		return mempool.ErrTxNotFound
	}
	q.txs = slices.Delete(q.txs, i, i+1)
	p.count--
	p.turn++
	q.turn = p.turn
	if len(q.txs) == 0 {
		delete(p.queues, account)
	}
	return nil
}

// CountTx answers how many wait.
func (p *Pool) CountTx() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Select lists all that wait in the order in which they are to be proposed. An account's transactions keep their order: sequences rise.
func (p *Pool) Select(context.Context, [][]byte) mempool.Iterator {
	p.mu.Lock()
	h := newHeads(p.queues)
	txs := make([]sdk.Tx, 0, p.count)
	for len(txs) < p.count {
		txs = append(txs, h.next(shares[len(txs)%len(shares)]))
	}
	p.mu.Unlock()
	return list(txs).Next()
}

func (q *queue) find(sequence uint64) (int, bool) {
	return slices.BinarySearchFunc(q.txs, sequence, func(w waiting, s uint64) int { return cmp.Compare(w.sequence, s) })
}

// sender of a transaction, whose sequence orders it: its first signer.
func sender(tx sdk.Tx) (string, uint64, error) {
	signers, err := mempool.NewDefaultSignerExtractionAdapter().GetSigners(tx)
	if err != nil {
		return "", 0, err
	}
	if len(signers) == 0 {
		return "", 0, errorsmod.Wrap(sdkerrors.ErrNoSignatures, "a transaction without a signer")
	}
	return string(signers[0].Signer), signers[0].Sequence, nil
}

// iterator over what is left of a list; nil at its end.
type iterator []sdk.Tx

func list(txs []sdk.Tx) iterator { return append([]sdk.Tx{nil}, txs...) }

// Next answers the rest.
func (it iterator) Next() mempool.Iterator {
	if len(it) <= 1 {
		return nil
	}
	return it[1:]
}

// Tx is the first.
func (it iterator) Tx() sdk.Tx { return it[0] }
