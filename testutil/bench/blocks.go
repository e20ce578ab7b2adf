package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/topnetwork/top/node/process"
)

// blockPoll is how often a node is asked for a new block, and so how late a block may be seen.
const blockPoll = 20 * time.Millisecond

// follow hands every block after height to each, with the time at which it was seen, until each answers true or fails.
func follow(ctx context.Context, rpc *rpchttp.HTTP, height int64, each func(height int64, seen time.Time) (bool, error)) error {
	tick := time.NewTicker(blockPoll)
	defer tick.Stop()
	for {
		status, err := rpc.Status(ctx)
		if err != nil {
			return fmt.Errorf("follow blocks: %w", err)
		}
		seen := time.Now()
		for height < status.SyncInfo.LatestBlockHeight {
			height++
			if done, err := each(height, seen); done || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// latestHeight of a node.
func latestHeight(ctx context.Context, rpc *rpchttp.HTTP) (int64, error) {
	status, err := rpc.Status(ctx)
	if err != nil {
		return 0, err
	}
	return status.SyncInfo.LatestBlockHeight, nil
}

// transactionsIn is how many transactions a block holds.
func transactionsIn(ctx context.Context, rpc *rpchttp.HTTP, height int64) (int, error) {
	info, err := rpc.BlockchainInfo(ctx, height, height)
	if err != nil {
		return 0, err
	}
	if len(info.BlockMetas) != 1 {
		return 0, fmt.Errorf("block %d is not there", height)
	}
	return info.BlockMetas[0].NumTxs, nil
}

// resultsTimeout bounds the wait for what a block that is decided has done.
const resultsTimeout = 10 * time.Second

// eventsIn are all events of a block, once they are there: a node names a block as its latest before it has executed it.
func eventsIn(ctx context.Context, rpc *rpchttp.HTTP, height int64) (events []abci.Event, err error) {
	ctx, cancel := context.WithTimeout(ctx, resultsTimeout)
	defer cancel()
	err = process.Await(ctx, fmt.Sprintf("the results of block %d", height), func(ctx context.Context) error {
		res, err := rpc.BlockResults(ctx, &height)
		if err != nil {
			return err
		}
		events = slices.Clone(res.FinalizeBlockEvents)
		for _, t := range res.TxsResults {
			events = append(events, t.Events...)
		}
		return nil
	})
	return events, err
}

// messagesIn are the type URLs of the messages of each transaction in the blocks after from up to to.
func messagesIn(ctx context.Context, rpc *rpchttp.HTTP, from, to int64) ([][]string, error) {
	var all [][]string
	for height := from + 1; height <= to; height++ {
		res, err := rpc.Block(ctx, &height)
		if err != nil {
			return nil, err
		}
		for _, bz := range res.Block.Txs {
			types, err := messageTypes(bz)
			if err != nil {
				return nil, fmt.Errorf("transaction in block %d: %w", height, err)
			}
			all = append(all, types)
		}
	}
	return all, nil
}

// messageTypes are the type URLs of a transaction's messages.
func messageTypes(bz []byte) ([]string, error) {
	var raw tx.TxRaw
	if err := raw.Unmarshal(bz); err != nil {
		return nil, err
	}
	var body tx.TxBody
	if err := body.Unmarshal(raw.BodyBytes); err != nil {
		return nil, err
	}
	types := make([]string, len(body.Messages))
	for i, m := range body.Messages {
		types[i] = m.TypeUrl
	}
	return types, nil
}
