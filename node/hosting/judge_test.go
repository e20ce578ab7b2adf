package hosting

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"

	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// fakeChain is a node's blocks, from height 1 on, with the app hash after the last that it has executed.
type fakeChain struct {
	headers  []*cmttypes.Header
	executed int64
	// earliest block that the node has; the first where it is 0.
	earliest int64
	appHash  []byte
}

func fill(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// chainOf app hashes: those that the blocks' headers have, each of what came of the block before.
func chainOf(appHashes ...byte) *fakeChain {
	c := &fakeChain{}
	var last cmttypes.BlockID
	for i, hash := range appHashes {
		h := &cmttypes.Header{
			Version: cmtversion.Consensus{Block: 11}, ChainID: one, Height: int64(i + 1), Time: began.Add(time.Duration(i) * time.Second), LastBlockID: last, LastCommitHash: fill(1), DataHash: fill(2),
			ValidatorsHash: fill(3), NextValidatorsHash: fill(3), ConsensusHash: fill(4), AppHash: fill(hash), LastResultsHash: fill(5), EvidenceHash: fill(6), ProposerAddress: fill(7)[:20],
		}
		last = cmttypes.BlockID{Hash: h.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: fill(8)}}
		c.headers = append(c.headers, h)
	}
	return c
}

// upTo a height the node has executed, with this app hash after it.
func (c *fakeChain) upTo(height int64, appHash byte) *fakeChain {
	return &fakeChain{headers: c.headers[:height], executed: height, appHash: fill(appHash)}
}

// from a height on it has blocks.
func (c *fakeChain) from(height int64) *fakeChain {
	c.earliest = height
	return c
}

func (c *fakeChain) Status(context.Context) (*coretypes.ResultStatus, error) {
	return &coretypes.ResultStatus{SyncInfo: coretypes.SyncInfo{EarliestBlockHeight: max(c.earliest, 1)}}, nil
}

func (c *fakeChain) ABCIInfo(context.Context) (*coretypes.ResultABCIInfo, error) {
	return &coretypes.ResultABCIInfo{Response: abci.ResponseInfo{LastBlockHeight: c.executed, LastBlockAppHash: c.appHash}}, nil
}

func (c *fakeChain) Commit(_ context.Context, height *int64) (*coretypes.ResultCommit, error) {
	if *height > int64(len(c.headers)) || *height < c.earliest {
		return nil, errors.New("no such block")
	}
	return &coretypes.ResultCommit{SignedHeader: cmttypes.SignedHeader{Header: c.headers[*height-1]}}, nil
}

func (c *fakeChain) BlockchainInfo(_ context.Context, lowest, highest int64) (*coretypes.ResultBlockchainInfo, error) {
	res := &coretypes.ResultBlockchainInfo{}
	for h := min(highest, int64(len(c.headers))); h >= lowest; h-- {
		res.BlockMetas = append(res.BlockMetas, &cmttypes.BlockMeta{Header: *c.headers[h-1]})
	}
	return res, nil
}

func (c *fakeChain) anchored(height int64) shardstypes.Header {
	return shardstypes.Header{Shard: one, Height: uint64(height), HeaderHash: c.headers[height-1].Hash()}
}

func TestJudge(t *testing.T) {
	c := chainOf(0, 1, 2, 3, 4)
	for _, x := range []struct {
		name string
		own  *fakeChain
		h    shardstypes.Header
		want verdict
	}{
		{"the same block", c.upTo(5, 5), c.anchored(4), confirm},
		{"its outcome is in no header yet", c.upTo(4, 4), c.anchored(4), undecided},
		{"not there yet", c.upTo(2, 2), c.anchored(4), undecided},
		{"the first that it has", c.upTo(5, 5).from(4), c.anchored(4), confirm},
		{"it began above it", c.upTo(5, 5).from(5), c.anchored(4), passed},
		{"another block", chainOf(0, 1, 2, 9, 9).upTo(5, 9), c.anchored(4), deny},
	} {
		v, err := judge(t.Context(), x.own, x.h)
		require.NoError(t, err, x.name)
		require.Equal(t, x.want, v, x.name)
	}
}

