package sdk

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// letter is a message under way to its recipient's mailbox.
type letter struct {
	Name []byte // in the outbox, by time
	ID   []byte
	To   *messaging.Contact
	Kind messaging.Kind
	Body []byte
	Ref  []byte
	Sent int64 // unix ms
	// Envelope once sealed: tried again as it is, so that two deposits of it are one message.
	Envelope *messaging.Envelope
	Expires  int64 // unix s, of the prekey

	done chan error
}

// queue are the letters to one recipient, deposited one after the other.
type queue struct{ letters []*letter }

// Send encrypts a text, pays for it and answers its id once a provider of the recipient has it on disk. While none can be
// reached it tries again until ctx ends; then the message stays in the outbox and is sent as soon as possible.
func (m *Messenger) Send(ctx context.Context, contact, body string) (string, error) {
	to, err := messaging.ParseContact(contact)
	if err != nil {
		return "", err
	}
	if len(body) > MaxText {
		return "", fmt.Errorf("the text has %d bytes, at most %d can be sent", len(body), MaxText)
	}
	l, err := newLetter(to, messaging.Kind_KIND_TEXT, []byte(body), nil)
	if err != nil {
		return "", err
	}
	err = m.c.store.change().set(kindOutbox, l.Name, l).set(kindSent, l.ID, to.Identity).commit()
	if err != nil {
		return "", err
	}
	m.enqueue(l)
	select {
	case err := <-l.done:
		return messageID(l.ID), err
	case <-ctx.Done():
		return messageID(l.ID), fmt.Errorf("the message waits in the outbox: %w", ctx.Err())
	}
}

// MaxText is the size of the longest text in bytes.
const MaxText = messaging.MaxPayload - 1024

func newLetter(to *messaging.Contact, kind messaging.Kind, body, ref []byte) (*letter, error) {
	id := make([]byte, messaging.IDSize)
	if _, err := io.ReadFull(entropy, id); err != nil {
		return nil, err
	}
	now := time.Now()
	name := append(binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano())), id...)
	return &letter{
		Name: name, ID: id, To: to, Kind: kind, Body: body, Ref: ref, Sent: now.UnixMilli(), done: make(chan error, 1),
	}, nil
}

// resume goes on with what an earlier run left.
func (m *Messenger) resume() error {
	return m.c.store.each(kindOutbox, func(_, raw []byte) error {
		l := &letter{done: make(chan error, 1)}
		if err := json.Unmarshal(raw, l); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		m.enqueue(l)
		return nil
	})
}

func (m *Messenger) enqueue(l *letter) {
	key := string(l.To.Identity)
	m.mu.Lock()
	defer m.mu.Unlock()
	q := m.queues[key]
	if q == nil {
		q = &queue{}
		m.queues[key] = q
		m.c.work.Go(func() { m.work(m.c.ctx, key, q) })
	}
	q.letters = append(q.letters, l)
}

// work deposits the letters of a queue in their order until it is empty.
func (m *Messenger) work(ctx context.Context, key string, q *queue) {
	for ctx.Err() == nil {
		m.mu.Lock()
		if len(q.letters) == 0 {
			delete(m.queues, key)
			m.mu.Unlock()
			return
		}
		l := q.letters[0]
		m.mu.Unlock()
		err := m.deliver(ctx, l)
		if ctx.Err() != nil {
			return
		}
		change := m.c.store.change().delete(kindOutbox, l.Name)
		if err != nil || l.Kind != messaging.Kind_KIND_TEXT {
			change.delete(kindSent, l.ID)
		}
		if storeErr := change.commit(); storeErr != nil {
			err = errors.Join(err, storeErr)
		}
		if err != nil {
			m.c.cfg.Log.Warn("message given up", "id", messageID(l.ID), "err", err)
		}
		l.done <- err
		m.mu.Lock()
		q.letters = q.letters[1:]
		m.mu.Unlock()
	}
}

// hopeless are refusals that trying again does not cure: the user must act.
func hopeless(err error) bool {
	switch refusal.Code(err) {
	case refusal.KeyRefused:
		return true
	case refusal.BadFrame:
		return true
	}
	return errors.Is(err, ErrCredit) || errors.Is(err, messaging.ErrPayload)
}

// deliver tries the recipient's providers in turn until one has the letter.
func (m *Messenger) deliver(ctx context.Context, l *letter) error {
	for round := 0; ; round++ {
		var failures []error
		stuck := 0
		for _, provider := range m.c.dir.healthyFirst(l.To.Providers) {
			attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
			err := m.depositAt(attempt, l, provider)
			cancel()
			if err == nil {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			m.c.dir.failed(provider)
			failures = append(failures, err)
			if hopeless(err) {
				stuck++
			}
			m.c.cfg.Log.Info("deposit failed", "id", messageID(l.ID), "provider", fmt.Sprintf("%x", provider[:4]), "err", err)
		}
		if stuck == len(l.To.Providers) {
			return errors.Join(failures...)
		}
		if err := sleep(ctx, retryDelay(round)); err != nil {
			return err
		}
	}
}

// attemptTimeout for one provider, allotting included: that takes blocks.
const attemptTimeout = 30 * time.Second

func (m *Messenger) depositAt(ctx context.Context, l *letter, provider []byte) error {
	if l.Envelope == nil || l.Expires <= time.Now().Unix() {
		if err := m.seal(ctx, l, provider); err != nil {
			return err
		}
	}
	id := l.Envelope.ID()
	usage := []*voucher.Usage{
		{Measure: messaging.MeasureKiB, Quantity: l.Envelope.KiB()},
		{Measure: messaging.MeasureMessage, Quantity: 1},
	}
	return m.c.purse.use(ctx, provider, usage, fmt.Sprintf("%x", id), func(ctx context.Context, session [32]byte) (bool, error) {
		return m.c.deposit(ctx, provider, session, l.Envelope)
	})
}

// seal encrypts a letter to a prekey that the provider gives out, and writes it down.
func (m *Messenger) seal(ctx context.Context, l *letter, provider []byte) error {
	var prekey *messaging.Prekey
	err := m.c.purse.use(ctx, provider, nil, "prekey", func(ctx context.Context, session [32]byte) (bool, error) {
		var err error
		prekey, err = m.c.fetchPrekey(ctx, provider, session, l.To.Identity)
		return false, err
	})
	if err != nil {
		return err
	}
	if !bytes.Equal(prekey.Identity, l.To.Identity) {
		return messaging.ErrPrekey
	}
	payload := &messaging.Payload{
		Id: l.ID, Sender: m.contact, Kind: l.Kind, SentUnixMs: l.Sent, Body: l.Body, Ref: l.Ref,
	}
	if l.Envelope, err = messaging.Seal(payload, ed25519.PrivateKey(m.c.identity), prekey); err != nil {
		return err
	}
	l.Expires = prekey.ExpiresUnix
	return m.c.store.change().set(kindOutbox, l.Name, l).commit()
}
