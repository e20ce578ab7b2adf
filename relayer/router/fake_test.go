package router

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// blockTime of the shards in these tests.
const blockTime = 200 * time.Millisecond

// ledger is a shard in memory, by the rules of protocol/receipt: it takes a batch only if another one's state has it at the height that the proof names.
type ledger struct {
	name string
	// others of the network, by name.
	others map[string]*ledger
	// shuffle what waits for a block.
	shuffle *rand.Rand

	mu     sync.Mutex
	height uint64
	boxes  map[string]*outbox
	inbox  map[string]receipt.Cursor
	// credited coins by the transaction that brought them: each once.
	credited map[lattice.Hash]uint64
	pool     [][]byte
	told     []func()
	// refused transactions in blocks, which somebody else was faster with.
	late int
}

type outbox struct {
	receipt.Outbox
	batches []latticetypes.Batch
	total   uint64
}

func newLedger(name string) *ledger {
	return &ledger{name: name, height: 1, boxes: map[string]*outbox{}, inbox: map[string]receipt.Cursor{}, credited: map[lattice.Hash]uint64{}}
}

// newLedgers that know each other.
func newLedgers(names ...string) map[string]*ledger {
	all := map[string]*ledger{}
	for _, name := range names {
		all[name] = newLedger(name)
		all[name].others = all
	}
	return all
}

// run makes blocks until ctx ends.
func (l *ledger) run(ctx context.Context) {
	for sleep(ctx, blockTime) {
		l.block()
	}
}

// block executes what waits, in whatever order makes sense.
func (l *ledger) block() {
	l.mu.Lock()
	l.height++
	waiting := l.pool
	l.pool = nil
	if l.shuffle != nil {
		l.shuffle.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	}
	for again := true; again; {
		again = false
		var later [][]byte
		for _, raw := range waiting {
			switch err := l.execute(raw, true); {
			case err == nil:
				again = true
			case errors.Is(err, receipt.ErrGap):
				later = append(later, raw)
			default:
				l.late++
			}
		}
		waiting = later
	}
	l.pool = append(l.pool, waiting...)
	told := slices.Clone(l.told)
	l.mu.Unlock()
	for _, tell := range told {
		tell()
	}
}

// send receipts to another shard, in the next block.
func (l *ledger) send(to string, n int, amount uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.height++
	box := l.box(to)
	var receipts []receipt.Receipt
	for i := range n {
		hash := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(l.name+to), l.height<<16|uint64(i)))
		receipts = append(receipts, receipt.Receipt{Transaction: hash, Amount: lattice.Balance{Utop: amount}})
		box.total += amount
	}
	b := box.Send(l.name, to, l.height, receipts)
	key, err := latticetypes.BatchKey(to, b.Height)
	if err != nil {
		panic(err)
	}
	box.batches = append(box.batches, latticetypes.Batch{Height: b.Height, Batch: b.Encode(), Key: key})
}

func (l *ledger) box(to string) *outbox {
	if l.boxes[to] == nil {
		l.boxes[to] = &outbox{}
	}
	return l.boxes[to]
}

// execute a transaction; l.mu is held. Nothing changes if it is only tried.
func (l *ledger) execute(raw []byte, write bool) error {
	tx, err := latticetypes.DecodeCarried(raw)
	if err != nil {
		return err
	}
	switch c := tx.Content.(type) {
	case *latticetypes.Carried_Delivery:
		b, err := receipt.Decode(c.Delivery.Batch)
		if err != nil {
			return err
		}
		taken, err := l.inbox[b.Source].Take(&b)
		if err != nil {
			return err
		}
		hash := receipt.Hash(c.Delivery.Batch)
		if b.Destination != l.name || !l.others[b.Source].signed(c.Delivery.Proof.Header) || int64(b.Height) >= c.Delivery.Proof.Header.Header.Height || string(c.Delivery.Proof.Ops.Ops[0].Data) != string(hash[:]) {
			return errors.New("not proven")
		}
		if !write {
			return nil
		}
		l.inbox[b.Source] = taken
		for _, r := range b.Receipts {
			l.credited[r.Transaction] += r.Amount.Utop
		}
	case *latticetypes.Carried_Confirmation:
		taken, err := c.Confirmation.Inbox.Taken.Receipt()
		if err != nil {
			return err
		}
		box := l.box(c.Confirmation.Destination)
		if taken.Height <= box.Confirmed.Height {
			return fmt.Errorf("%w: confirmed up to %d", receipt.ErrReplay, box.Confirmed.Height)
		}
		if !l.others[c.Confirmation.Destination].signed(c.Confirmation.Proof.Header) {
			return errors.New("not proven")
		}
		if !write {
			return nil
		}
		box.Confirmed = taken
		box.batches = slices.DeleteFunc(box.batches, func(b latticetypes.Batch) bool { return b.Height <= taken.Height })
		box.Waiting = uint64(len(box.batches))
	default:
		return errors.New("of no known kind")
	}
	return nil
}

