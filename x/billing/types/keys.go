package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/billing; its account holds every escrow, pool and unpaid payout.
	ModuleName = "billing"
	// StoreKey of its state.
	StoreKey = ModuleName
	// Denom of all amounts.
	Denom = "utop"
	// PortID of its IBC v2 packets on the main chain; the service chains' is "usage".
	PortID = "billing"
	// ServicePortID is the other end's port.
	ServicePortID = "usage"
	// Version and Encoding of every payload.
	Version  = "top-billing-1"
	Encoding = "application/x-protobuf"
	// AckOK is the acknowledgement of a packet that was applied.
	AckOK = "ok"
)

// Prefixes of the module's collections.
var (
	ParamsKey        = collections.NewPrefix(0)
	EpochBlocksKey   = collections.NewPrefix(1)
	RevisionKey      = collections.NewPrefix(2)
	EscrowsKey       = collections.NewPrefix(3)
	LinesKey         = collections.NewPrefix(4)
	PoolsKey         = collections.NewPrefix(5)
	PayoutsKey       = collections.NewPrefix(6)
	PayoutQueueKey   = collections.NewPrefix(7)
	SettlementsKey   = collections.NewPrefix(8)
	UnpaidKey        = collections.NewPrefix(9)
	DisputesKey      = collections.NewPrefix(10)
	DisputeQueueKey  = collections.NewPrefix(11)
	EquivocationsKey = collections.NewPrefix(12)
	AnnouncementsKey = collections.NewPrefix(13)
	EndedKeysKey     = collections.NewPrefix(14)
)
