package shard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	rpcclient "github.com/cometbft/cometbft/rpc/client"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// The main chain freezes a shard some blocks back: a node that runs leaves the state before that block while it runs on, one that has ended leaves it when it begins again; one makes it from the genesis, the other from a snapshot, and it is the
// same to the last byte. A header that was not the shard's leaves nothing. Both serve on, and make no more blocks.
func TestFrozenShardLeavesItsAuditedState(t *testing.T) {
	const interval = 8
	a := userOf(t, 0)
	made := 0
	_, nodes := founded(t, 2, 0, map[lattice.Address]int64{a.address: rich, everyonesFriend: rich}, func(cfg Config) {
		if made++; made == 2 {
			cfg.App.StateSync.SnapshotInterval, cfg.App.StateSync.SnapshotKeepRecent = interval, 100
		}
	})
	members := start(t, nodes...)
	rpc := rpcOf(t, nodes[0])
	var sequence uint64
	pay := func() []byte {
		raw := a.send(sequence, 1000+sequence)
		broadcast(t, rpc, raw)
		sequence++
		return raw
	}
	for range 5 {
		pay()
	}
	final := awaitHeight(t, rpc, 2*interval+3)
	late := pay()
	awaitHeight(t, rpc, final+5)
	commit, err := rpc.Commit(t.Context(), &final)
	require.NoError(t, err)
	before, err := rpc.ABCIQueryWithOptions(t.Context(), "/store/"+latticetypes.StoreKey+"/key", latticetypes.HeadKey.Bytes(), rpcclient.ABCIQueryOptions{Height: final - 1})
	require.NoError(t, err)
	var head latticetypes.Head
	require.NoError(t, codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).Unmarshal(before.Response.Value, &head))

	require.NoError(t, Freeze(nodes[0].Home, Final{uint64(final), commit.Header.Hash()}))
	// What both have signed before may make one more block.
	stands := awaitHeight(t, rpc, final+5) + 1
	require.NoError(t, members[1].Stop(nodePatience))
	require.NoError(t, Freeze(nodes[1].Home, Final{uint64(final), bytes.Repeat([]byte{1}, 32)}))
	start(t, nodes[1])
	awaitHeight(t, rpcOf(t, nodes[1]), final+5)
	_, err = os.Stat(Frozen(nodes[1].Home))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Remove(filepath.Join(nodes[1].Home, "data", frozenName)))
	require.NoError(t, Freeze(nodes[1].Home, Final{uint64(final), commit.Header.Hash()}))

	var left [2][]byte
	for i, n := range nodes {
		var doc []byte
		require.Eventually(t, func() bool {
			doc, err = os.ReadFile(filepath.Join(Frozen(n.Home), genesisName))
			return err == nil
		}, nodePatience, nodePoll)
		half, err := Half(Frozen(n.Home))
		require.NoError(t, err)
		root, err := shardchain.InheritedRoot(half.AppState)
		require.NoError(t, err)
		require.Equal(t, head.Root, root)
		reverted, err := os.ReadFile(filepath.Join(Frozen(n.Home), revertedName))
		require.NoError(t, err)
		require.Contains(t, string(reverted), fmt.Sprintf(" %X\n", sendtx.Hash(late)))
		accounts, err := os.ReadFile(filepath.Join(Frozen(n.Home), latticetypes.AccountsName))
		require.NoError(t, err)
		left[i] = append(doc, accounts...)
		require.Eventually(t, func() bool {
			_, err := os.Stat(filepath.Join(n.Home, "data", rewound))
			return errors.Is(err, os.ErrNotExist)
		}, nodePatience, nodePoll)
	}
	require.Equal(t, left[0], left[1])
	for _, n := range nodes {
		require.LessOrEqual(t, awaitHeight(t, rpcOf(t, n), final+5), stands)
	}
}
