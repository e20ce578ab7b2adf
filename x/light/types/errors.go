package types

import errorsmod "cosmossdk.io/errors"

// Errors of x/light; codes are append-only.
var (
	ErrInvalid = errorsmod.Register(ModuleName, 2, "invalid")
	// ErrNoMainChain is the answer to everything where genesis names no main chain.
	ErrNoMainChain = errorsmod.Register(ModuleName, 3, "no main chain")
	// ErrFrozen once the main chain's validators were proven to have signed two headers that cannot both be.
	ErrFrozen = errorsmod.Register(ModuleName, 4, "frozen")
	// ErrKnown header: nothing changed, and nothing needs to.
	ErrKnown = errorsmod.Register(ModuleName, 5, "known already")
	// ErrBehind the newest header, and not kept.
	ErrBehind = errorsmod.Register(ModuleName, 6, "behind the newest header")
	// ErrNotKept header of a height.
	ErrNotKept = errorsmod.Register(ModuleName, 7, "not kept")
	// ErrExpired header: who signed it can no longer be punished.
	ErrExpired = errorsmod.Register(ModuleName, 8, "trusting period over")
	// ErrNotTrusted header: its signatures do not make it one of the main chain.
	ErrNotTrusted = errorsmod.Register(ModuleName, 9, "not trusted")
	// ErrProof that does not lead to a header's app hash.
	ErrProof     = errorsmod.Register(ModuleName, 10, "proof")
	ErrInvariant = errorsmod.Register(ModuleName, 11, "invariant broken")
)
