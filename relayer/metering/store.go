package metering

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/voucher"
)

// Keys in the provider's database. Services keep theirs under their own names, after 'v'.
const (
	prefixSession = 's'
	prefixClaim   = 'c'
)

// Store keeps session and claim records. What it says is written is on disk: a killed process loses nothing.
type Store struct{ db *pebble.DB }

// NewStore uses an open database.
func NewStore(db *pebble.DB) Store { return Store{db} }

func sessionKey(id [32]byte) []byte { return append([]byte{prefixSession}, id[:]...) }

func claimKey(epoch uint64, root []byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{prefixClaim}, epoch), root...)
}

// set adds a session's record to a batch.
func (Store) set(b *pebble.Batch, s *Session) error {
	raw, err := s.Record.Marshal()
	if err != nil {
		return fmt.Errorf("marshal session: %w", err)
	}
	return b.Set(sessionKey(s.ID), raw, nil)
}

// save writes a session's record and whatever else belongs to the same step, all or nothing, and waits for the disk.
func (s Store) save(session *Session, more func(*pebble.Batch) error) error {
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	if err := s.set(b, session); err != nil {
		return err
	}
	if more != nil {
		if err := more(b); err != nil {
			return err
		}
	}
	return b.Commit(pebble.Sync)
}

// records calls f with every session record.
func (s Store) records(f func(Record) error) error {
	return s.each(prefixSession, func(_, value []byte) error {
		var r Record
		if err := r.Unmarshal(value); err != nil {
			return fmt.Errorf("session record: %w", err)
		}
		return f(r)
	})
}

// SaveClaim writes a claim before it is sent: a claim on chain whose leaves are forgotten could not be proven.
func (s Store) SaveClaim(c *ClaimRecord) error {
	raw, err := c.Marshal()
	if err != nil {
		return fmt.Errorf("marshal claim: %w", err)
	}
	return s.db.Set(claimKey(c.Epoch, c.Root), raw, pebble.Sync)
}

// ErrNoRecord says that a claim was not made from this store.
var ErrNoRecord = errors.New("no record of that claim")

// LoadClaim answers the claim with that root, or ErrNoRecord.
func (s Store) LoadClaim(epoch uint64, root []byte) (*ClaimRecord, error) {
	raw, closer, err := s.db.Get(claimKey(epoch, root))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, ErrNoRecord
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = closer.Close() }()
	var c ClaimRecord
	if err := c.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("claim record: %w", err)
	}
	return &c, nil
}

// forget deletes an epoch's sessions and claims, and keeps the evidence.
func (s Store) forget(epoch uint64, ids [][32]byte, evidence []*voucher.Evidence) error {
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	for _, e := range evidence {
		if err := s.keep(b, epoch, e); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := b.Delete(sessionKey(id), nil); err != nil {
			return err
		}
	}
	if err := b.DeleteRange(claimKey(epoch, nil), claimKey(epoch+1, nil), nil); err != nil {
		return err
	}
	return b.Commit(pebble.Sync)
}

func (s Store) each(prefix byte, f func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix}, UpperBound: []byte{prefix + 1}})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = f(it.Key(), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}
