package types

import (
	"math"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
)

// MaxReason of a freeze in bytes.
const MaxReason = 256

// NewShard of the network, which forms.
func NewShard(s trie.Shard, height int64, epoch uint64) Shard {
	return Shard{
		Name: s.Name(), Zone: s.Zone, PrefixBits: s.Prefix.Bits, PrefixLen: uint32(s.Prefix.Len), Generation: s.Generation,
		Status: Status_STATUS_FORMING, SinceHeight: height, SinceEpoch: epoch,
	}
}

// Prefix of the shard's buckets; what does not fit is refused by its check.
func (s Shard) Prefix() lattice.Prefix {
	return lattice.Prefix{Bits: s.PrefixBits, Len: uint8(min(s.PrefixLen, math.MaxUint8))}
}

// Parent is the prefix of both halves; only of one with bits.
func (s Shard) Parent() lattice.Prefix {
	return lattice.Prefix{Bits: s.PrefixBits >> 1, Len: s.Prefix().Len - 1}
}

// Runs tells whether the shard makes blocks that may count.
func (s Shard) Runs() bool {
	return s.Status == Status_STATUS_ACTIVE || s.Ends()
}

// Ends tells whether the shard was told to make its last block.
func (s Shard) Ends() bool {
	return s.Status == Status_STATUS_SPLITTING || s.Status == Status_STATUS_MERGING
}

// WasFrozen tells whether nothing above the shard's final height counts, though its members may have made more: it is frozen, or was restarted since. Who ends by its own last block has proven the root of its accounts.
func (s Shard) WasFrozen() bool {
	return s.Status == Status_STATUS_FROZEN || s.Status == Status_STATUS_RETIRED && len(s.FinalRoot) == 0
}

// Validate checks a shard by itself.
func (s Shard) Validate() error {
	named, err := trie.ParseName(s.Name)
	if err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	if named != (trie.Shard{Zone: s.Zone, Prefix: s.Prefix(), Generation: s.Generation}) {
		return errorsmod.Wrapf(ErrInvalid, "%s is recorded with zone %d, bits %s, generation %d", s.Name, s.Zone, s.Prefix(), s.Generation)
	}
	if _, known := Status_name[int32(s.Status)]; !known || s.Status == Status_STATUS_UNSPECIFIED {
		return errorsmod.Wrapf(ErrInvalid, "%s has no status", s.Name)
	}
	if (s.Term == 0) != (s.Status == Status_STATUS_FORMING) {
		return errorsmod.Wrapf(ErrInvalid, "%s is %s with term %d: it has a committee as soon as it no longer forms", s.Name, s.Status, s.Term)
	}
	if len(s.Parents) > 2 || len(s.Children) > 2 || len(s.Reason) > MaxReason || s.SinceHeight < 0 {
		return errorsmod.Wrapf(ErrInvalid, "%s has %d parents, %d children, a reason of %d bytes: at most two of each, and %d bytes", s.Name, len(s.Parents), len(s.Children), len(s.Reason), MaxReason)
	}
	for _, hash := range [][]byte{s.FinalHash, s.FinalRoot, s.GenesisRoot} {
		if len(hash) != 0 && len(hash) != lattice.HashSize {
			return errorsmod.Wrapf(ErrInvalid, "a hash of %s has %d bytes, want %d", s.Name, len(hash), lattice.HashSize)
		}
	}
	if s.Ends() && len(s.Children) == 0 {
		return errorsmod.Wrapf(ErrInvalid, "%s is %s and names nobody who has its accounts then", s.Name, s.Status)
	}
	return nil
}
