package types

import "cosmossdk.io/collections"

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
)
