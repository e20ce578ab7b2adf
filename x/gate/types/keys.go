package types

import (
	"cosmossdk.io/collections"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// ModuleName of x/gate, and of the account that holds what shards have.
	ModuleName = "gate"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// Bounds of the state and of a block's work.
const (
	// MaxQueued receipts that were taken and not carried out: beyond that nothing more is taken.
	MaxQueued = 10_000
	// ActsPerBlock of them that a block carries out.
	ActsPerBlock = 250
)

// Prefixes of the state. What shards ask proofs of stands under the keys that x/lattice has for it (latticetypes.BatchKey, latticetypes.InboxKey): they may not change.
var (
	ParamsKey = collections.NewPrefix(0)
	// IssuedKey of what genesis gave to shards.
	IssuedKey = collections.NewPrefix(1)
	// QueueKey and LeavingKey by sequence: receipts to be carried out, and those that the next batches take. QueuedKey and LeftKey are their sums in utop.
	QueueKey           = collections.NewPrefix(2)
	QueueSequenceKey   = collections.NewPrefix(3)
	LeavingKey         = collections.NewPrefix(4)
	LeavingSequenceKey = collections.NewPrefix(5)
	QueuedKey          = collections.NewPrefix(17)
	LeftKey            = collections.NewPrefix(18)

	OutboxesKey      = latticetypes.OutboxesKey
	BatchesKey       = latticetypes.BatchesKey
	HashesKey        = latticetypes.HashesKey
	InboxesKey       = latticetypes.InboxesKey
	UnauditedKey     = latticetypes.UnauditedKey
	UnauditedSumsKey = latticetypes.UnauditedSumsKey
	ConfirmedKey     = latticetypes.ConfirmedKey
)
