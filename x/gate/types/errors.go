package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/gate; codes are append-only.
var (
	ErrInvalid      = errorsmod.Register(ModuleName, 2, "invalid")
	ErrUnauthorized = errorsmod.Register(ModuleName, 3, "unauthorized")
	ErrInvariant    = errorsmod.Register(ModuleName, 4, "invariant broken")
	// ErrRefused: not proven, or not what a shard may send.
	ErrRefused = errorsmod.Register(ModuleName, 5, "refused")
	ErrKnown   = errorsmod.Register(ModuleName, 6, "known already")
	// ErrLater: in order, and to be brought again later.
	ErrLater = errorsmod.Register(ModuleName, 7, "not now")
	// ErrUnreachable: nothing can be sent to a shard now.
	ErrUnreachable = errorsmod.Register(ModuleName, 8, "shard cannot be reached")
	// ErrClosed: users pay each other on shards.
	ErrClosed = errorsmod.Register(ModuleName, 9, "the main chain takes no payments between users")
)
