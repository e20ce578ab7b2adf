package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/usage; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid request")
	ErrNotFound     = errorsmod.Register(ModuleName, 3, "not found")
	ErrUnauthorized = errorsmod.Register(ModuleName, 4, "unauthorized")
	ErrCredit       = errorsmod.Register(ModuleName, 5, "insufficient credit")
	ErrLinked       = errorsmod.Register(ModuleName, 6, "main chain already linked")
	ErrWindow       = errorsmod.Register(ModuleName, 7, "outside of the window")
	ErrClaim        = errorsmod.Register(ModuleName, 8, "claim refused")
	ErrProof        = errorsmod.Register(ModuleName, 9, "proof refused")
	ErrKey          = errorsmod.Register(ModuleName, 10, "session key refused")
	ErrLimit        = errorsmod.Register(ModuleName, 11, "limit reached")
	ErrInvariant    = errorsmod.Register(ModuleName, 12, "invariant broken")
	ErrSeed         = errorsmod.Register(ModuleName, 13, "seed refused")
	ErrNotAwaited   = errorsmod.Register(ModuleName, 14, "no seed is awaited")
)
