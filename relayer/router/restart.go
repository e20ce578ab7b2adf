package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/topnetwork/top/protocol/receipt"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const (
	// searchAhead is how many blocks of a ledger are looked through in one step.
	searchAhead = 200
	// searchAgain all of them after so long.
	searchAgain = 5 * time.Minute
)

// search through a ledger's blocks, from the newest one back, for batches that it has taken from a frozen shard.
type search struct {
	// next height to look at; 0 before the first.
	next int64
	// ended is when all blocks had been looked through.
	ended time.Time
	// found batches by their cursors.
	found map[receipt.Cursor][]byte
}

// settle brings a shard that was restarted what others have taken from the frozen one, the batches that it owes them, and those that nobody can take any more.
func (i *informer) settle(ctx context.Context, head lighttypes.Header, v view, n *network) error {
	var failed error
	for _, s := range v.ledgers.Settlements {
		if n.gate != nil && !s.HasHeard(i.main.ChainID()) {
			failed = errors.Join(failed, i.owedToMain(ctx, head, s.Parent))
		}
		for _, at := range i.others() {
			routed := slices.ContainsFunc(n.table.Routes, func(r zonestypes.Route) bool { return r.Name == at.Name() })
			if routed && at.Name() != i.to.Name() && !s.HasHeard(at.Name()) {
				failed = errors.Join(failed, i.owedTo(ctx, v, at, s.Parent))
			}
		}
		for _, d := range s.Due() {
			failed = errors.Join(failed, i.redebit(ctx, s.Parent, d, n))
		}
	}
	return failed
}

// lacksEnd tells whether the shard's client has no header yet by which the end of its frozen parent is proven.
func (i *informer) lacksEnd(head lighttypes.Header, v view, n *network) bool {
	for _, s := range v.ledgers.Settlements {
		if m := n.shards[s.Parent]; m != nil && !s.HasHeard(i.main.ChainID()) && m.record.since >= head.Height {
			return true
		}
	}
	return false
}

// rests tells whether something was handed over a moment ago, and otherwise that it is now.
func (i *informer) rests(what string) bool {
	if time.Since(i.offered[what]) < patience {
		return true
	}
	i.offered[what] = time.Now()
	return false
}

// owedTo another shard: how the frozen parent stands there, once that knows of its end.
func (i *informer) owedTo(ctx context.Context, v view, at *station, parent string) error {
	there := at.seen()
	if there.ledgers == nil {
		return nil
	}
	height := i.to.sure(v, at.Name(), there)
	if height == 0 || i.rests(fmt.Sprint("owed ", parent, at.Name(), height)) {
		return nil
	}
	header, err := at.header(ctx, there, height)
	if err != nil {
		return err
	}
	value, ops, err := at.Prove(ctx, latticetypes.StandingKey(parent), header)
	if err != nil || len(value) == 0 {
		return err
	}
	standing := &latticetypes.Standing{}
	if err := standing.Unmarshal(value); err != nil {
		return fmt.Errorf("standing of %s at %s: %w", parent, at.Name(), err)
	}
	if !standing.Ended && !standing.Closed {
		return nil
	}
	return i.tellOwed(ctx, &latticetypes.Owed{Ledger: at.Name(), Standing: standing, Proof: &latticetypes.Proof{Header: header, Ops: ops}})
}

// owedToMain chain: its inbox, and that it has let the frozen parent end.
func (i *informer) owedToMain(ctx context.Context, head lighttypes.Header, parent string) error {
	if i.rests(fmt.Sprint("owed ", parent, head.Height)) {
		return nil
	}
	record, recordOps, err := i.main.Prove(ctx, shardstypes.StoreKey, shardstypes.ShardKey(parent), head)
	if err != nil || len(record) == 0 {
		return err
	}
	var s shardstypes.Shard
	if err := s.Unmarshal(record); err != nil {
		return err
	}
	if s.Status != shardstypes.Status_STATUS_FROZEN && s.Status != shardstypes.Status_STATUS_RETIRED {
		return nil
	}
	key, err := latticetypes.InboxKey(parent)
	if err != nil {
		return err
	}
	value, ops, err := i.main.Prove(ctx, gatetypes.StoreKey, key, head)
	if err != nil {
		return err
	}
	o := &latticetypes.Owed{
		Ledger: i.main.ChainID(), Standing: &latticetypes.Standing{Ledger: parent}, Proof: &latticetypes.Proof{MainHeight: head.Height, Ops: ops},
		Record: &latticetypes.Fact{Height: head.Height, Store: shardstypes.StoreKey, Key: shardstypes.ShardKey(parent), Value: record, Ops: recordOps},
	}
	if len(value) > 0 {
		o.Inbox = &latticetypes.Inbox{}
		if err := o.Inbox.Unmarshal(value); err != nil {
			return err
		}
	}
	return i.tellOwed(ctx, o)
}

func (i *informer) tellOwed(ctx context.Context, o *latticetypes.Owed) error {
	raw, err := encode(latticetypes.Carried{Content: &latticetypes.Carried_Owed{Owed: o}})
	if err != nil {
		return err
	}
	_, err = i.offer(ctx, "owed", raw)
	return err
}

