package router

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/topnetwork/top/protocol/receipt"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// takenBytes of batches in one transaction of the main chain, one batch at least: five thousand receipts are a sixth of the gas of a block.
const takenBytes = 512 << 10

// source of deposits, or taker of exits: what the main chain said of it last. All of it are hints.
type source struct {
	owing
	pause time.Duration
	until time.Time
	// audited: what it brings waits for its auditors, whose header proves without a bound.
	audited bool
}

// rest after a refusal, the longer the more there were; none ends it.
func (s *source) rest(refused bool, now time.Time) {
	if !refused {
		s.pause, s.until = 0, time.Time{}
		return
	}
	s.pause = min(max(2*s.pause, firstPause), lastPause)
	s.until = now.Add(s.pause)
}

func (s *settler) source(name string) *source {
	if s.sources[name] == nil {
		s.sources[name] = &source{}
	}
	return s.sources[name]
}

// brought is an item of a transaction: who it is of, and what to do when it was taken.
type brought struct {
	at   *station
	name string
	done func()
}

// settle what waits between shards and the main chain there: batches that shards have sent to it, then what they have taken of its own.
func (s *settler) settle(ctx context.Context, n *network, stations []*station) error {
	if n.gate == nil {
		return nil
	}
	return errors.Join(s.take(ctx, n, stations), s.release(ctx, n, stations))
}

// take batches of shards to the main chain, as many as one transaction has room for. The next look at both says what is left.
func (s *settler) take(ctx context.Context, n *network, stations []*station) error {
	var deliveries []latticetypes.Delivery
	var items []brought
	size := 0
	for _, at := range stations {
		v := at.seen()
		sent, taken := v.ledger(s.chainID).Outbox, n.gate.ledger(at.Name()).Inbox.Taken.Height
		s.metrics.waits(at.Name(), s.chainID, taken, sent)
		if v.newest == nil || sent.Sent.Height <= taken || time.Now().Before(s.source(at.Name()).until) {
			continue
		}
		list, err := s.deposits(ctx, at, v, n, taken, gatetypes.MaxDeliveries-len(deliveries), &size)
		if s.told.News("deposits "+at.Name(), err) {
			s.log.Warn("what a shard has sent to the main chain is not brought there, tried again", "shard", at.Name(), "error", err)
		}
		if err != nil {
			s.metrics.failed(at.Name(), s.chainID)
			s.source(at.Name()).rest(true, time.Now())
			continue
		}
		for range list {
			items = append(items, brought{at: at, name: at.Name(), done: func() {}})
		}
		deliveries = append(deliveries, list...)
	}
	if len(deliveries) == 0 {
		return nil
	}
	refused, err := s.main.Deliver(ctx, deliveries)
	return s.judge(n, "deliver", items, refused, err)
}

// deposits of one shard with their proofs, up to a number, and while there is room.
func (s *settler) deposits(ctx context.Context, at *station, v view, n *network, taken uint64, room int, size *int) ([]latticetypes.Delivery, error) {
	header, err := s.proving(ctx, at, v, n, n.gate.Unaudited > 0 && s.source(at.Name()).audited)
	if err != nil || header == nil {
		return nil, err
	}
	batches, err := at.Batches(ctx, s.chainID, taken)
	if err != nil {
		return nil, err
	}
	var list []latticetypes.Delivery
	for _, b := range batches {
		if b.Height >= uint64(header.Header.Height) || len(list) >= room {
			break
		}
		value, ops, err := at.Prove(ctx, b.Key, header)
		if err != nil {
			return nil, fmt.Errorf("batch of height %d: %w", b.Height, err)
		}
		if hash := receipt.Hash(b.Batch); !bytes.Equal(value, hash[:]) {
			at.Rotate()
			return nil, fmt.Errorf("batch of height %d: %s has another one in its state than its node says", b.Height, at.Name())
		}
		d := latticetypes.Delivery{Batch: b.Batch, Proof: &latticetypes.Proof{Header: header, Ops: ops}}
		if *size > 0 && *size+d.Size() > takenBytes {
			break
		}
		*size += d.Size()
		list = append(list, d)
	}
	return list, nil
}

