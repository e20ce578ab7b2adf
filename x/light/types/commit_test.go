package types_test

import (
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/headers"
	"github.com/topnetwork/top/x/light/types"
)

func TestVerifyCommit(t *testing.T) {
	const power = 1000
	members := headers.Keys(0, 7)
	shard := &headers.Chain{ID: "top-shard-1", Power: power, Start: time.Unix(1_800_000_000, 0).UTC(), Committee: func(int64) []ed25519.PrivKey { return members }}
	signed := func(change func(h *cmttypes.Header), by []ed25519.PrivKey) *cmttypes.SignedHeader {
		h := shard.Header(5)
		if change != nil {
			change(h)
		}
		return headers.Sign(h, headers.Set(members, power), by)
	}
	good := signed(nil, members)
	public := headers.Public(members)
	require.NoError(t, types.VerifyCommit(shard.ID, good, public, power))
	require.NoError(t, types.VerifyCommit(shard.ID, signed(nil, members[2:]), public, power), "five of seven")
	reversed := []ed25519.PubKey{public[6], public[5], public[4], public[3], public[2], public[1], public[0]}
	require.NoError(t, types.VerifyCommit(shard.ID, good, reversed, power), "in any order")
	forged := signed(nil, members)
	forged.Commit.Signatures[1].Signature[0] ^= 1
	nilVotes := signed(nil, members)
	for i := range nilVotes.Commit.Signatures[:3] {
		nilVotes.Commit.Signatures[i].BlockIDFlag = cmttypes.BlockIDFlagNil
	}
	changed := signed(nil, members)
	changed.Header.AppHash = make([]byte, 32)
	later := signed(nil, members)
	later.Commit.Height++
	for name, c := range map[string]struct {
		chain   string
		sh      *cmttypes.SignedHeader
		members []ed25519.PubKey
		power   int64
		want    error
	}{
		"another chain":         {"top-shard-2", good, public, power, types.ErrInvalid},
		"signed for another":    {"top-shard-2", signed(func(h *cmttypes.Header) { h.ChainID = "top-shard-1" }, members), public, power, types.ErrInvalid},
		"four of seven":         {shard.ID, signed(nil, members[3:]), public, power, types.ErrNotTrusted},
		"nobody":                {shard.ID, signed(nil, nil), public, power, types.ErrNotTrusted},
		"forged":                {shard.ID, forged, public, power, types.ErrNotTrusted},
		"votes for nil":         {shard.ID, nilVotes, public, power, types.ErrNotTrusted},
		"a changed header":      {shard.ID, changed, public, power, types.ErrInvalid},
		"commit of another":     {shard.ID, later, public, power, types.ErrInvalid},
		"another committee":     {shard.ID, good, headers.Public(headers.Keys(1, 7)), power, types.ErrNotTrusted},
		"a part of it":          {shard.ID, good, public[:6], power, types.ErrNotTrusted},
		"another power":         {shard.ID, good, public, 1, types.ErrNotTrusted},
		"no power":              {shard.ID, good, public, 0, types.ErrInvalid},
		"a member twice":        {shard.ID, good, append(public[:6:6], public[0]), power, types.ErrInvalid},
		"nobody is in it":       {shard.ID, good, nil, power, types.ErrInvalid},
		"too many":              {shard.ID, good, headers.Public(headers.Keys(0, types.MaxValidators+1)), power, types.ErrInvalid},
		"no key":                {shard.ID, good, append(public[:6:6], nil), power, types.ErrInvalid},
		"nothing":               {shard.ID, nil, public, power, types.ErrInvalid},
		"no header":             {shard.ID, &cmttypes.SignedHeader{Commit: good.Commit}, public, power, types.ErrInvalid},
		"no commit":             {shard.ID, &cmttypes.SignedHeader{Header: good.Header}, public, power, types.ErrInvalid},
		"a header of kilobytes": {shard.ID, signed(func(h *cmttypes.Header) { h.AppHash = make([]byte, types.MaxHeaderBytes) }, members), public, power, types.ErrInvalid},
	} {
		require.ErrorIs(t, types.VerifyCommit(c.chain, c.sh, c.members, c.power), c.want, name)
	}
	one := members[:1]
	alone := &headers.Chain{ID: "top-shard-1", Power: 1, Start: shard.Start, Committee: func(int64) []ed25519.PrivKey { return one }}
	require.NoError(t, types.VerifyCommit(alone.ID, headers.Sign(alone.Header(1), headers.Set(one, 1), one), headers.Public(one), 1), "a devnet's committee of one")
}
