package sdk

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Kinds of records in a client's database.
const (
	kindSetting  = 'a' // name -> value
	kindSession  = 's' // session id -> session.State
	kindPrekey   = 'k' // prekey id -> secret
	kindOutbox   = 'o' // message id -> letter, until it is deposited
	kindSent     = 'w' // message id -> recipient, until it is delivered
	kindInbox    = 'i' // message -> what the app has not taken yet
	kindReceived = 'r' // sender and message id, or envelope id -> when
)

// store is the client's database: prekeys, sessions, letters under way.
type store struct{ db *pebble.DB }

func openStore(path string, log pebble.Logger) (*store, error) {
	db, err := pebble.Open(path, &pebble.Options{Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open %s (is another program using it?): %w", path, err)
	}
	return &store{db}, nil
}

func recordKey(kind byte, name []byte) []byte { return append([]byte{kind}, name...) }

// change is a set of writes that happen together.
type change struct {
	b   *pebble.Batch
	err error
}

func (s *store) change() *change { return &change{b: s.db.NewBatch()} }

func (c *change) set(kind byte, name []byte, value any) *change {
	raw, err := json.Marshal(value)
	if err == nil {
		err = c.b.Set(recordKey(kind, name), raw, nil)
	}
	c.err = errors.Join(c.err, err)
	return c
}

func (c *change) delete(kind byte, name []byte) *change {
	c.err = errors.Join(c.err, c.b.Delete(recordKey(kind, name), nil))
	return c
}

// commit answers when the change is on disk.
func (c *change) commit() error {
	if c.err != nil {
		return errors.Join(c.err, c.b.Close())
	}
	return errors.Join(c.b.Commit(pebble.Sync), c.b.Close())
}

// get fills value and tells whether the record exists.
func (s *store) get(kind byte, name []byte, value any) (bool, error) {
	raw, closer, err := s.db.Get(recordKey(kind, name))
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = json.Unmarshal(raw, value)
	return err == nil, errors.Join(err, closer.Close())
}

// each calls f with the records of a kind, by name.
func (s *store) each(kind byte, f func(name, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = f(append([]byte{}, it.Key()[1:]...), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}
