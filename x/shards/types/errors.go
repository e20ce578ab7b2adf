package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/shards; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid")
	ErrNotFound     = errorsmod.Register(ModuleName, 3, "not found")
	ErrUnauthorized = errorsmod.Register(ModuleName, 4, "unauthorized")
	ErrInvariant    = errorsmod.Register(ModuleName, 5, "invariant broken")
	ErrStatus       = errorsmod.Register(ModuleName, 6, "not in this state")
	ErrRefused      = errorsmod.Register(ModuleName, 7, "refused")
	ErrKnown        = errorsmod.Register(ModuleName, 8, "known already")
)
