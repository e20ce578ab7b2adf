package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/services; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid registration")
	ErrExists       = errorsmod.Register(ModuleName, 3, "already registered")
	ErrNotFound     = errorsmod.Register(ModuleName, 4, "not registered")
	ErrUnauthorized = errorsmod.Register(ModuleName, 5, "unauthorized")
	ErrDeposit      = errorsmod.Register(ModuleName, 6, "deposit too small")
	ErrClient       = errorsmod.Register(ModuleName, 7, "unsuitable light client")
	ErrNotLinked    = errorsmod.Register(ModuleName, 8, "service chain not linked")
	ErrInvariant    = errorsmod.Register(ModuleName, 9, "invariant broken")
	ErrExiting      = errorsmod.Register(ModuleName, 10, "exiting")
)
