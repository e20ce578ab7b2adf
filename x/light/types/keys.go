package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/light.
	ModuleName = "light"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// Prefixes of the state.
var (
	ParamsKey  = collections.NewPrefix(0)
	HeadersKey = collections.NewPrefix(1)
	FrozenKey  = collections.NewPrefix(2)
)
