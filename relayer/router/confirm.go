package router

import (
	"context"
	"fmt"
	"time"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// confirm to the source what the destination has taken, so that it leaves the source's state: after so many batches, or so long.
func (l *lane) confirm(ctx context.Context, from, to view) error {
	box, taken := from.ledger(l.destination).Outbox, to.ledger(l.inbox()).Inbox.Taken
	now := time.Now()
	if taken.Height <= max(box.Confirmed.Height, l.awaited(now)) || from.ledgers.FinalHeight > 0 {
		l.owed = time.Time{}
		return nil
	}
	if l.owed.IsZero() {
		l.owed = now
	}
	if l.arrived < l.cfg.ConfirmBatches && now.Sub(l.owed) < l.cfg.Confirm {
		return nil
	}
	header, err := l.to.header(ctx, to, to.provable(from.ledger(l.to.Name()).Standing))
	if err != nil {
		return err
	}
	key, err := latticetypes.InboxKey(l.inbox())
	if err != nil {
		return err
	}
	value, ops, err := l.to.Prove(ctx, key, header)
	if err != nil {
		return err
	}
	var inbox latticetypes.Inbox
	if err := inbox.Unmarshal(value); err != nil {
		return fmt.Errorf("inbox of %s: %w", l.to.Name(), err)
	}
	// What the state before the newest block proves may be what the source knows already.
	if inbox.Taken.Height <= max(box.Confirmed.Height, l.confirmed) {
		return nil
	}
	c := &latticetypes.Confirmation{Destination: l.destination, Inbox: &inbox, Proof: &latticetypes.Proof{Header: header, Ops: ops}}
	if l.to.Name() != l.destination {
		c.Child = l.to.Name()
	}
	raw, err := encode(latticetypes.Carried{Content: &latticetypes.Carried_Confirmation{Confirmation: c}})
	if err != nil {
		return err
	}
	on, err := l.offer(ctx, l.from, "confirm", raw)
	if on {
		l.confirmed, l.confirmedAt, l.owed, l.arrived = inbox.Taken.Height, now, time.Time{}, 0
	}
	return err
}

// awaited is the height up to which the source was told a moment ago; what it has not heard of in time it is told again.
func (l *lane) awaited(now time.Time) uint64 {
	if now.Sub(l.confirmedAt) > patience {
		l.confirmed = 0
	}
	return l.confirmed
}
