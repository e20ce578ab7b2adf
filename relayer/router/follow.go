package router

import (
	"context"
	"fmt"
	"time"

	cmtlog "github.com/cometbft/cometbft/libs/log"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	cmttypes "github.com/cometbft/cometbft/types"
)

const (
	// silence after which another node is asked for new blocks: a shard makes several a second.
	silence = 5 * time.Second
	// subscribeAgain after a node that could not be followed.
	subscribeAgain = time.Second
)

// Follow implements Shard: a subscription tells of blocks at once, where polling would cost a request every few milliseconds.
func (e *endpoint) Follow(ctx context.Context, tell func()) {
	for ctx.Err() == nil {
		at := e.pick()
		if err := follow(ctx, at.RPC, tell); err != nil {
			e.leave(at.index)
		}
		if !sleep(ctx, subscribeAgain) {
			return
		}
	}
}

// follow one node until it is silent, or ctx ends.
func follow(ctx context.Context, address string, tell func()) error {
	c, err := rpchttp.New(address, "/websocket")
	if err != nil {
		return err
	}
	c.SetLogger(cmtlog.NewNopLogger())
	if err := c.Start(); err != nil {
		return err
	}
	defer func() { _ = c.Stop() }()
	blocks, err := c.Subscribe(ctx, "", cmttypes.EventQueryNewBlockHeader.String(), 16)
	if err != nil {
		return err
	}
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-blocks:
			quiet.Reset(silence)
			tell()
		case <-quiet.C:
			return fmt.Errorf("no block for %s", silence)
		}
	}
}

// sleep tells whether ctx has not ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
