package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/issuance.
	ModuleName = "issuance"
	// StoreKey of its state.
	StoreKey = ModuleName
	// Denom of amounts.
	Denom = "utop"
)

// Prefixes of the module's collections.
var (
	ParamsKey = collections.NewPrefix(0)
	ClockKey  = collections.NewPrefix(1)
	YearsKey  = collections.NewPrefix(2)
	EpochsKey = collections.NewPrefix(3)
)
