package types

import (
	"bytes"
	"fmt"
	"time"

	"github.com/cometbft/cometbft/crypto/tmhash"
	cmttypes "github.com/cometbft/cometbft/types"
)

// HeaderOf a block of the main chain: what a light client keeps of it. A genesis' first trusted header is made with it.
func HeaderOf(h *cmttypes.Header) Header {
	return Header{Height: h.Height, Time: h.Time.UTC(), AppHash: h.AppHash, NextValidatorsHash: h.NextValidatorsHash, Hash: h.Hash()}
}

// GenesisHeader stands for the block before the first one: a shard that begins with the main chain trusts its genesis. The first block has the genesis' time.
func GenesisHeader(begins time.Time, validatorsHash []byte) Header {
	return Header{Time: begins.Add(-time.Millisecond).UTC(), NextValidatorsHash: validatorsHash}
}

// Validate tells whether it can be one of a main chain.
func (h Header) Validate() error {
	switch {
	case h.Height < 0:
		return fmt.Errorf("height is %d, want 0 for the genesis or more", h.Height)
	case h.Time.Unix() <= 0:
		return fmt.Errorf("time of height %d is %s, want one after 1970", h.Height, h.Time)
	case h.Height == 0:
		if len(h.AppHash) > 0 || len(h.Hash) > 0 || len(h.NextValidatorsHash) != tmhash.Size {
			return fmt.Errorf("app_hash and hash of height 0 are empty, for there is no block; next_validators_hash has %d bytes, want %d", len(h.NextValidatorsHash), tmhash.Size)
		}
	case len(h.AppHash) != tmhash.Size:
		return fmt.Errorf("app_hash of height %d has %d bytes, want %d", h.Height, len(h.AppHash), tmhash.Size)
	case len(h.NextValidatorsHash) != tmhash.Size:
		return fmt.Errorf("next_validators_hash of height %d has %d bytes, want %d", h.Height, len(h.NextValidatorsHash), tmhash.Size)
	case len(h.Hash) != tmhash.Size:
		return fmt.Errorf("hash of height %d has %d bytes, want %d", h.Height, len(h.Hash), tmhash.Size)
	}
	return nil
}

// Contradicts tells why a header that the main chain's validators signed, too, cannot be one of the same chain as this kept one, of the same or a lower height; empty where it can.
func (h Header) Contradicts(other *cmttypes.Header) string {
	switch {
	case other.Height == h.Height && !bytes.Equal(other.Hash(), h.Hash):
		return "two headers of one height"
	case other.Height == h.Height+1 && !bytes.Equal(other.LastBlockID.Hash, h.Hash):
		return "the next header does not follow on the kept one"
	case other.Height > h.Height && !other.Time.After(h.Time):
		return "a higher header is not later"
	}
	return ""
}

// trusted header in the form that CometBFT's light client reads: no more of it than height, time, chain and next validators.
func (h Header) trusted(chainID string) *cmttypes.SignedHeader {
	return &cmttypes.SignedHeader{Header: &cmttypes.Header{ChainID: chainID, Height: h.Height, Time: h.Time, NextValidatorsHash: h.NextValidatorsHash}}
}
