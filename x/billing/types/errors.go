package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/billing; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid request")
	ErrNotFound     = errorsmod.Register(ModuleName, 3, "not found")
	ErrUnauthorized = errorsmod.Register(ModuleName, 4, "unauthorized")
	ErrInsufficient = errorsmod.Register(ModuleName, 5, "insufficient funds in escrow")
	ErrOverflow     = errorsmod.Register(ModuleName, 6, "amount too large")
	ErrLimit        = errorsmod.Register(ModuleName, 7, "limit reached")
	ErrPacket       = errorsmod.Register(ModuleName, 8, "invalid packet")
	ErrInvariant    = errorsmod.Register(ModuleName, 9, "invariant broken")
	ErrDispute      = errorsmod.Register(ModuleName, 10, "dispute")
	ErrExposure     = errorsmod.Register(ModuleName, 11, "exposure limit")
)
