package ibc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk/chain"
)

// A chain that is down is waited for, less and less often, and each reason is told once; what waiting cannot mend ends it.
func TestReachWaitsForAChainThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		idle := func(reason string) { told = append(told, reason) }
		log := slog.New(slog.DiscardHandler)
		tries, began := 0, time.Now()
		down := func(why string) error { return fmt.Errorf("%w: %s", chain.ErrUnreachable, why) }
		require.NoError(t, Reach(t.Context(), "top-main-1", log, idle, func(context.Context) error {
			switch tries++; {
			case tries < 100:
				return down("refused")
			case tries == 100:
				return down("no block yet")
			}
			return nil
		}))
		require.Equal(t, []string{"waiting for top-main-1: no node answers: refused", "waiting for top-main-1: no node answers: no block yet"}, told)
		require.Equal(t, (1+2+4+8)*time.Second+96*maxPause, time.Since(began))

		began = time.Now()
		wrong := errors.New("another chain's node")
		require.ErrorIs(t, Reach(t.Context(), "top-main-1", log, idle, func(context.Context) error { return wrong }), wrong)
		require.Zero(t, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, Reach(ctx, "top-main-1", log, idle, func(context.Context) error { return down("refused") }), context.DeadlineExceeded)
	})
}
