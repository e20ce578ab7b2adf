package play

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
)

const (
	// breather between two faults, at most.
	breather = 12 * time.Second
	// outage is how long a part is away, at most: shorter than a user's patience.
	outage = 10 * time.Second
)

// chaos breaks one thing after the other and mends it.
type chaos struct {
	*stage
	random *rand.Rand
	count  map[string]int
}

func newChaos(s *stage, seed uint64) *chaos {
	return &chaos{stage: s, random: rand.New(rand.NewPCG(seed, 0)), count: map[string]int{}}
}

// step waits, breaks, waits and mends.
func (c *chaos) step(ctx context.Context) error {
	if !wait(ctx, c.upTo(breather)) {
		return nil
	}
	main, service := names(c.Network.Main), names(c.Network.Service)
	providers := make([]string, len(c.Network.Providers))
	for i, p := range c.Network.Providers {
		providers[i] = p.Name
	}
	anyone := append(append(append([]string{localnet.RelayerName}, providers...), main...), service...)
	// The first node of each chain is never killed: its memory is watched over the whole time.
	mortal := append(append(append([]string{localnet.RelayerName}, providers...), main[1:]...), service[1:]...)
	switch c.random.IntN(5) {
	case 0, 1:
		return c.kill(ctx, pick(c.random, mortal))
	case 2:
		return c.pause(ctx, pick(c.random, anyone))
	case 3:
		// Half of a committee does not hear the other: no quorum until it is over.
		half := main[len(main)/2:]
		if c.random.IntN(2) == 0 {
			half = service[1:]
		}
		return c.partition(ctx, half...)
	default:
		return c.slowDisk(ctx, pick(c.random, anyone))
	}
}

func names(c *localnet.Chain) []string {
	out := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		out[i] = n.Name
	}
	return out
}

func (c *chaos) upTo(d time.Duration) time.Duration {
	return d/4 + time.Duration(c.random.Int64N(int64(d*3/4)))
}

// wait answers false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *chaos) note(kind string, whom ...string) {
	c.count[kind]++
	c.logf("%-18s %s of %s", "fault", kind, strings.Join(whom, ", "))
}

// kill ends a process without warning and starts it again later.
func (c *chaos) kill(ctx context.Context, name string) error {
	c.note("kill", name)
	if err := fault.Kill(c.Network.Process(name)); err != nil {
		return err
	}
	wait(ctx, c.upTo(outage))
	if _, err := c.Network.Restart(name); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// pause stops a process where it stands.
func (c *chaos) pause(ctx context.Context, name string) error {
	c.note("pause", name)
	if err := fault.Pause(c.Network.Process(name)); err != nil {
		return err
	}
	wait(ctx, c.upTo(outage))
	return fault.Resume(c.Network.Process(name))
}

// partition cuts nodes off from the others of their chain; all of them run.
func (c *chaos) partition(ctx context.Context, whom ...string) error {
	c.note("partition", whom...)
	if err := c.Network.Cut(whom...); err != nil {
		return err
	}
	wait(ctx, c.upTo(outage))
	return c.Network.Mend(whom...)
}

// slowDisk makes every flush of a process take a tenth of a second or more. Where the machine cannot do that, the run goes on without, and its result counts none.
func (c *chaos) slowDisk(ctx context.Context, name string) error {
	restore, err := fault.SlowDisk(c.Network.Process(name), c.Network.Dir)
	if errors.Is(err, fault.ErrNoSlowDisk) {
		c.logf("%-18s %s", "no fault", err)
		return nil
	}
	if err != nil {
		return err
	}
	c.note("slow disk", name)
	wait(ctx, c.upTo(outage))
	return restore()
}
