package messaging

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/messaging"
)

// Put stores an envelope through charge, which must run its argument on the batch that also books the payment and wait
// for the disk. An envelope that was here before is a duplicate, charged to whom it was charged then.
func (m *Mailboxes) Put(e *messaging.Envelope, session [32]byte, charge func(write func(*pebble.Batch) error) error) (*messaging.Deposited, error) {
	id := e.ID()
	recipient := recipientKey(e.Recipient)
	size := int64(len(e.Sealed))
	number, err := m.reserve(id, recipient, size)
	if err != nil {
		return nil, err
	}
	stored := false
	defer func() { m.release(id, recipient, number, size, stored) }()

	// The disk is asked only now: from here on nobody else stores the same envelope.
	if d, found, err := m.deposit(id); err != nil {
		return nil, err
	} else if found {
		return &messaging.Deposited{Id: id[:], Duplicate: true, Charged: d.session == session}, nil
	}
	raw, err := e.Marshal()
	if err != nil {
		return nil, fmt.Errorf("marshal envelope: %w", err)
	}
	expires := uint64(m.now().Add(m.retention).Unix())
	d := deposit{recipient: recipient, session: session, number: number, expires: expires, size: uint32(size)}
	err = charge(func(b *pebble.Batch) error {
		if err := b.Set(key(kindEnvelope, recipient[:], be(number)), raw, nil); err != nil {
			return err
		}
		if err := b.Set(key(kindDeposit, id[:]), d.encode(), nil); err != nil {
			return err
		}
		return b.Set(key(kindExpiry, be(expires), id[:]), nil, nil)
	})
	if err != nil {
		return nil, err
	}
	stored = true
	return &messaging.Deposited{Id: id[:], Charged: true}, nil
}

func (m *Mailboxes) reserve(id messaging.EnvelopeID, recipient recipientKey, size int64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.boxes[recipient]
	switch {
	case b == nil:
		return 0, errUnknownRecipient
	case m.inFlight[id]:
		return 0, errInFlight
	case m.bytes+size > m.caps.Bytes:
		return 0, errProviderFull
	case b.bytes+size > m.caps.MailboxBytes || b.messages >= m.caps.MailboxMessages:
		return 0, errMailboxFull
	}
	number := b.next
	b.next++
	b.writing[number] = true
	b.messages++
	b.bytes += size
	m.bytes += size
	m.inFlight[id] = true
	return number, nil
}

func (m *Mailboxes) release(id messaging.EnvelopeID, recipient recipientKey, number uint64, size int64, stored bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.inFlight, id)
	b := m.boxes[recipient]
	delete(b.writing, number)
	if !stored {
		m.gone(b, size)
		return
	}
	close(b.wake)
	b.wake = make(chan struct{})
}

func (m *Mailboxes) gone(b *box, size int64) {
	b.messages--
	b.bytes -= size
	m.bytes -= size
}

// Ack deletes envelopes of a recipient; what remains of them is that they were here.
func (m *Mailboxes) Ack(recipient recipientKey, ids [][]byte) (uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.db.NewBatch()
	defer func() { _ = b.Close() }()
	var sizes []int64
	seen := map[messaging.EnvelopeID]bool{}
	for _, raw := range ids {
		if len(raw) != len(messaging.EnvelopeID{}) {
			continue
		}
		id := messaging.EnvelopeID(raw)
		d, found, err := m.deposit(id)
		if err != nil {
			return 0, err
		}
		if !found || d.gone || d.recipient != recipient || seen[id] || m.inFlight[id] {
			continue
		}
		seen[id] = true
		d.gone = true
		if err := b.Set(key(kindDeposit, id[:]), d.encode(), nil); err != nil {
			return 0, err
		}
		if err := b.Delete(key(kindEnvelope, recipient[:], be(d.number)), nil); err != nil {
			return 0, err
		}
		sizes = append(sizes, int64(d.size))
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return 0, err
	}
	if box := m.boxes[recipient]; box != nil {
		for _, size := range sizes {
			m.gone(box, size)
		}
	}
	return uint32(len(sizes)), nil
}

// sweepBatch bounds how long one step of a sweep holds the lock.
const sweepBatch = 256

// Sweep deletes what has expired: envelopes nobody picked up, and the memory of those that were.
func (m *Mailboxes) Sweep() error {
	for {
		n, err := m.sweepSome()
		if err != nil {
			return err
		}
		if n < sweepBatch {
			return m.sweepBoxes()
		}
	}
}

// sweepBoxes removes empty mailboxes whose owners let their last-resort prekeys expire: they have left.
func (m *Mailboxes) sweepBoxes() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now().Unix()
	batch := m.db.NewBatch()
	defer func() { _ = batch.Close() }()
	var left []recipientKey
	for recipient, b := range m.boxes {
		if b.expires > now || b.messages > 0 {
			continue
		}
		prekeys := key(kindPrekey, recipient[:])
		if err := batch.DeleteRange(prekeys, after(prekeys), nil); err != nil {
			return err
		}
		if err := batch.Delete(key(kindLastResort, recipient[:]), nil); err != nil {
			return err
		}
		left = append(left, recipient)
	}
	if len(left) == 0 {
		return nil
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return err
	}
	for _, recipient := range left {
		delete(m.boxes, recipient)
	}
	return nil
}

func (m *Mailboxes) sweepSome() (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var expired []messaging.EnvelopeID
	var keys [][]byte
	now := be(uint64(m.now().Unix()))
	it, err := m.db.NewIter(&pebble.IterOptions{LowerBound: key(kindExpiry), UpperBound: key(kindExpiry, now)})
	if err != nil {
		return 0, err
	}
	for it.First(); it.Valid() && len(keys) < sweepBatch; it.Next() {
		k := append([]byte{}, it.Key()...)
		keys = append(keys, k)
		expired = append(expired, messaging.EnvelopeID(k[len(k)-32:]))
	}
	if err := it.Close(); err != nil {
		return 0, err
	}
	b := m.db.NewBatch()
	defer func() { _ = b.Close() }()
	freed := map[*box][]int64{}
	for i, id := range expired {
		d, found, err := m.deposit(id)
		if err != nil {
			return 0, err
		}
		if found && !d.gone {
			if err := b.Delete(key(kindEnvelope, d.recipient[:], be(d.number)), nil); err != nil {
				return 0, err
			}
			if box := m.boxes[d.recipient]; box != nil {
				freed[box] = append(freed[box], int64(d.size))
			}
		}
		if err := b.Delete(key(kindDeposit, id[:]), nil); err != nil {
			return 0, err
		}
		if err := b.Delete(keys[i], nil); err != nil {
			return 0, err
		}
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return 0, err
	}
	for box, sizes := range freed {
		for _, size := range sizes {
			m.gone(box, size)
		}
	}
	return len(keys), nil
}
