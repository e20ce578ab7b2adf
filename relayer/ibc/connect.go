package ibc

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/sdk/chain"
)

// firstPause between attempts to reach a chain; it doubles up to maxPause.
const firstPause = time.Second

// Reach tries until a chain answers: one that is down comes back. Any other failure ends it, such as a node of another chain, which is a mistake of the configuration.
// idle is told why nothing is done, whenever that changes; the log hears of each reason once.
func Reach(ctx context.Context, chainID string, log *slog.Logger, idle func(reason string), connect func(context.Context) error) error {
	var told faults.Told
	for pause, last := firstPause, ""; ; pause = min(2*pause, maxPause) {
		err := connect(ctx)
		if err == nil || ctx.Err() != nil || !errors.Is(err, chain.ErrUnreachable) {
			return err
		}
		if told.News(chainID, err) {
			log.Warn("chain not reached, tried again; check its addresses in config.yaml and its nodes", "chain", chainID, "error", err)
		}
		if reason := "waiting for " + chainID + ": " + err.Error(); reason != last {
			last = reason
			idle(reason)
		}
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}
