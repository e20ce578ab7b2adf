package base

import (
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/spf13/cast"

	"github.com/cosmos/cosmos-sdk/server"
)

// HaltReached says that the node is where its operator wants it to end. It is no fault.
type HaltReached struct{ text string }

func (e *HaltReached) Error() string { return e.text }

// FinalizeBlock does not begin a block at which the node's operator wants it to end: Options.Halt ends the process. BaseApp alone would fail the block, which CometBFT
// takes for a broken application.
func (a *App) FinalizeBlock(req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	if due := a.haltDue(req.Height, req.Time); due != nil && a.halt != nil {
		a.halt(due)
	}
	return a.BaseApp.FinalizeBlock(req)
}

// haltDue is why a block must not be executed, nil when it may be.
func (a *App) haltDue(height int64, at time.Time) error {
	until, deadline := cast.ToUint64(a.appOptions.Get(server.FlagHaltHeight)), cast.ToInt64(a.appOptions.Get(server.FlagHaltTime))
	switch {
	case until > 0 && uint64(height) >= until:
		return &HaltReached{fmt.Sprintf("halt-height is %d: the last block executed is %d; raise it, or set it to 0, and start again", until, height-1)}
	case deadline > 0 && at.Unix() >= deadline:
		return &HaltReached{fmt.Sprintf("halt-time is %d (%s): the last block executed is %d; raise it, or set it to 0, and start again",
			deadline, time.Unix(deadline, 0).UTC().Format(time.RFC3339), height-1)}
	}
	return nil
}