// proving is the header of a shard that the main chain counts: that with which it has ended, the audited one where only that counts, or else its newest; nil where there is none yet.
func (s *settler) proving(ctx context.Context, at *station, v view, n *network, audited bool) (*cmtproto.SignedHeader, error) {
	m := n.shards[at.Name()]
	switch {
	case m == nil:
		return nil, nil //nolint:nilnil // the main chain does not know the shard yet
	case !m.shard.Runs():
		return at.header(ctx, v, int64(m.shard.FinalHeight))
	case !audited:
		return at.header(ctx, v, v.provable(nil))
	case m.audited == nil:
		return nil, nil //nolint:nilnil // nobody has audited it yet
	}
	return at.Header(ctx, int64(m.audited.Height))
}

// release what shards have taken from the main chain's state: by proof of their inboxes.
func (s *settler) release(ctx context.Context, n *network, stations []*station) error {
	var confirmations []latticetypes.Confirmation
	var items []brought
	for _, at := range stations {
		v := at.seen()
		for _, x := range exitsOf(at) {
			name := latticetypes.InboxName(s.chainID, x.destination, at.Name())
			box, taken := n.gate.ledger(x.destination).Outbox, v.ledger(name).Inbox.Taken
			o := s.source(at.Name() + " " + name)
			now := time.Now()
			if len(confirmations) >= gatetypes.MaxConfirmations || v.newest == nil || box.Waiting == 0 || !o.due(taken.Height, box.Confirmed.Height, 0, s.cfg, now) || now.Before(o.until) {
				continue
			}
			c, err := s.confirmation(ctx, at, v, n, x.destination, name)
			if s.told.News("releases "+at.Name(), err) {
				s.log.Warn("what a shard has taken is not confirmed to the main chain, tried again", "shard", at.Name(), "error", err)
			}
			if err != nil {
				o.rest(true, now)
			}
			if err != nil || c == nil || c.Inbox.Taken.Height <= max(box.Confirmed.Height, o.confirmed) {
				continue
			}
			confirmations = append(confirmations, *c)
			items = append(items, brought{at: at, name: at.Name() + " " + name, done: func() { o.tell(c.Inbox.Taken.Height, now) }})
		}
	}
	if len(confirmations) == 0 {
		return nil
	}
	refused, err := s.main.Confirm(ctx, confirmations)
	return s.judge(n, "confirm", items, refused, err)
}

// confirmation of what a shard has taken that was addressed to it, or to a parent; nil where no header proves it yet.
func (s *settler) confirmation(ctx context.Context, at *station, v view, n *network, destination, name string) (*latticetypes.Confirmation, error) {
	header, err := s.proving(ctx, at, v, n, n.gate.Unaudited > 0)
	if err != nil || header == nil {
		return nil, err
	}
	key, err := latticetypes.InboxKey(name)
	if err != nil {
		return nil, err
	}
	value, ops, err := at.Prove(ctx, key, header)
	if err != nil {
		return nil, err
	}
	c := &latticetypes.Confirmation{Destination: destination, Inbox: &latticetypes.Inbox{}, Proof: &latticetypes.Proof{Header: header, Ops: ops}}
	if at.Name() != destination {
		c.Child = at.Name()
	}
	if err := c.Inbox.Unmarshal(value); err != nil {
		return nil, fmt.Errorf("inbox of %s: %w", at.Name(), err)
	}
	return c, nil
}

// judge what the main chain says to each item of a transaction; an error is its answer to all.
func (s *settler) judge(n *network, step string, items []brought, refused []string, err error) error {
	now := time.Now()
	var failed error
	for i, item := range items {
		said := ""
		switch {
		case err != nil:
			said = err.Error()
		case i < len(refused):
			said = refused[i]
		}
		from := s.source(item.name)
		switch {
		case said == "":
			s.metrics.carried(s.chainID, step)
			from.rest(false, now)
			from.audited = false
			item.done()
		case strings.Contains(said, gatetypes.ErrKnown.Error()):
			s.metrics.redundant(s.chainID, step)
			item.done()
		case strings.Contains(said, gatetypes.ErrLater.Error()):
			// In order, and not now: what is not audited waits for the header that is.
			from.audited = n.gate.Unaudited > 0
			from.rest(true, now)
			failed = errors.Join(failed, fmt.Errorf("%s of %s waits: %s", step, item.at.Name(), said))
		default:
			// Its header is perhaps of a term that the main chain does not know yet: anchors come first. Or its node does not tell the truth.
			s.anchored = time.Time{}
			item.at.Rotate()
			from.rest(true, now)
			s.metrics.failed(item.at.Name(), s.chainID)
			failed = errors.Join(failed, fmt.Errorf("%s of %s: %s", step, item.at.Name(), said))
		}
	}
	return failed
}
