package hosting

import (
	"bytes"
	"context"
	"fmt"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"

	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// blocks of a shard, as a node's RPC has them.
type blocks interface {
	Status(ctx context.Context) (*coretypes.ResultStatus, error)
	ABCIInfo(ctx context.Context) (*coretypes.ResultABCIInfo, error)
	Commit(ctx context.Context, height *int64) (*coretypes.ResultCommit, error)
	BlockchainInfo(ctx context.Context, min, max int64) (*coretypes.ResultBlockchainInfo, error)
}

const (
	// reach of a search for the block at which a shard went wrong, in blocks.
	reach = 2_000
	// metas that one answer has at most.
	metas = 20
)

// verdict of an auditor on an anchored header.
type verdict int

const (
	// undecided: the auditor's node has not come there yet.
	undecided verdict = iota
	confirm
	deny
	// passed: the auditor's node has begun above it, from a snapshot or an export, and has no word on it; a word on a higher one counts for it, too.
	passed
)

// judge a header by what this host's own node has executed.
func judge(ctx context.Context, own blocks, h shardstypes.Header) (verdict, error) {
	info, err := own.ABCIInfo(ctx)
	if err != nil {
		return undecided, err
	}
	at := int64(h.Height)
	// The block after it has been executed, too: whose header commits what came of this one.
	if info.Response.LastBlockHeight <= at {
		return undecided, nil
	}
	status, err := own.Status(ctx)
	if err != nil {
		return undecided, err
	}
	if at < status.SyncInfo.EarliestBlockHeight {
		return passed, nil
	}
	c, err := own.Commit(ctx, &at)
	if err != nil {
		return undecided, err
	}
	if bytes.Equal(c.Header.Hash(), h.HeaderHash) {
		return confirm, nil
	}
	return deny, nil
}

// tip is what a node has executed last.
type tip struct {
	height int64
	// hash of the block's header, and of the validators after it; state after it.
	hash, validators, state []byte
}

// tipOf a node.
func tipOf(ctx context.Context, own blocks) (tip, error) {
	info, err := own.ABCIInfo(ctx)
	if err != nil {
		return tip{}, err
	}
	at := info.Response.LastBlockHeight
	if at < 1 {
		return tip{}, nil
	}
	c, err := own.Commit(ctx, &at)
	if err != nil {
		return tip{}, err
	}
	return tip{height: at, hash: c.Header.Hash(), validators: c.Header.NextValidatorsHash, state: info.Response.LastBlockAppHash}, nil
}

// accuse a shard whose committee goes on from a block that this host's own node refuses: what the node executed last is not what the committee's next header commits. It need not run: a node that its shard has left behind so ends, and
// ends again soon after each start. The others are not trusted: their headers count as far as they lead from the anchored one down to the node's own.
func accuse(ctx context.Context, own tip, others blocks, h shardstypes.Header) (verdict, error) {
	if own.height < 1 || int64(h.Height) <= own.height || int64(h.Height)-own.height > reach {
		return undecided, nil
	}
	next, err := descend(ctx, others, h, own.height+1)
	if err != nil {
		return undecided, err
	}
	if own.contradicts(next) {
		return deny, nil
	}
	return undecided, nil
}

// contradicts tells whether a header cannot come after the block that was executed last.
func (t tip) contradicts(next *cmttypes.Header) bool {
	return !bytes.Equal(next.LastBlockID.Hash, t.hash) || !bytes.Equal(next.AppHash, t.state) || !bytes.Equal(next.ValidatorsHash, t.validators)
}

// descend from an anchored header to one below it, from block to block.
func descend(ctx context.Context, others blocks, from shardstypes.Header, to int64) (*cmttypes.Header, error) {
	want := from.HeaderHash
	for height := int64(from.Height); height >= to; {
		res, err := others.BlockchainInfo(ctx, max(to, height-metas+1), height)
		if err != nil {
			return nil, err
		}
		if len(res.BlockMetas) == 0 {
			return nil, fmt.Errorf("a host of the shard has no block %d", height)
		}
		// The highest comes first.
		for _, m := range res.BlockMetas {
			if m.Header.Height != height || !bytes.Equal(m.Header.Hash(), want) {
				return nil, fmt.Errorf("a host of the shard has another block %d", height)
			}
			if height == to {
				return &m.Header, nil
			}
			want, height = m.Header.LastBlockID.Hash, height-1
		}
	}
	return nil, fmt.Errorf("no block %d below height %d", to, from.Height)
}
