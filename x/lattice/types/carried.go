package types

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/topnetwork/top/protocol/lattice"
)

const (
	// MaxCarried is the size of a carried transaction in bytes: a block's, but for what is around it.
	MaxCarried = 4<<20 - 1<<10
	// firstCarried field of a carried transaction; those of transfers are below.
	firstCarried = 101
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
