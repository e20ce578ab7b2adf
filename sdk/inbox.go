package sdk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/messaging"
)

// maintainEvery is how often homes are looked after while the client receives.
const maintainEvery = time.Minute

// Receive picks up from all home providers until ctx ends and delivers every message once, also those that a crash kept
// from the app. The channel is closed at the end. Only one Receive runs at a time; a second one ends at once.
func (m *Messenger) Receive(ctx context.Context) <-chan Message {
	out := make(chan Message)
	m.mu.Lock()
	busy := m.receiving
	m.receiving = true
	m.mu.Unlock()
	if busy {
		close(out)
		return out
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(m.c.ctx, cancel)
	m.c.work.Go(func() {
		defer close(out)
		defer func() {
			m.mu.Lock()
			m.receiving = false
			m.mu.Unlock()
		}()
		defer stop()
		defer cancel()
		var homes sync.WaitGroup
		for _, home := range m.contact.Providers {
			homes.Go(func() { m.follow(ctx, home) })
		}
		defer homes.Wait()
		if err := m.hand(ctx, out); err != nil && ctx.Err() == nil {
			m.c.cfg.Log.Error("receive", "err", err)
		}
		cancel()
	})
	return out
}

// arrival is a message in the inbox, under its name on disk.
type arrival struct {
	name []byte
	msg  Message
}

// load the inbox that an earlier run left.
func (m *Messenger) load() error {
	return m.c.store.each(kindInbox, func(name, raw []byte) error {
		a := arrival{name: name}
		if err := json.Unmarshal(raw, &a.msg); err != nil {
			return fmt.Errorf("inbox: %w", err)
		}
		m.inbox = append(m.inbox, a)
		return nil
	})
}

// hand passes what is in the inbox to the app. A message leaves the disk when the app has taken it.
func (m *Messenger) hand(ctx context.Context, out chan<- Message) error {
	for {
		m.mu.Lock()
		arrived, waiting := m.arrived, m.inbox
		m.mu.Unlock()
		for _, a := range waiting {
			select {
			case out <- a.msg:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := m.c.store.change().delete(kindInbox, a.name).commit(); err != nil {
				return err
			}
			m.mu.Lock()
			m.inbox = m.inbox[1:]
			m.mu.Unlock()
		}
		if len(waiting) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-arrived:
		}
	}
}

// follow keeps a pickup open at one home, whatever happens to it.
func (m *Messenger) follow(ctx context.Context, home []byte) {
	for failures := 0; ctx.Err() == nil; failures++ {
		started := time.Now()
		err := m.pickup(ctx, home)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > maintainEvery {
			failures = 0
		}
		m.c.cfg.Log.Info("pickup ended, trying again", "err", err)
		_ = sleep(ctx, retryDelay(failures))
	}
}

func (m *Messenger) pickup(ctx context.Context, home []byte) (err error) {
	if err := m.maintain(ctx, home); err != nil {
		return err
	}
	s, _, err := m.c.ownMailbox(ctx, home)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Reset, so that the provider stops sending at once.
	defer func() { s.end(errors.Join(err, errPickupOver)) }()
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	used := make(chan struct{}, 1)
	work.Go(func() { m.tendHome(ctx, home, used) })
	if err := frame.Write(s, &messaging.Request{Request: &messaging.Request_Pickup{Pickup: &messaging.Pickup{}}}); err != nil {
		return err
	}
	_ = s.SetDeadline(time.Time{})
	for {
		res, err := s.next()
		if err != nil {
			return err
		}
		if res.GetAcked() != nil {
			continue
		}
		e := res.GetDelivery()
		if e == nil {
			return errAnswer
		}
		if err := m.take(e); err != nil {
			return err
		}
		select {
		case used <- struct{}{}:
		default:
		}
		id := e.ID()
		_ = s.SetWriteDeadline(time.Now().Add(callTimeout))
		err = frame.Write(s, &messaging.Request{Request: &messaging.Request_Ack{Ack: &messaging.Ack{Ids: [][]byte{id[:]}}}})
		if err != nil {
			return err
		}
	}
}

var errPickupOver = errors.New("pickup over")

// tendHome tops up prekeys from time to time, if any were used.
func (m *Messenger) tendHome(ctx context.Context, home []byte, used <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-used:
		case <-time.After(time.Hour): // prekeys expire, used or not
		}
		if sleep(ctx, time.Second) != nil {
			return
		}
		if err := errors.Join(m.maintain(ctx, home), m.forgetOld()); err != nil && ctx.Err() == nil {
			m.c.cfg.Log.Info("look after home", "err", err)
		}
		if sleep(ctx, maintainEvery/6) != nil {
			return
		}
	}
}

