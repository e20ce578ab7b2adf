package shardchain_test

import (
	"bytes"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"
)

// snapshot of a height, once it is written.
func (s *shard) snapshot(height uint64) *abci.Snapshot {
	s.t.Helper()
	var found *abci.Snapshot
	require.Eventually(s.t, func() bool {
		res, err := s.ListSnapshots(&abci.RequestListSnapshots{})
		require.NoError(s.t, err)
		for _, snapshot := range res.Snapshots {
			if snapshot.Height == height {
				found = snapshot
			}
		}
		return found != nil
	}, 30*time.Second, time.Millisecond)
	return found
}

// restore a snapshot into an empty shard, chunk by chunk as another node sends them.
func (s *shard) restore(from *shard, snapshot *abci.Snapshot, appHash []byte, change func(chunk []byte) []byte) abci.ResponseApplySnapshotChunk_Result {
	s.t.Helper()
	offered, err := s.OfferSnapshot(&abci.RequestOfferSnapshot{Snapshot: snapshot, AppHash: appHash})
	require.NoError(s.t, err)
	require.Equal(s.t, abci.ResponseOfferSnapshot_ACCEPT, offered.Result)
	for i := range snapshot.Chunks {
		chunk, err := from.LoadSnapshotChunk(&abci.RequestLoadSnapshotChunk{Height: snapshot.Height, Format: snapshot.Format, Chunk: i})
		require.NoError(s.t, err)
		applied, err := s.ApplySnapshotChunk(&abci.RequestApplySnapshotChunk{Index: i, Chunk: change(chunk.Chunk)})
		require.NoError(s.t, err)
		if applied.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
			return applied.Result
		}
	}
	return abci.ResponseApplySnapshotChunk_ACCEPT
}

// A snapshot is of its height though blocks go on; whoever restores it has the same accounts, follows the chain with the same hashes, and survives a restart.
func TestStateSync(t *testing.T) {
	s := newShard(t, 40)
	var blocks [][][]byte
	var hashes [][]byte
	for i := range 11 {
		block := [][]byte{s.users[i].send(s.users[i+1], 10), s.users[i+12].send(newUser(100+i), 200_000)}
		s.block(block...)
		blocks, hashes = append(blocks, block), append(hashes, s.last)
		// One snapshot is taken at a time.
		if s.height == snapshotInterval {
			s.snapshot(snapshotInterval)
		}
	}
	// Height 1 is empty; block i of the list is height i+2.
	snapshot := s.snapshot(8)
	other := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir(), users: s.users}
	other.open()
	same := func(b []byte) []byte { return b }
	require.Equal(t, abci.ResponseApplySnapshotChunk_ACCEPT, other.restore(s, snapshot, hashes[6], same))
	info, err := other.Info(&abci.RequestInfo{})
	require.NoError(t, err)
	require.Equal(t, int64(8), info.LastBlockHeight)
	require.Equal(t, hashes[6], info.LastBlockAppHash)
	other.height = 8
	require.NoError(t, other.Lattice.CheckSupply(other.ctx()))
	other.block(blocks[7]...)
	require.Equal(t, hashes[7], other.last)
	require.NoError(t, other.App.Close())
	other.open()
	for i := 8; i < len(blocks); i++ {
		other.block(blocks[i]...)
		require.Equal(t, hashes[i], other.last)
	}

	// A chunk that was changed on its way is asked for again; nothing of it stays.
	third := &shard{t: t, db: dbm.NewMemDB(), dir: t.TempDir(), users: s.users}
	third.open()
	require.NotEqual(t, abci.ResponseApplySnapshotChunk_ACCEPT, third.restore(s, snapshot, hashes[6], func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}))
	require.Zero(t, third.Engine.Height())
}
