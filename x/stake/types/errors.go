package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/stake; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid")
	ErrNotFound     = errorsmod.Register(ModuleName, 3, "not found")
	ErrExists       = errorsmod.Register(ModuleName, 4, "exists")
	ErrUnauthorized = errorsmod.Register(ModuleName, 5, "unauthorized")
	ErrDeposit      = errorsmod.Register(ModuleName, 6, "deposit too small")
	ErrInvariant    = errorsmod.Register(ModuleName, 7, "invariant broken")
)
