package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/issuance; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid")
	ErrNotFound     = errorsmod.Register(ModuleName, 3, "not found")
	ErrUnauthorized = errorsmod.Register(ModuleName, 4, "unauthorized")
	ErrInvariant    = errorsmod.Register(ModuleName, 5, "invariant broken")
)
