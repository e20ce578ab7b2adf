package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/services; its account holds the deposits.
	ModuleName = "services"
	// StoreKey of its state.
	StoreKey = ModuleName
	// Denom of deposits.
	Denom = "utop"
)

// Prefixes of the module's collections.
var (
	ParamsKey       = collections.NewPrefix(0)
	TypesKey        = collections.NewPrefix(1)
	ChainsKey       = collections.NewPrefix(2)
	ClientsKey      = collections.NewPrefix(3)
	ProvidersKey    = collections.NewPrefix(4)
	ProviderKeysKey = collections.NewPrefix(5)
)
