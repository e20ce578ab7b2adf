package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/operators; codes are append-only.
var (
	ErrInvalidGenesis = errorsmod.Register(ModuleName, 2, "invalid genesis")
	ErrNotFound       = errorsmod.Register(ModuleName, 3, "operator not found")
)
