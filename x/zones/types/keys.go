package types

import (
	"slices"

	"cosmossdk.io/collections"
)

const (
	// ModuleName of x/zones.
	ModuleName = "zones"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// Prefixes of the module's collections. They are seen by other chains: they may not change.
var (
	CurrentKey = collections.NewPrefix(0)
	TablesKey  = collections.NewPrefix(1)
)

// TableKey is where the store has the current routing table (RoutingTable): what is proven to shards and wallets.
func TableKey() []byte { return slices.Clone(CurrentKey.Bytes()) }