// A committee goes on from a balance that is not true: an honest node stands before the block that commits it.
func TestAccuse(t *testing.T) {
	long := make([]byte, 70)
	for i := range long {
		long[i] = byte(i)
	}
	c := chainOf(long...)
	fork := chainOf(append([]byte{99}, long[1:]...)...)
	for _, x := range []struct {
		name   string
		own    *fakeChain
		others *fakeChain
		want   verdict
		fails  bool
	}{
		{"slow, and nothing is wrong", c.upTo(10, 10), c, undecided, false},
		{"the next header commits another state", c.upTo(10, 200), c, deny, false},
		{"the one before is another block", fork.upTo(10, 10), c, deny, false},
		{"there already", c.upTo(69, 69), c, undecided, false},
		{"who answers has other blocks: that proves nothing", c.upTo(10, 10), fork, undecided, true},
		{"nor who has none", c.upTo(10, 200), &fakeChain{}, undecided, true},
	} {
		own, err := tipOf(t.Context(), x.own)
		require.NoError(t, err, x.name)
		v, err := accuse(t.Context(), own, x.others, c.anchored(65))
		require.Equal(t, x.fails, err != nil, "%s: %v", x.name, err)
		require.Equal(t, x.want, v, x.name)
	}
}

// A node that its shard has left behind ends, and answers for a moment after each start: what it said then accuses the shard while it does not run.
func TestTipOfANodeThatHasEnded(t *testing.T) {
	c := chainOf(0, 1, 2, 3, 4, 5, 6, 7, 8)
	a := &auditor{tips: map[string]tip{}, since: map[string]time.Time{}}
	runs := Status{Duty: Duty{ChainID: one}, Pid: 1}
	look := func(s Status, own blocks) bool {
		answers, err := a.look(t.Context(), s, own)
		require.NoError(t, err)
		return answers
	}
	require.True(t, look(runs, c.upTo(4, 4)))
	began := a.since[one]
	v, err := accuse(t.Context(), a.tips[one], c, c.anchored(8))
	require.NoError(t, err)
	require.Equal(t, undecided, v, "the block after it commits what this node has, too")

	require.False(t, look(Status{Duty: runs.Duty}, c))
	require.EqualValues(t, 4, a.tips[one].height)
	require.True(t, look(runs, c.upTo(5, 200)))
	require.True(t, a.since[one].After(began))
	stands := a.since[one]
	require.False(t, look(Status{Duty: runs.Duty}, nil))
	require.True(t, look(runs, c.upTo(5, 200)))
	require.Equal(t, stands, a.since[one], "a start is no step forward")
	v, err = accuse(t.Context(), a.tips[one], c, c.anchored(8))
	require.NoError(t, err)
	require.Equal(t, deny, v)
}

// The last header that an honest node could follow is anchored, too: that it waits for a word hides none of those above it, which the node denies.
func TestHeaderAtWhichANodeStands(t *testing.T) {
	c := chainOf(0, 1, 2, 3, 4, 5, 6, 7, 8)
	own := c.upTo(5, 200)
	a := &auditor{h: &Host{log: log.NewNopLogger()}, sent: map[said]time.Time{}}
	last, err := tipOf(t.Context(), own)
	require.NoError(t, err)
	accused := func(h shardstypes.Header) (verdict, error) { return accuse(t.Context(), last, c, h) }
	headers := []shardstypes.Header{c.anchored(4), c.anchored(5), c.anchored(7), c.anchored(9)}

	list, err := a.words(t.Context(), one, "operator", headers, own, nil)
	require.NoError(t, err)
	require.Equal(t, []shardstypes.Audit{{Operator: "operator", Shard: one, Height: 4, HeaderHash: headers[0].HeaderHash, Confirm: true}}, list, "it may still come to the others")
	list, err = a.words(t.Context(), one, "operator", headers[:2], c.upTo(9, 9).from(5), nil)
	require.NoError(t, err)
	require.Len(t, list, 1, "what a node has begun above hides nothing")
	require.EqualValues(t, 5, list[0].Height)
	denied := []shardstypes.Audit{
		{Operator: "operator", Shard: one, Height: 7, HeaderHash: headers[2].HeaderHash},
		{Operator: "operator", Shard: one, Height: 9, HeaderHash: headers[3].HeaderHash},
	}
	list, err = a.words(t.Context(), one, "operator", headers[1:], own, accused)
	require.NoError(t, err)
	require.Equal(t, denied, list)
	list, err = a.words(t.Context(), one, "operator", headers[1:], nil, accused)
	require.NoError(t, err)
	require.Equal(t, denied, list, "also while it does not run")
}
