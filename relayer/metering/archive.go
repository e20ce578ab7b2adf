package metering

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cosmos/cosmos-sdk/types/bech32"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
)

// prefixEvidence of what was claimed: epoch, then the leaf's key (payer, session key, session id). Disputes ask for exactly this order.
const prefixEvidence = 'e'

func evidenceKey(epoch uint64, rest ...byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{prefixEvidence}, epoch), rest...)
}

// Archive moves an epoch whose claim is proven out of the books: its vouchers stay on disk, for payers may dispute them until they are paid and after.
func (s *Sessions) Archive(epoch uint64) error { return s.drop(epoch, true) }

// keep adds a session's evidence to a batch, if it has any.
func (Store) keep(b *pebble.Batch, epoch uint64, e *voucher.Evidence) error {
	if e == nil {
		return nil
	}
	_, payer, err := bech32.DecodeAndConvert(e.Open.Payer)
	if err != nil {
		return nil //nolint:nilerr // no claim can name such a payer, so nobody can dispute it
	}
	key, err := claim.LeafKey(payer, e.Open.SessionKey, e.Voucher.SessionId)
	if err != nil {
		return nil //nolint:nilerr // the same
	}
	raw, err := e.Marshal()
	if err != nil {
		return fmt.Errorf("marshal evidence: %w", err)
	}
	return b.Set(evidenceKey(epoch, key...), raw, nil)
}

// Archived answers the epochs of which vouchers are kept, in rising order.
func (s Store) Archived() (epochs []uint64, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixEvidence}, UpperBound: []byte{prefixEvidence + 1}})
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok; {
		epoch := binary.BigEndian.Uint64(it.Key()[1:])
		epochs = append(epochs, epoch)
		ok = epoch != ^uint64(0) && it.SeekGE(evidenceKey(epoch+1))
	}
	return epochs, errors.Join(it.Error(), it.Close())
}

// Evidence yields the kept vouchers of an epoch that a payer's session key signed, in rising order of session ids. An unreadable one is yielded as an error.
func (s Store) Evidence(epoch uint64, payer string, sessionKey []byte) iter.Seq2[*voucher.Evidence, error] {
	return func(yield func(*voucher.Evidence, error) bool) {
		_, account, err := bech32.DecodeAndConvert(payer)
		if err != nil {
			yield(nil, fmt.Errorf("payer: %w", err))
			return
		}
		prefix := evidenceKey(epoch, append(account, sessionKey...)...)
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = it.Close() }()
		for it.First(); it.Valid(); it.Next() {
			raw, err := it.ValueAndErr()
			e := &voucher.Evidence{}
			if err == nil {
				err = e.Unmarshal(raw)
			}
			if !yield(e, err) {
				return
			}
		}
		if err := it.Error(); err != nil {
			yield(nil, err)
		}
	}
}

// after is the least key that is greater than every key with the prefix; nil when there is none.
func after(prefix []byte) []byte {
	next := append([]byte(nil), prefix...)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}

// DropArchive deletes the kept vouchers of an epoch.
func (s Store) DropArchive(epoch uint64) error {
	return s.db.DeleteRange(evidenceKey(epoch), after(evidenceKey(epoch)), pebble.Sync)
}
