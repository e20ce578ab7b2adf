package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/sortition; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid")
	ErrNotFound     = errorsmod.Register(ModuleName, 3, "not found")
	ErrExists       = errorsmod.Register(ModuleName, 4, "already published")
	ErrUnauthorized = errorsmod.Register(ModuleName, 5, "unauthorized")
	ErrNotOpen      = errorsmod.Register(ModuleName, 6, "not open")
	ErrProof        = errorsmod.Register(ModuleName, 7, "proof refused")
	ErrInvariant    = errorsmod.Register(ModuleName, 8, "invariant broken")
)