// signed tells whether a header is this chain's.
func (l *ledger) signed(h *cmtproto.SignedHeader) bool {
	return h.Header.ChainID == l.name && string(h.Header.AppHash) == string(l.appHash(h.Header.Height))
}

func (l *ledger) appHash(height int64) []byte { return fmt.Appendf(nil, "%s/%d", l.name, height) }

// Name implements Shard.
func (l *ledger) Name() string { return l.name }

// Rotate implements Shard.
func (l *ledger) Rotate() {}

// Ledgers implements Shard.
func (l *ledger) Ledgers(context.Context) (*latticetypes.QueryLedgersResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	res := &latticetypes.QueryLedgersResponse{Height: l.height}
	for _, name := range sortedNames(l.others) {
		if name == l.name {
			continue
		}
		box := l.box(name)
		res.Ledgers = append(res.Ledgers, latticetypes.Ledger{
			Name:   name,
			Outbox: latticetypes.Outbox{Sent: latticetypes.CursorOf(box.Sent), Confirmed: latticetypes.CursorOf(box.Confirmed), Waiting: box.Waiting, Total: sdk.NewCoins(sdk.NewInt64Coin("utop", int64(box.total)))},
			Inbox:  latticetypes.Inbox{Taken: latticetypes.CursorOf(l.inbox[name])},
		})
	}
	return res, nil
}

// Header implements Shard.
func (l *ledger) Header(_ context.Context, height int64) (*cmtproto.SignedHeader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if height == 0 {
		height = int64(l.height)
	}
	return &cmtproto.SignedHeader{Header: &cmtproto.Header{ChainID: l.name, Height: height, AppHash: l.appHash(height)}, Commit: &cmtproto.Commit{Height: height}}, nil
}

// Batches implements Shard.
func (l *ledger) Batches(_ context.Context, destination string, after uint64) (list []latticetypes.Batch, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.box(destination).batches {
		if b.Height > after {
			list = append(list, b)
		}
	}
	return list, nil
}

// Prove implements Shard: the value stands in the place of its proof.
func (l *ledger) Prove(_ context.Context, key []byte, by *cmtproto.SignedHeader) ([]byte, *cmtcrypto.ProofOps, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var value []byte
	for _, box := range l.boxes {
		for _, b := range box.batches {
			if string(b.Key) == string(key) && int64(b.Height) < by.Header.Height {
				hash := receipt.Hash(b.Batch)
				value = hash[:]
			}
		}
	}
	for source, taken := range l.inbox {
		k, err := latticetypes.InboxKey(source)
		if err != nil {
			return nil, nil, err
		}
		if string(k) == string(key) {
			if value, err = (&latticetypes.Inbox{Taken: latticetypes.CursorOf(taken)}).Marshal(); err != nil {
				return nil, nil, err
			}
		}
	}
	return value, &cmtcrypto.ProofOps{Ops: []cmtcrypto.ProofOp{{Data: value}}}, nil
}

// Submit implements Shard.
func (l *ledger) Submit(_ context.Context, raw []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, waiting := range l.pool {
		if string(waiting) == string(raw) {
			return &Refusal{Shard: l.name, Code: codeSeen, Log: "waits already"}
		}
	}
	if err := l.execute(raw, false); err != nil && !errors.Is(err, receipt.ErrGap) {
		return &Refusal{Shard: l.name, Code: 1, Log: err.Error()}
	}
	l.pool = append(l.pool, raw)
	return nil
}

// Params implements Shard.
func (l *ledger) Params(context.Context) (*latticetypes.QueryParamsResponse, error) {
	return &latticetypes.QueryParamsResponse{}, nil
}

// Head implements Shard.
func (l *ledger) Head(context.Context) (*latticetypes.QueryHeadResponse, error) {
	return &latticetypes.QueryHeadResponse{}, nil
}

// Light implements Shard.
func (l *ledger) Light(context.Context) (lighttypes.Header, error) {
	return lighttypes.Header{}, errNoMainChain
}

// Delivered implements Shard; nobody restarts these.
func (l *ledger) Delivered(context.Context, int64) ([]*latticetypes.Delivery, error) { return nil, nil }

// Evidence implements Shard.
func (l *ledger) Evidence(context.Context, int64, int64) ([]*cmttypes.DuplicateVoteEvidence, error) {
	return nil, nil
}

// Follow implements Shard.
func (l *ledger) Follow(ctx context.Context, tell func()) {
	l.mu.Lock()
	l.told = append(l.told, tell)
	l.mu.Unlock()
	<-ctx.Done()
}
