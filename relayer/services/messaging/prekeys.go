package messaging

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/messaging"
)

var errNoPrekey = errors.New("the recipient has no prekey that is still good")

// Publish adds one-time prekeys and replaces the last-resort one; the first last-resort prekey makes the mailbox. The
// caller has authenticated the owner. It answers how many one-time prekeys there are now.
func (m *Mailboxes) Publish(recipient recipientKey, prekeys []*messaging.Prekey) (uint32, error) {
	now := m.now().Unix()
	for _, p := range prekeys {
		if err := p.Verify(recipient[:], now); err != nil {
			return 0, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.db.NewBatch()
	defer func() { _ = b.Close() }()
	box, fresh := m.boxes[recipient], false
	if box == nil {
		if len(m.boxes) >= m.caps.Mailboxes {
			return 0, errProviderFull
		}
		box = newBox()
	}
	fresh = m.boxes[recipient] == nil
	oneTime, expires, from := box.prekeys, int64(0), box.prekeyFrom
	for _, p := range prekeys {
		raw, err := p.Marshal()
		if err != nil {
			return 0, fmt.Errorf("marshal prekey: %w", err)
		}
		if p.LastResort {
			expires = p.ExpiresUnix
			err = b.Set(key(kindLastResort, recipient[:]), raw, nil)
		} else {
			k := key(kindPrekey, recipient[:], be(p.Id))
			known, err := m.has(k)
			if err != nil {
				return 0, err
			}
			if !known {
				oneTime++
			}
			from = min(from, p.Id)
			if oneTime > messaging.MaxPrekeys {
				return 0, fmt.Errorf("%w: at most %d one-time prekeys are kept", messaging.ErrPrekey, messaging.MaxPrekeys)
			}
			if err := b.Set(k, raw, nil); err != nil {
				return 0, err
			}
		}
		if err != nil {
			return 0, err
		}
	}
	if fresh && expires == 0 {
		return 0, fmt.Errorf("%w: a mailbox begins with a last-resort prekey", messaging.ErrPrekey)
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return 0, err
	}
	box.prekeys, box.prekeyFrom = oneTime, from
	if expires != 0 {
		box.expires = expires
	}
	m.boxes[recipient] = box
	return uint32(oneTime), nil
}

func (m *Mailboxes) has(k []byte) (bool, error) {
	_, closer, err := m.db.Get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, closer.Close()
}

// Take answers a one-time prekey and deletes it, or the last-resort one when there is none.
func (m *Mailboxes) Take(recipient recipientKey) (*messaging.Prekey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[recipient]
	if box == nil {
		return nil, errUnknownRecipient
	}
	now := m.now().Unix()
	start := key(kindPrekey, recipient[:])
	// What was given out below leaves tombstones, which take time to pass.
	from := box.prekeyFrom
	b := m.db.NewBatch()
	defer func() { _ = b.Close() }()
	var taken *messaging.Prekey
	used := 0
	errFound := errors.New("found")
	err := m.each(start, be(from), func(k, value []byte) error {
		var p messaging.Prekey
		if err := p.Unmarshal(value); err != nil {
			return err
		}
		used++
		from = p.Id
		if err := b.Delete(append(append([]byte{}, start...), k...), nil); err != nil {
			return err
		}
		if p.ExpiresUnix > now {
			taken = &p
			return errFound
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFound) {
		return nil, err
	}
	if used > 0 {
		// On disk before it is given out: after a crash a one-time prekey must not be given out twice.
		if err := b.Commit(pebble.Sync); err != nil {
			return nil, err
		}
		box.prekeys, box.prekeyFrom = box.prekeys-used, from
	}
	if taken != nil {
		return taken, nil
	}
	p, err := m.lastResort(recipient)
	if err == nil && p.ExpiresUnix <= now {
		err = errNoPrekey
	}
	return p, err
}

// lastResort answers the prekey that is given out when no other is left, or errNoPrekey.
func (m *Mailboxes) lastResort(recipient recipientKey) (*messaging.Prekey, error) {
	raw, closer, err := m.db.Get(key(kindLastResort, recipient[:]))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, errNoPrekey
	}
	if err != nil {
		return nil, err
	}
	var p messaging.Prekey
	return &p, errors.Join(p.Unmarshal(raw), closer.Close())
}

// State is what the owner of a mailbox is told when it opens it.
func (m *Mailboxes) State(recipient recipientKey) (*messaging.Authenticated, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[recipient]
	if box == nil {
		return &messaging.Authenticated{}, nil
	}
	last, err := m.lastResort(recipient)
	if err != nil && !errors.Is(err, errNoPrekey) {
		return nil, err
	}
	a := &messaging.Authenticated{Prekeys: uint32(box.prekeys), Messages: uint32(box.messages)}
	if last != nil {
		a.LastResortExpiresUnix = last.ExpiresUnix
	}
	return a, nil
}
