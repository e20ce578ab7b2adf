package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/operators.
	ModuleName = "operators"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// OperatorsKey prefixes operators by address.
var OperatorsKey = collections.NewPrefix(0)