// take decrypts an envelope into the inbox. What cannot be read is dropped: it was damaged, forged, or meant for a prekey
// that was used before. An error means that the disk failed; the envelope stays with the provider then.
func (m *Messenger) take(e *messaging.Envelope) error {
	id := e.ID()
	known, err := m.known(id[:])
	if err != nil || known {
		return err
	}
	var secret prekeySecret
	found, err := m.c.store.get(kindPrekey, prekeyName(e.PrekeyId), &secret)
	if err != nil {
		return err
	}
	if !found || string(e.Recipient) != string(m.contact.Identity) {
		m.c.cfg.Log.Warn("envelope dropped: its prekey is used up or unknown")
		return nil
	}
	p, err := messaging.Open(e, secret.Secret, secret.LastResort)
	if err != nil {
		m.c.cfg.Log.Warn("envelope dropped", "err", err)
		return nil
	}
	now := time.Now()
	name := sha256.Sum256(append(append([]byte{}, p.Sender.Identity...), p.Id...))
	change := m.c.store.change().set(kindReceived, id[:], now.Unix())
	if !secret.LastResort {
		change.delete(kindPrekey, prekeyName(e.PrekeyId))
	}
	if known, err = m.known(name[:]); err != nil {
		return err
	}
	var arrivals []arrival
	var answers []*letter
	if !known {
		change.set(kindReceived, name[:], now.Unix())
		if arrivals, answers, err = m.open(change, p, now); err != nil {
			return err
		}
	}
	if err := change.commit(); err != nil {
		return err
	}
	m.mu.Lock()
	m.inbox = append(m.inbox, arrivals...)
	close(m.arrived)
	m.arrived = make(chan struct{})
	m.mu.Unlock()
	for _, answer := range answers {
		m.enqueue(answer)
	}
	return nil
}

func (m *Messenger) known(name []byte) (bool, error) {
	var at int64
	return m.c.store.get(kindReceived, name, &at)
}

// open adds a payload's effects to a change, and answers them: the message for the app and, for a text, the delivery notification.
func (m *Messenger) open(change *change, p *messaging.Payload, now time.Time) ([]arrival, []*letter, error) {
	a := arrival{
		name: append(binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano())), p.Id...),
		msg:  Message{ID: messageID(p.Id), From: p.Sender.Text(), Sent: time.UnixMilli(p.SentUnixMs)},
	}
	switch p.Kind {
	case messaging.Kind_KIND_TEXT:
		a.msg.Body = string(p.Body)
		change.set(kindInbox, a.name, a.msg)
		if m.c.cfg.Quiet {
			return []arrival{a}, nil, nil
		}
		answer, err := newLetter(p.Sender, messaging.Kind_KIND_NOTIFICATION, nil, p.Id)
		if err != nil {
			return nil, nil, err
		}
		change.set(kindOutbox, answer.Name, answer)
		return []arrival{a}, []*letter{answer}, nil
	case messaging.Kind_KIND_NOTIFICATION:
		// Only the recipient can say that it arrived, and only once.
		var recipient []byte
		found, err := m.c.store.get(kindSent, p.Ref, &recipient)
		if err != nil {
			return nil, nil, err
		}
		if found && string(recipient) == string(p.Sender.Identity) {
			a.msg.Kind, a.msg.ID = Delivered, messageID(p.Ref)
			change.set(kindInbox, a.name, a.msg).delete(kindSent, p.Ref)
			return []arrival{a}, nil, nil
		}
	}
	return nil, nil, nil
}
