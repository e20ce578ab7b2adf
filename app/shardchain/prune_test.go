package shardchain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"

	"github.com/topnetwork/top/protocol/lattice"
)

// History leaves with the blocks that it speaks of, and not before.
func TestHistoryLeavesWithItsBlocks(t *testing.T) {
	s := newShard(t, 2)
	a, b := s.users[0], s.users[1]
	baseapp.SetMinRetainBlocks(20)(s.BaseApp)
	var retained int64
	for range 600 {
		s.height++
		var txs [][]byte
		if s.height%20 == 0 {
			txs = [][]byte{a.send(b, 1)}
		}
		for _, r := range s.finalize(txs) {
			require.True(t, r.IsOK(), r.Log)
		}
		res, err := s.Commit()
		require.NoError(t, err)
		require.GreaterOrEqual(t, res.RetainHeight, retained)
		retained = res.RetainHeight
	}
	require.Equal(t, s.height-20, retained)
	r, _, err := s.Engine.Get(a.address)
	require.NoError(t, err)
	first := uint64(0)
	require.NoError(t, s.Engine.Units(a.address, r.Units, r.Height, func(_ lattice.Unit, height uint64) bool {
		first = height
		return true
	}))
	require.LessOrEqual(t, first, uint64(retained)+20, "what the node has the blocks of is there")
	require.Greater(t, first, uint64(retained)-300, "the rest is gone")
}
