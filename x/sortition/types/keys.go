package types

import (
	"encoding/binary"
	"slices"

	"cosmossdk.io/collections"
)

const (
	// ModuleName of x/sortition.
	ModuleName = "sortition"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// Prefixes of the module's collections.
var (
	ParamsKey    = collections.NewPrefix(0)
	DevnetKey    = collections.NewPrefix(1)
	SeedKey      = collections.NewPrefix(2)
	RecordsKey   = collections.NewPrefix(3)
	ProofsKey    = collections.NewPrefix(4)
	ElectionsKey = collections.NewPrefix(5)
	// PendingKey marks, in the state of CheckTx alone, proofs that wait in the mempool.
	PendingKey = collections.NewPrefix(6)
	// PublishedKey is seen by other chains: it may not change.
	PublishedKey = collections.NewPrefix(7)
)

// PublishedSeedKey is where the store has the published seed of an epoch: what is proven to other chains' light clients.
func PublishedSeedKey(epoch uint64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clone(PublishedKey.Bytes()), epoch)
}
