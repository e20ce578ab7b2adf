package router

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/topnetwork/top/protocol/receipt"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// exits are what the main chain has sent to one name of a shard: its own, or that of a parent.
type exits struct {
	destination string
	flights
}

// exits of a shard, one for each of its names.
func exitsOf(to *station) (list []*exits) {
	names := []string{to.Name()}
	if to.params != nil {
		names = append(names, to.params.Shard.Parents...)
	}
	for _, name := range names {
		list = append(list, &exits{destination: name})
	}
	return list
}

// lacksProof tells whether the shard needs a newer header of the main chain for what waits between both: batches that the main chain has sent, or what it has taken and the shard was not told of.
func (i *informer) lacksProof(head lighttypes.Header, v view, n *network, now time.Time) bool {
	if n.gate == nil || v.ledgers.FinalHeight > 0 {
		return false
	}
	lacks := false
	for _, x := range i.exits {
		sent := n.gate.ledger(x.destination).Outbox.Sent.Height
		if sent > i.arrived(x, v, now) && sent >= uint64(head.Height) {
			lacks = true
		}
	}
	if i.owes(v, n, now) {
		// What was taken stood in the state of this height, or of one before.
		if i.owedAt == 0 {
			i.owedAt = n.height
		}
		return lacks || i.owedAt >= head.Height
	}
	i.owedAt = 0
	return lacks
}

// arrived is after which height the next batch is to be handed over.
func (i *informer) arrived(x *exits, v view, now time.Time) uint64 {
	return x.landed(v.ledger(latticetypes.InboxName(i.main.ChainID(), x.destination, i.to.Name())).Inbox.Taken.Height, now)
}

// owes tells whether it is time to tell the shard what the main chain has taken.
func (i *informer) owes(v view, n *network, now time.Time) bool {
	return i.due(n.gate.ledger(i.to.Name()).Inbox.Taken.Height, v.ledger(i.main.ChainID()).Outbox.Confirmed.Height, 0, i.cfg, now)
}

// exchange what waits between the main chain and a shard, as far as the header that the shard has proves it.
func (i *informer) exchange(ctx context.Context, head lighttypes.Header, v view, n *network) error {
	if n.gate == nil || v.ledgers.FinalHeight > 0 {
		return nil // its children take what is addressed to it
	}
	var failed error
	for _, x := range i.exits {
		i.metrics.waits(i.main.ChainID(), x.destination, x.taken, n.gate.ledger(x.destination).Outbox)
		if err := i.deliver(ctx, x, head, v, n); err != nil {
			i.metrics.failed(i.main.ChainID(), x.destination)
			failed = errors.Join(failed, err)
		}
	}
	return errors.Join(failed, i.confirm(ctx, head, v, n))
}

// deliver batches of the main chain that the shard has not taken.
func (i *informer) deliver(ctx context.Context, x *exits, head lighttypes.Header, v view, n *network) error {
	after := i.arrived(x, v, time.Now())
	room, size := x.room()
	if n.gate.ledger(x.destination).Outbox.Sent.Height <= after || after+1 >= uint64(head.Height) || room == 0 {
		return nil
	}
	batches, err := i.main.Batches(ctx, x.destination, after)
	if err != nil {
		return fmt.Errorf("batches for %s: %w", x.destination, err)
	}
	for at, b := range batches {
		// The newest ones are proven by the next header.
		if size += len(b.Batch); b.Height >= uint64(head.Height) || at >= room || size > maxBytes && at > 0 {
			return nil
		}
		value, ops, err := i.main.Prove(ctx, gatetypes.StoreKey, b.Key, head)
		if err != nil {
			return fmt.Errorf("batch of height %d for %s: %w", b.Height, x.destination, err)
		}
		if hash := receipt.Hash(b.Batch); !bytes.Equal(value, hash[:]) {
			return fmt.Errorf("batch of height %d for %s: the main chain has another one in its state than its node says", b.Height, x.destination)
		}
		raw, err := encode(latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: b.Batch, Proof: &latticetypes.Proof{MainHeight: head.Height, Ops: ops}}}})
		if err != nil {
			return err
		}
		if _, err := i.offer(ctx, "deliver", raw); err != nil {
			return err
		}
		x.flying = append(x.flying, flight{b.Height, len(raw)})
	}
	return nil
}

// confirm to the shard what the main chain has taken of what it has sent there, so that it leaves the shard's state.
func (i *informer) confirm(ctx context.Context, head lighttypes.Header, v view, n *network) error {
	now := time.Now()
	if !i.owes(v, n, now) || i.owedAt >= head.Height {
		return nil
	}
	known := v.ledger(i.main.ChainID()).Outbox.Confirmed.Height
	key, err := latticetypes.InboxKey(i.to.Name())
	if err != nil {
		return err
	}
	value, ops, err := i.main.Prove(ctx, gatetypes.StoreKey, key, head)
	if err != nil {
		return err
	}
	var inbox latticetypes.Inbox
	if err := inbox.Unmarshal(value); err != nil {
		return fmt.Errorf("inbox of the main chain for %s: %w", i.to.Name(), err)
	}
	if inbox.Taken.Height <= max(known, i.confirmed) {
		return nil
	}
	raw, err := encode(latticetypes.Carried{Content: &latticetypes.Carried_Confirmation{Confirmation: &latticetypes.Confirmation{
		Destination: i.main.ChainID(), Inbox: &inbox, Proof: &latticetypes.Proof{MainHeight: head.Height, Ops: ops},
	}}})
	if err != nil {
		return err
	}
	if _, err := i.offer(ctx, "confirm", raw); err != nil {
		return err
	}
	i.tell(inbox.Taken.Height, now)
	i.owedAt = 0
	return nil
}
