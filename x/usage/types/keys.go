package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/usage.
	ModuleName = "usage"
	// StoreKey of its state.
	StoreKey = ModuleName
	// PortID of its IBC v2 packets on a service chain; the main chain's is "billing".
	PortID = "usage"
)

// Prefixes of the module's collections.
var (
	ParamsKey         = collections.NewPrefix(0)
	ChainKey          = collections.NewPrefix(1)
	CreditsKey        = collections.NewPrefix(2)
	SubLinesKey       = collections.NewPrefix(3)
	KeySpendingsKey   = collections.NewPrefix(4)
	ProvidersKey      = collections.NewPrefix(5)
	ClaimsKey         = collections.NewPrefix(6)
	ChallengeQueueKey = collections.NewPrefix(7)
	DeadlineQueueKey  = collections.NewPrefix(8)
	ProvenQueueKey    = collections.NewPrefix(9)
	ReleaseQueueKey   = collections.NewPrefix(10)
	SettlementsKey    = collections.NewPrefix(11)
	ResendQueueKey    = collections.NewPrefix(12)
	LastSettlementKey = collections.NewPrefix(13)
	SettledKey        = collections.NewPrefix(14)
	DebitsKey         = collections.NewPrefix(15)
	DropQueueKey      = collections.NewPrefix(20)
	ActivitiesKey     = collections.NewPrefix(21)
	SessionKeysKey    = collections.NewPrefix(22)
	UndatedQueueKey   = collections.NewPrefix(23)
	SeedKey           = collections.NewPrefix(24)
)
