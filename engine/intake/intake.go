// Package intake reads transfers and verifies their signatures: in batches, on all processors, each once per node, for what was verified is remembered by its hash. Whether a transaction is good does not depend
// on what is remembered.
package intake

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/crypto/secp256k1"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// ErrSignature tells that a signature was not made with the key that the transaction names, or not for this chain.
var ErrSignature = errors.New("signature verification failed")

const (
	// keysKept in expanded form.
	keysKept = 65_536
	// piece of a batch that one processor verifies; beyond this, a signature in a larger batch is hardly cheaper.
	piece = 512
)

// zip215 says which signatures are good such that one alone and one in a batch never differ (ZIP 215).
var zip215 = &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215}

// Intake of one network's transactions. For use by many goroutines.
type Intake struct {
	// signed is what wallets sign beside the transaction; it is known for certain once the chain has its genesis.
	signed atomic.Pointer[signed]
	keys   *keys
	known  *known
}

// signed with every transaction.
type signed struct {
	chainID string
	account uint64
	// wrong is what is said of a transaction that was signed for something else.
	wrong error
}

// New intake for the chain id that wallets sign, which remembers so many transactions.
func New(chainID string, remember int) *Intake {
	in := &Intake{keys: newKeys(), known: newKnown(remember)}
	in.Serve(chainID, 0)
	return in
}

// Serve a chain id and an account number from now on: what was verified for others is forgotten.
func (in *Intake) Serve(chainID string, account uint64) {
	in.known.clear()
	in.signed.Store(&signed{chainID, account, fmt.Errorf("%w; sign for chain id %s and account number %d", ErrSignature, chainID, account)})
}

// Read transactions: for each, what it says, or why it is refused.
func (in *Intake) Read(raws [][]byte) ([]*sendtx.Tx, []error) {
	txs, errs := make([]*sendtx.Tx, len(raws)), make([]error, len(raws))
	inPieces(len(raws), func(from, to int) {
		var unverified []int
		for i := from; i < to; i++ {
			if txs[i] = in.known.get(sendtx.Hash(raws[i])); txs[i] != nil {
				continue
			}
			tx, err := sendtx.Decode(raws[i])
			if err != nil {
				errs[i] = err
				continue
			}
			txs[i] = &tx
			unverified = append(unverified, i)
		}
		in.verify(txs, unverified, errs)
	})
	return txs, errs
}

// Verify transactions that were decoded: nil for those that are good.
func (in *Intake) Verify(txs []*sendtx.Tx) []error {
	errs := make([]error, len(txs))
	inPieces(len(txs), func(from, to int) {
		var unverified []int
		for i := from; i < to; i++ {
			if in.known.get(txs[i].Hash) == nil {
				unverified = append(unverified, i)
			}
		}
		in.verify(txs, unverified, errs)
	})
	return errs
}

// inPieces works on 0 … n−1 on all processors.
func inPieces(n int, work func(from, to int)) {
	pieces := (n + piece - 1) / piece
	if pieces <= 1 {
		work(0, n)
		return
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(pieces, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < pieces; i = int(next.Add(1)) - 1 {
				work(i*piece, min((i+1)*piece, n))
			}
		})
	}
	workers.Wait()
}

// verify some of the transactions and remember those that are good.
func (in *Intake) verify(txs []*sendtx.Tx, which []int, errs []error) {
	for _, i := range in.wrong(txs, which) {
		errs[i] = in.signed.Load().wrong
	}
	for _, i := range which {
		if errs[i] == nil {
			in.known.add(txs[i])
		}
	}
}

// wrong signatures among transactions.
func (in *Intake) wrong(txs []*sendtx.Tx, which []int) (wrong []int) {
	var batched []int
	batch := ed25519.NewBatchVerifierWithCapacity(len(which))
	with := in.signed.Load()
	for _, i := range which {
		tx := txs[i]
		signed := tx.SignBytes(with.chainID, with.account)
		if tx.Key.Kind == lattice.Secp256k1 {
			hash := sha256.Sum256(signed)
			if !secp256k1.VerifySignature(tx.Key.Bytes(), hash[:], tx.Signature[:]) {
				wrong = append(wrong, i)
			}
			continue
		}
		if expanded := in.keys.find(tx.Key.Bytes()); expanded != nil {
			batch.AddExpandedWithOptions(expanded, signed, tx.Signature[:], zip215)
		} else {
			batch.AddWithOptions(tx.Key.Bytes(), signed, tx.Signature[:], zip215)
		}
		batched = append(batched, i)
	}
	if len(batched) == 0 {
		return wrong
	}
	if all, good := batch.Verify(nil); !all {
		for j, i := range batched {
			if !good[j] {
				wrong = append(wrong, i)
			}
		}
	}
	return wrong
}

// known transactions, in two generations: when the younger one is full, the older one is forgotten.
type known struct {
	mu         sync.RWMutex
	limit      int
	young, old map[lattice.Hash]*sendtx.Tx
}

func newKnown(limit int) *known {
	return &known{limit: max(1, limit/2), young: map[lattice.Hash]*sendtx.Tx{}}
}

func (k *known) get(h lattice.Hash) *sendtx.Tx {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if tx := k.young[h]; tx != nil {
		return tx
	}
	return k.old[h]
}

func (k *known) clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.young, k.old = map[lattice.Hash]*sendtx.Tx{}, nil
}

func (k *known) add(tx *sendtx.Tx) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.young) >= k.limit {
		k.old, k.young = k.young, make(map[lattice.Hash]*sendtx.Tx, k.limit)
	}
	k.young[tx.Hash] = tx
}
