package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/committees.
	ModuleName = "committees"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// Prefixes of the module's collections.
var (
	ParamsKey    = collections.NewPrefix(0)
	CommitteeKey = collections.NewPrefix(1)
	TermsKey     = collections.NewPrefix(2)
	TokensKey    = collections.NewPrefix(3)
	WorksKey     = collections.NewPrefix(4)
	// TouchedKey marks whose tokens a block may have changed; nothing stands there between blocks.
	TouchedKey = collections.NewPrefix(5)
)
