package process

import (
	"context"
	"fmt"
	"time"
)

// pollEvery is how often a condition is looked at: short beside a block, long beside a request on loopback.
const pollEvery = 100 * time.Millisecond

// Await looks at a condition until it holds, that is, returns nil. It fails when ctx ends, naming what it waited for and why the condition did not hold,
// and at once when one of the processes that it depends on ends.
func Await(ctx context.Context, what string, condition func(context.Context) error, needs ...*Process) error {
	began := time.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var seen error
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		// A look that the end of ctx cut short says nothing about the condition.
		if seen == nil || ctx.Err() == nil {
			seen = err
		}
		for _, p := range needs {
			if !p.Running() {
				return fmt.Errorf("waiting for %s: %w", what, p.Exited())
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s, %s in vain: %w (last seen: %w)", what, time.Since(began).Round(time.Second), context.Cause(ctx), seen)
		case <-tick.C:
		}
	}
}
