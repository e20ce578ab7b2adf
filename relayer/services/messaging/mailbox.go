// Package messaging is the store-and-forward service: it keeps sealed envelopes for their recipients and knows of their
// content nothing but its size class.
package messaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/relayer/services"
)

// Caps bound what strangers can make a provider store.
type Caps struct {
	// Mailboxes, and bytes in all of them together.
	Mailboxes int
	Bytes     int64
	// MailboxBytes and MailboxMessages of one recipient.
	MailboxBytes    int64
	MailboxMessages int
}

// DefaultCaps suit a small server's disk.
var DefaultCaps = Caps{Mailboxes: 100_000, Bytes: 64 << 30, MailboxBytes: 64 << 20, MailboxMessages: 10_000}

var (
	errUnknownRecipient = errors.New("no mailbox of the recipient here")
	errMailboxFull      = errors.New("the mailbox is full until its owner picks up")
	errProviderFull     = errors.New("the provider is full")
	errInFlight         = errors.New("the envelope is being stored")
)

type recipientKey = [messaging.IdentitySize]byte

// Mailboxes are the provider's store of envelopes and prekeys.
type Mailboxes struct {
	db        *pebble.DB
	caps      Caps
	retention time.Duration
	now       func() time.Time

	mu       sync.Mutex
	boxes    map[recipientKey]*box
	bytes    int64
	inFlight map[messaging.EnvelopeID]bool
}

// box is what is known of a mailbox without reading the disk.
type box struct {
	bytes    int64
	messages int
	next     uint64          // sequence number of the next envelope
	writing  map[uint64]bool // reserved numbers whose envelopes are not on disk yet
	prekeys  int
	// prekeyFrom is below the id of every one-time prekey, or is it.
	prekeyFrom uint64
	expires    int64         // second after which the last-resort prekey is no good
	wake       chan struct{} // closed when something was stored
}

func newBox() *box { return &box{next: 1, writing: map[uint64]bool{}, wake: make(chan struct{})} }

// Keys below the service's prefix.
const (
	kindEnvelope   = 'm' // recipient, number -> envelope
	kindDeposit    = 'd' // envelope id -> deposit
	kindExpiry     = 'x' // second, envelope id -> nothing
	kindPrekey     = 'p' // recipient, prekey id -> prekey
	kindLastResort = 'l' // recipient -> prekey; the mailbox exists while it does
)

var prefix = services.Prefix(messaging.Service)

func key(kind byte, parts ...[]byte) []byte {
	k := append(append([]byte{}, prefix...), kind)
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func be(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// deposit is what is remembered of an envelope until it expires, picked up or not: a second one is a duplicate.
type deposit struct {
	recipient recipientKey
	session   [32]byte
	number    uint64
	expires   uint64
	size      uint32
	gone      bool
}

const depositSize = 32 + 32 + 8 + 8 + 4 + 1

func (d deposit) encode() []byte {
	b := append(append(make([]byte, 0, depositSize), d.recipient[:]...), d.session[:]...)
	b = append(append(b, be(d.number)...), be(d.expires)...)
	b = binary.BigEndian.AppendUint32(b, d.size)
	if d.gone {
		return append(b, 1)
	}
	return append(b, 0)
}

func decodeDeposit(b []byte) (deposit, error) {
	if len(b) != depositSize {
		return deposit{}, fmt.Errorf("deposit record of %d bytes", len(b))
	}
	return deposit{
		recipient: [32]byte(b[:32]), session: [32]byte(b[32:64]),
		number: binary.BigEndian.Uint64(b[64:]), expires: binary.BigEndian.Uint64(b[72:]),
		size: binary.BigEndian.Uint32(b[80:]), gone: b[84] == 1,
	}, nil
}

// OpenMailboxes counts what is on disk.
func OpenMailboxes(db *pebble.DB, caps Caps, retention time.Duration, now func() time.Time) (*Mailboxes, error) {
	m := &Mailboxes{
		db: db, caps: caps, retention: retention, now: now,
		boxes: map[recipientKey]*box{}, inFlight: map[messaging.EnvelopeID]bool{},
	}
	err := m.each(key(kindLastResort), nil, func(k, value []byte) error {
		var p messaging.Prekey
		if err := p.Unmarshal(value); err != nil {
			return err
		}
		b := newBox()
		b.expires = p.ExpiresUnix
		m.boxes[recipientKey(k)] = b
		return nil
	})
	if err == nil {
		err = m.each(key(kindPrekey), nil, func(k, _ []byte) error {
			if b := m.boxes[recipientKey(k[:32])]; b != nil {
				b.prekeys++
			}
			return nil
		})
	}
	if err == nil {
		err = m.each(key(kindDeposit), nil, func(_, value []byte) error {
			d, err := decodeDeposit(value)
			if err != nil {
				return err
			}
			b := m.boxes[d.recipient]
			if b == nil {
				return nil
			}
			b.next = max(b.next, d.number+1)
			if !d.gone {
				b.messages++
				b.bytes += int64(d.size)
				m.bytes += int64(d.size)
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("load mailboxes: %w", err)
	}
	return m, nil
}

// each calls f for the keys that begin with start, without it, from one on.
func (m *Mailboxes) each(start, from []byte, f func(k, value []byte) error) error {
	it, err := m.db.NewIter(&pebble.IterOptions{LowerBound: append(slices.Clip(start), from...), UpperBound: after(start)})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = f(it.Key()[len(start):], value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// after is the first key behind all keys that begin with k.
func after(k []byte) []byte {
	end := append([]byte{}, k...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

func (m *Mailboxes) deposit(id messaging.EnvelopeID) (deposit, bool, error) {
	raw, closer, err := m.db.Get(key(kindDeposit, id[:]))
	if errors.Is(err, pebble.ErrNotFound) {
		return deposit{}, false, nil
	}
	if err != nil {
		return deposit{}, false, err
	}
	d, err := decodeDeposit(raw)
	return d, err == nil, errors.Join(err, closer.Close())
}
