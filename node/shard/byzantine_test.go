package shard

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/protocol/lattice"
)

// The files of a byzantine member's home: what it proposes, one thing after the other, and at which heights it has done so.
const contentsFile, heightsFile = "contents.json", "heights.json"

// byzantine proposes what no honest member does, and accepts everything itself.
type byzantine struct {
	*shardchain.App

	mu       sync.Mutex
	contents [][][]byte
	proposed []int64
	heights  string
}

func (b *byzantine) PrepareProposal(req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.proposed) == len(b.contents) {
		return b.App.PrepareProposal(req)
	}
	b.proposed = append(b.proposed, req.Height)
	bz, err := json.Marshal(b.proposed)
	if err == nil {
		err = os.WriteFile(b.heights+".new", bz, 0o600)
	}
	if err == nil {
		err = os.Rename(b.heights+".new", b.heights)
	}
	return &abci.ResponsePrepareProposal{Txs: b.contents[len(b.proposed)-1]}, err
}

func (*byzantine) ProcessProposal(*abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// A proposer that follows no rules: every honest member refuses, the next round commits what is honest, and nothing of the rest is ever in a block.
func TestByzantineProposer(t *testing.T) {
	const members, rich, poor = 4, 10_000_000_000, 200_000
	send := func(n int, sequence, utop uint64) []byte { return userOf(t, n).send(sequence, utop) }
	funds := map[lattice.Address]int64{everyonesFriend: rich}
	for n, utop := range []int64{rich, poor, rich} {
		funds[userOf(t, n).address] = utop
	}
	forged := send(0, 0, 1)
	forged[len(forged)-1] ^= 1
	many := make([][]byte, 10_001)
	for i := range many {
		many[i] = []byte{1}
	}
	contents := map[string][][]byte{
		"reordered":    {send(0, 1, 2), send(0, 0, 2)},
		"twice":        {send(0, 0, 3), send(0, 0, 3)},
		"undecodable":  {[]byte("rubbish")},
		"forged":       {forged},
		"a gap":        {send(0, 5, 4)},
		"beyond funds": {send(0, 0, 2*rich)},
		// An account of a fifth of a TOP has no quota.
		"over quota": {send(1, 0, 1)},
		"too many":   many,
		"oversized":  {bytes.Repeat([]byte{1}, 30<<20)},
	}
	_, nodes := founded(t, members, 0, funds, func(Config) {})
	bad := nodes[members-1].Home
	bz, err := json.Marshal(slices.Collect(maps.Values(contents)))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(bad, contentsFile), bz, 0o600))
	start(t, nodes...)
	rpc := rpcOf(t, nodes[0])
	honest := send(2, 0, 7)
	broadcast(t, rpc, honest)
	var heights []int64
	require.Eventually(t, func() bool {
		bz, err := os.ReadFile(filepath.Join(bad, heightsFile))
		return err == nil && json.Unmarshal(bz, &heights) == nil && len(heights) == len(contents)
	}, nodePatience, nodePoll)
	last := awaitHeight(t, rpc, heights[len(heights)-1]+2)

	var executed [][]byte
	for height := int64(1); height <= last; height++ {
		block, err := rpc.Block(t.Context(), &height)
		require.NoError(t, err)
		for _, tx := range block.Block.Txs {
			executed = append(executed, tx)
		}
	}
	require.Equal(t, [][]byte{honest}, executed, "honest transfers alone")
	for _, height := range heights {
		commit, err := rpc.Commit(t.Context(), &height)
		require.NoError(t, err)
		require.Positive(t, commit.Commit.Round, "height %d was not decided in the byzantine member's round", height)
	}
	sameState(t, nodes, last)
}
