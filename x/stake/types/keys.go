package types

import "cosmossdk.io/collections"

const (
	// ModuleName of x/stake.
	ModuleName = "stake"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// Prefixes of the module's collections.
var (
	ParamsKey    = collections.NewPrefix(0)
	NodesKey     = collections.NewPrefix(1)
	HotKey       = collections.NewPrefix(2)
	VRFKeysKey   = collections.NewPrefix(3)
	TallyKey     = collections.NewPrefix(4)
	MissesKey    = collections.NewPrefix(5)
	AbsencesKey  = collections.NewPrefix(6)
	SnapshotsKey = collections.NewPrefix(7)
	EntriesKey   = collections.NewPrefix(8)
	CursorKey    = collections.NewPrefix(9)
)
