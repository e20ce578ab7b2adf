package router

import (
	"context"
	"fmt"
	"slices"
	"time"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// confirm to the source what the destination has taken, so that it leaves the source's state: after so many batches, or so long.
func (l *lane) confirm(ctx context.Context, from, to view) error {
	box, taken := from.ledger(l.destination).Outbox, to.ledger(l.inbox()).Inbox.Taken
	now := time.Now()
	if from.ledgers.FinalHeight > 0 || !l.due(taken.Height, box.Confirmed.Height, l.arrived, l.cfg, now) {
		return nil
	}
	// Of what a parent's parent was sent the source asks the parents alone.
	if s := from.ledger(l.destination).Standing; s != nil && len(s.Children) > 0 && !slices.Contains(s.Children, l.to.Name()) {
		return nil
	}
	height := l.from.sure(from, l.to.Name(), to)
	if height == 0 || height == l.proved {
		return nil
	}
	header, err := l.to.header(ctx, to, height)
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
	if l.from.audits() {
		// What the auditors have confirmed proves no more until they confirm more.
		l.proved = height
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
	if !on {
		l.proved = 0
	}
	if on {
		l.tell(inbox.Taken.Height, now)
		l.arrived = 0
	}
	return err
}
