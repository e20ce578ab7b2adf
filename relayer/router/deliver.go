package router

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/topnetwork/top/protocol/receipt"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// proofsAtOnce that a node is asked for.
const proofsAtOnce = 4

// deliver batches that wait at the source and that the destination has not taken. The next ones are handed over before those in flight are in a block.
func (l *lane) deliver(ctx context.Context, from, to view) error {
	sent := from.ledger(l.destination).Outbox.Sent.Height
	known := to.ledger(l.inbox())
	after := l.landed(known.Inbox.Taken.Height, time.Now())
	l.metrics.waits(l.from.Name(), l.destination, l.taken, from.ledger(l.destination).Outbox)
	room, bytes := l.room()
	if sent <= after || room == 0 {
		return nil
	}
	if to.ledgers.FinalHeight > 0 {
		return nil // its children take what is addressed to it
	}
	height := from.provable(to.ledger(l.from.Name()).Standing)
	header, err := l.from.header(ctx, from, height)
	if err != nil {
		return err
	}
	batches, err := l.from.Batches(ctx, l.destination, after)
	if err != nil {
		return err
	}
	// The newest ones are proven by the next header.
	for i, b := range batches {
		if bytes += len(b.Batch); b.Height >= uint64(header.Header.Height) || i >= room || bytes > maxBytes && i > 0 {
			batches = batches[:i]
			break
		}
	}
	deliveries, err := l.prove(ctx, batches, header)
	if err != nil {
		return err
	}
	for i, raw := range deliveries {
		on, err := l.offer(ctx, l.to, "deliver", raw)
		if !on {
			return err
		}
		l.flying = append(l.flying, flight{batches[i].Height, len(raw)})
	}
	return nil
}

// prove batches by one header, and make them ready to be handed over.
func (l *lane) prove(ctx context.Context, batches []latticetypes.Batch, header *cmtproto.SignedHeader) ([][]byte, error) {
	out := make([][]byte, len(batches))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(proofsAtOnce)
	for i, b := range batches {
		group.Go(func() error {
			value, ops, err := l.from.Prove(ctx, b.Key, header)
			if err != nil {
				return fmt.Errorf("batch of height %d: %w", b.Height, err)
			}
			// A shard's state has a batch's hash, its node the batch.
			if hash := receipt.Hash(b.Batch); !bytes.Equal(value, hash[:]) {
				l.from.Rotate()
				return fmt.Errorf("batch of height %d: %s has another one in its state than its node says", b.Height, l.from.Name())
			}
			out[i], err = encode(latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: b.Batch, Proof: &latticetypes.Proof{Header: header, Ops: ops}}}})
			return err
		})
	}
	return out, group.Wait()
}
