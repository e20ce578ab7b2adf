package types

import (
	"encoding/binary"
	"slices"

	"cosmossdk.io/collections"
)

const (
	// ModuleName of x/shards.
	ModuleName = "shards"
	// StoreKey of its state.
	StoreKey = ModuleName
)

// Prefixes of the module's collections.
var (
	ParamsKey = collections.NewPrefix(0)
	// ShardsKey, CommitteesKey, AnchorsKey and AuditedHeadersKey are seen by other chains: they may not change.
	ShardsKey         = collections.NewPrefix(1)
	CommitteesKey     = collections.NewPrefix(2)
	AnchorsKey        = collections.NewPrefix(3)
	AuditedHeadersKey = collections.NewPrefix(4)
	AuditorsKey       = collections.NewPrefix(5)
	HeadersKey        = collections.NewPrefix(6)
	LoadsKey          = collections.NewPrefix(7)
	WorksKey          = collections.NewPrefix(8)
	GenerationsKey    = collections.NewPrefix(9)
	ProgressKey       = collections.NewPrefix(10)
	CursorKey         = collections.NewPrefix(11)
	CoveredKey        = collections.NewPrefix(12)
)

// ShardKey is where the store has a Shard: 0x01, the name.
func ShardKey(name string) []byte { return keyOf(ShardsKey, name) }

// CommitteeKey is where the store has the Committee of a term: 0x02, the name, 0x00, the term as 8 bytes big endian.
func CommitteeKey(name string, term uint64) []byte {
	return binary.BigEndian.AppendUint64(append(keyOf(CommitteesKey, name), 0), term)
}

// AnchorKey is where the store has the newest Anchor of a shard: 0x03, the name.
func AnchorKey(name string) []byte { return keyOf(AnchorsKey, name) }

// AuditedKey is where the store has the Audited header of a shard: 0x04, the name.
func AuditedKey(name string) []byte { return keyOf(AuditedHeadersKey, name) }

func keyOf(prefix collections.Prefix, name string) []byte {
	return append(slices.Clone(prefix.Bytes()), name...)
}
