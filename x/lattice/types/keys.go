package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/lattice.
	ModuleName = "lattice"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// MaxWaiting batches of a pair: a destination that confirms none gets no more transfers. MaxReturning is where nothing is taken any more that might have to go back to it, either: two that are full of transfers for each other still take those.
const (
	MaxWaiting   = 1024
	MaxReturning = 2 * MaxWaiting
)

// Prefixes of the state.
var (
	ParamsKey = collections.NewPrefix(0)
	// HeadKey is the one key that commits all accounts: an ics23 proof of it and a proof of protocol/lattice lead to any of them.
	HeadKey  = collections.NewPrefix(1)
	ShardKey = collections.NewPrefix(2)
	// RoutingKey of the network's table.
	RoutingKey = collections.NewPrefix(3)
	// OutboxesKey by destination; BatchesKey by destination and height: what waits there. InboxesKey by source.
	OutboxesKey = collections.NewPrefix(6)
	BatchesKey  = collections.NewPrefix(7)
	InboxesKey  = collections.NewPrefix(8)
	// MembersKey by ledger and term.
	MembersKey = collections.NewPrefix(9)
	// FinalKey of the shard's last height, 8 bytes big endian: what the main chain asks a proof of (x/shards).
	FinalKey = collections.NewPrefix(5)
	// TermKey of the committee that decides now. StandingsKey by ledger. UnauditedKey by source and height of the header that proved them: utop of batches that were taken and not audited.
	TermKey      = collections.NewPrefix(10)
	StandingsKey = collections.NewPrefix(11)
	UnauditedKey = collections.NewPrefix(12)
	// ConfirmedKey by destination and child: how far each child of a destination has taken what was addressed to it.
	ConfirmedKey = collections.NewPrefix(13)
	// HashesKey by destination and height, as BatchesKey: what is proven to destinations, for proofs repeat what they prove.
	HashesKey = collections.NewPrefix(14)
	// MovedKey by denomination: what came from other ledgers less what left for them. UnauditedSumsKey by source.
	MovedKey         = collections.NewPrefix(15)
	UnauditedSumsKey = collections.NewPrefix(16)
	// SettlementsKey by frozen parent. ReturnedKey by ReturnID: what a frozen parent has sent back already, and how often.
	SettlementsKey = collections.NewPrefix(17)
	ReturnedKey    = collections.NewPrefix(18)
	// OverdraftsKey by account: what it could not pay, while there are settlements.
	OverdraftsKey = collections.NewPrefix(19)
	// DebitedKey of the height of the last block that has debited a batch: what its senders could not pay is known after it.
	DebitedKey = collections.NewPrefix(20)
)
