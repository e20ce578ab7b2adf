package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/zones; codes are append-only.
var (
	ErrInvalid   = errorsmod.Register(ModuleName, 2, "invalid")
	ErrNotFound  = errorsmod.Register(ModuleName, 3, "not found")
	ErrInvariant = errorsmod.Register(ModuleName, 4, "invariant broken")
)
