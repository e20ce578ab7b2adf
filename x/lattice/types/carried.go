package types

import (
	"cmp"
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
)

const (
	// MaxCarried is the size of a carried transaction in bytes: a block's, but for what is around it.
	MaxCarried = 4<<20 - 1<<10
	// maxSmall is the size of one that brings no batch: two headers with their commits, or proofs.
	maxSmall = 192 << 10
	// firstCarried field of a carried transaction, which is a delivery; those of transfers are below.
	firstCarried = 101
	// redebitField brings a batch, too.
	redebitField = 106
)

// IsCarried tells, without reading more than the first byte or two, whether bytes claim to be a carried transaction.
func IsCarried(raw []byte) bool {
	n, t, size := protowire.ConsumeTag(raw)
	return size > 0 && n >= firstCarried && t == protowire.BytesType
}

// DecodeCarried reads a carried transaction. It has one encoding, so that nobody gives it another hash.
func DecodeCarried(raw []byte) (*Carried, error) {
	if len(raw) > MaxCarried {
		return nil, fmt.Errorf("%w: a carried transaction of %d bytes, at most %d", lattice.ErrMalformed, len(raw), MaxCarried)
	}
	if n, _, _ := protowire.ConsumeTag(raw); n != firstCarried && n != redebitField && len(raw) > maxSmall {
		return nil, fmt.Errorf("%w: a carried transaction of %d bytes, at most %d without a batch", lattice.ErrMalformed, len(raw), maxSmall)
	}
	tx := &Carried{}
	if err := tx.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", lattice.ErrMalformed, err)
	}
	again, err := tx.Marshal()
	if err != nil || string(again) != string(raw) {
		return nil, fmt.Errorf("%w: a carried transaction in another than its one encoding", lattice.ErrMalformed)
	}
	return tx, nil
}

// Subject is what a carried transaction is about: there are many that prove one thing, for commits and proofs can be made in many ways, and a block needs one of them. Ledger is who has to say it.
func (c *Carried) Subject() (ledger string, subject [sha256.Size]byte, err error) {
	switch t := c.Content.(type) {
	case *Carried_Delivery:
		batch, err := receipt.Decode(t.Delivery.Batch)
		return batch.Source, subjectOf("delivery", batch.Source, batch.Destination, batch.Height), err
	case *Carried_Confirmation:
		if t.Confirmation.Inbox == nil {
			return "", subject, fmt.Errorf("%w: a confirmation without inbox", lattice.ErrMalformed)
		}
		by := cmp.Or(t.Confirmation.Child, t.Confirmation.Destination)
		return by, subjectOf("confirmation", by, t.Confirmation.Destination, t.Confirmation.Inbox.Taken.Height), nil
	case *Carried_MainHeader:
		if b := t.MainHeader.Block; b != nil && b.SignedHeader != nil && b.SignedHeader.Header != nil {
			return "", subjectOf("header", b.SignedHeader.Header.AppHash, b.SignedHeader.Header.Height), nil
		}
	case *Carried_Owed:
		if t.Owed.Standing == nil {
			return "", subject, fmt.Errorf("%w: nobody stands to be settled with", lattice.ErrMalformed)
		}
		return t.Owed.Ledger, subjectOf("owed", t.Owed.Ledger, t.Owed.Standing.Ledger), nil
	case *Carried_Redebit:
		batch, err := receipt.Decode(t.Redebit.Batch)
		return batch.Source, subjectOf("redebit", batch.Source, batch.Destination, batch.Height), err
	case *Carried_Fact:
		return "", subjectOf("fact", t.Fact.Store, t.Fact.Key, t.Fact.Value), nil
	}
	return "", subject, fmt.Errorf("%w: a carried transaction of no known kind", lattice.ErrMalformed)
}

func subjectOf(parts ...any) [sha256.Size]byte { return sha256.Sum256(fmt.Appendf(nil, "%q", parts)) }
