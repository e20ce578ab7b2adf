package sdk

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/topnetwork/top/protocol/messaging"
)

const (
	// prekeysFull is what a home is filled up to once it has fewer than prekeysLow.
	prekeysFull, prekeysLow = 64, 32
	// oneTimeLife and lastResortLife of prekeys; the last resort is replaced when half its life is over. Secrets are kept
	// for mailLife longer: envelopes sealed at the last moment may still wait.
	oneTimeLife    = 30 * 24 * time.Hour
	lastResortLife = 14 * 24 * time.Hour
	mailLife       = 14 * 24 * time.Hour

	settingPublished = "published"
)

// prekeySecret is the private half of a prekey.
type prekeySecret struct {
	Secret     []byte
	LastResort bool
	Expires    int64
}

func prekeyName(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

// maintain brings a home's prekeys up to strength.
func (m *Messenger) maintain(ctx context.Context, home []byte) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, a, err := m.c.ownMailbox(ctx, home)
	if err != nil {
		return err
	}
	defer func() { s.end(err) }()
	now := time.Now()
	change := m.c.store.change()
	var fresh []*messaging.Prekey
	add := func(lastResort bool, life time.Duration) error {
		var id [8]byte
		if _, err := io.ReadFull(entropy, id[:]); err != nil {
			return err
		}
		n := binary.BigEndian.Uint64(id[:]) | 1 // never 0
		p, secret, err := messaging.NewPrekey(entropy, m.c.identity, n, lastResort, now.Add(life).Unix())
		if err != nil {
			return err
		}
		fresh = append(fresh, p)
		change.set(kindPrekey, prekeyName(n), prekeySecret{Secret: secret, LastResort: lastResort, Expires: p.ExpiresUnix})
		return nil
	}
	if a.LastResortExpiresUnix < now.Add(lastResortLife/2).Unix() {
		if err := add(true, lastResortLife); err != nil {
			return err
		}
	}
	if a.Prekeys < prekeysLow {
		for range prekeysFull - a.Prekeys {
			if err := add(false, oneTimeLife); err != nil {
				return err
			}
		}
	}
	// Secrets are on disk before anybody can use the public halves.
	if err := change.commit(); err != nil || len(fresh) == 0 {
		return err
	}
	res, err := s.ask(&messaging.Request{Request: &messaging.Request_PublishPrekeys{
		PublishPrekeys: &messaging.PublishPrekeys{Prekeys: fresh},
	}})
	if err != nil {
		return fmt.Errorf("publish prekeys: %w", err)
	}
	if res.GetPublished() == nil {
		return errAnswer
	}
	return m.c.store.change().set(kindSetting, []byte(settingPublished), true).commit()
}

func (m *Messenger) published() bool {
	var done bool
	_, _ = m.c.store.get(kindSetting, []byte(settingPublished), &done)
	return done
}

// forgetOld deletes secrets that no envelope can need any more, and the memory of messages long received.
func (m *Messenger) forgetOld() error {
	change := m.c.store.change()
	before := time.Now().Add(-mailLife).Unix()
	err := m.c.store.each(kindPrekey, func(name, raw []byte) error {
		var p prekeySecret
		if err := json.Unmarshal(raw, &p); err != nil {
			return err
		}
		if p.Expires < before {
			change.delete(kindPrekey, name)
		}
		return nil
	})
	if err == nil {
		err = m.c.store.each(kindReceived, func(name, raw []byte) error {
			var at int64
			if err := json.Unmarshal(raw, &at); err != nil {
				return err
			}
			// Longer than any envelope can live: the life of the prekey that it needs, twice.
			if at < time.Now().Add(-2*(oneTimeLife+mailLife)).Unix() {
				change.delete(kindReceived, name)
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	return change.commit()
}
