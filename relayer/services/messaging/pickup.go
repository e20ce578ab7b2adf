package messaging

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/messaging"
)

// Follow calls send with every envelope in a mailbox and then with new ones as they are stored, each once, until ctx
// ends or send fails. Without a mailbox it waits for nothing and answers an error.
func (m *Mailboxes) Follow(ctx context.Context, recipient recipientKey, send func(*messaging.Envelope) error) error {
	var from uint64
	sent := map[uint64]bool{}
	for {
		// Numbers below safe are all on disk or never will be: envelopes may reach the disk out of their order.
		wake, safe, err := m.snapshot(recipient)
		if err != nil {
			return err
		}
		if err := m.scan(ctx, recipient, from, sent, send); err != nil {
			return err
		}
		from = safe
		for number := range sent {
			if number < from {
				delete(sent, number)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
	}
}

func (m *Mailboxes) snapshot(recipient recipientKey) (<-chan struct{}, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.boxes[recipient]
	if b == nil {
		return nil, 0, errUnknownRecipient
	}
	safe := b.next
	for number := range b.writing {
		safe = min(safe, number)
	}
	return b.wake, safe, nil
}

func (m *Mailboxes) scan(ctx context.Context, recipient recipientKey, from uint64, sent map[uint64]bool, send func(*messaging.Envelope) error) (err error) {
	start := key(kindEnvelope, recipient[:])
	it, err := m.db.NewIterWithContext(ctx, &pebble.IterOptions{
		LowerBound: key(kindEnvelope, recipient[:], be(from)), UpperBound: after(start),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		number := binary.BigEndian.Uint64(it.Key()[len(start):])
		if sent[number] {
			continue
		}
		raw, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		var e messaging.Envelope
		if err := e.Unmarshal(raw); err != nil {
			return err
		}
		if err := send(&e); err != nil {
			return err
		}
		sent[number] = true
	}
	return it.Error()
}