// redebit the batch that is owed or refunded next.
func (i *informer) redebit(ctx context.Context, parent string, d latticetypes.Taken, n *network) error {
	cursor, err := d.Cursor.Receipt()
	if err != nil || i.rests(fmt.Sprintf("redebit %s %s %x", parent, d.Destination, cursor.Hash)) {
		return err
	}
	batch, err := i.batch(ctx, parent, d.Destination, cursor, n)
	if err != nil {
		return err
	}
	if batch == nil {
		// It is looked for on.
		delete(i.offered, fmt.Sprintf("redebit %s %s %x", parent, d.Destination, cursor.Hash))
		return nil
	}
	raw, err := encode(latticetypes.Carried{Content: &latticetypes.Carried_Redebit{Redebit: &latticetypes.Redebit{Batch: batch}}})
	if err != nil {
		return err
	}
	_, err = i.offer(ctx, "redebit", raw)
	return err
}

// batch of a frozen shard by its cursor, from its own nodes or from the blocks of who has taken it; nil where it was not found yet.
func (i *informer) batch(ctx context.Context, parent, destination string, cursor receipt.Cursor, n *network) ([]byte, error) {
	for _, at := range i.others() {
		if at.Name() != parent {
			continue
		}
		// The frozen shard's own nodes may still have it; what they say is held against its hash.
		if batches, err := at.Batches(ctx, destination, cursor.Height-1); err == nil && len(batches) > 0 && receipt.Hash(batches[0].Batch) == cursor.Hash {
			return batches[0].Batch, nil
		}
		// Another of them is asked the next time.
		at.Rotate()
	}
	if destination == i.main.ChainID() {
		return i.lookIn(ctx, destination, parent, n.height, i.main.Delivered, cursor)
	}
	for _, at := range i.others() {
		v := at.seen()
		if v.newest == nil || at.Name() == i.to.Name() || at.Name() != destination && !slices.Contains(at.params.Shard.Parents, destination) {
			continue
		}
		batch, err := i.lookIn(ctx, at.Name(), parent, v.newest.Header.Height, at.Delivered, cursor)
		if batch != nil || err != nil {
			return batch, err
		}
	}
	return nil, nil
}

// lookIn a ledger's blocks, some in each step. What is owed is asked for from the newest batch on, as the blocks are looked through.
func (i *informer) lookIn(ctx context.Context, ledger, parent string, newest int64, delivered func(context.Context, int64) ([]*latticetypes.Delivery, error), cursor receipt.Cursor) ([]byte, error) {
	s := i.searched[ledger+" "+parent]
	if s != nil && s.next == 0 && time.Since(s.ended) < searchAgain {
		return s.found[cursor], nil
	}
	if s == nil || s.next == 0 {
		s = &search{next: newest, found: map[receipt.Cursor][]byte{}}
		i.searched[ledger+" "+parent] = s
	}
	for range searchAhead {
		if batch := s.found[cursor]; batch != nil || s.next == 0 {
			return batch, nil
		}
		batches, err := delivered(ctx, s.next)
		if err != nil {
			return nil, fmt.Errorf("batches of %s in block %d of %s: %w", parent, s.next, ledger, err)
		}
		for _, d := range batches {
			if b, err := receipt.Decode(d.Batch); err == nil && b.Source == parent {
				s.found[b.Cursor()] = d.Batch
			}
		}
		if s.next--; s.next == 0 {
			s.ended = time.Now()
		}
	}
	return s.found[cursor], nil
}

// Delivered implements Shard.
func (e *endpoint) Delivered(ctx context.Context, height int64) (list []*latticetypes.Delivery, err error) {
	err = e.ask(ctx, func(ctx context.Context, at *member) error {
		res, err := at.rpc.Block(ctx, &height)
		if err != nil {
			return err
		}
		if res.Block == nil || res.Block.ChainID != e.name {
			return fmt.Errorf("it has no block %d", height)
		}
		list = nil
		for _, raw := range res.Block.Txs {
			if !latticetypes.IsCarried(raw) {
				break
			}
			if c, err := latticetypes.DecodeCarried(raw); err == nil && c.GetDelivery() != nil {
				list = append(list, c.GetDelivery())
			}
		}
		return nil
	})
	return list, e.about("block", err)
}

// Delivered implements Main.
func (s settlement) Delivered(ctx context.Context, height int64) (list []*latticetypes.Delivery, err error) {
	res, err := cmtservice.NewServiceClient(s.Conn()).GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height})
	if err != nil {
		return nil, err
	}
	if res.SdkBlock == nil {
		return nil, fmt.Errorf("%s has no block %d", s.ChainID(), height)
	}
	url := sdk.MsgTypeURL(&gatetypes.MsgDeliver{})
	for _, raw := range res.SdkBlock.Data.Txs {
		var t tx.Tx
		if err := t.Unmarshal(raw); err != nil || t.Body == nil {
			continue
		}
		for _, any := range t.Body.Messages {
			var msg gatetypes.MsgDeliver
			if any.TypeUrl != url || msg.Unmarshal(any.Value) != nil {
				continue
			}
			for i := range msg.Deliveries {
				list = append(list, &msg.Deliveries[i])
			}
		}
	}
	return list, nil
}
