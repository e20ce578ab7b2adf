package play

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/topnetwork/top/testutil/localnet"
)

// Soak is a long conversation under random faults.
type Soak struct {
	Duration time.Duration
	// Seed of the faults: the same seed breaks the same things in the same order.
	Seed uint64
}

// SoakResult is what it led to.
type SoakResult struct {
	Result
	Seconds    int            `json:"seconds"`
	Seed       uint64         `json:"seed"`
	Faults     map[string]int `json:"faults"`
	Checks     int            `json:"invariant_checks"`
	Duplicates int            `json:"messages_duplicated"`
	Resources  []Resource     `json:"resources"`
}

// RunSoak lets two users talk while parts of the network are killed, paused and slowed down, checks the invariants of both chains every ten blocks and watches the
// memory and the open files of every process. At the end every message must have arrived and every coin that was earned must be paid.
func RunSoak(ctx context.Context, n *localnet.Network, soak Soak, pace time.Duration, logf func(format string, args ...any)) (*SoakResult, error) {
	s := &stage{Cast: Cast{Network: n}, script: Script{Pace: pace}, logf: logf}
	if err := s.users(ctx); err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	began := time.Now()
	chaos := newChaos(s, soak.Seed)
	watch := newWatch(s)
	err := s.under(ctx, soak.Duration, chaos, watch)
	if err != nil {
		return nil, err
	}
	s.script.Messages = int(s.serial.Load())
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{{"delivery", s.delivery}, {"settlement", s.settlement}} {
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	result, err := s.books(ctx)
	if err != nil {
		return nil, fmt.Errorf("books: %w", err)
	}
	if err := s.goodbye(ctx); err != nil {
		return nil, fmt.Errorf("goodbye: %w", err)
	}
	out := &SoakResult{Result: *result, Seconds: int(time.Since(began).Seconds()), Seed: soak.Seed, Faults: chaos.count, Checks: watch.checks, Resources: watch.resources()}
	for _, u := range s.Users {
		for _, times := range u.received {
			out.Duplicates += times - 1
		}
	}
	// An answer that never came is no check.
	if want := result.MainHeight / checkEvery / 2; int64(watch.checks) < want {
		return out, fmt.Errorf("invariants were checked %d times in %d blocks, want %d or more", watch.checks, result.MainHeight, want)
	}
	return out, flat(out.Resources)
}

// under runs traffic, faults and the watch side by side.
func (s *stage) under(ctx context.Context, d time.Duration, chaos *chaos, watch *watch) error {
	a, b := s.Users[0], s.Users[1]
	return s.side(ctx, d,
		func(ctx context.Context) error { return s.send(ctx, a, b, 1) },
		func(ctx context.Context) error { return s.send(ctx, b, a, 1) },
		chaos.step,
		watch.step,
	)
}

// side runs tasks side by side for a time, each again and again. The first that fails ends the others; whatever is broken then is mended.
func (s *stage) side(ctx context.Context, d time.Duration, tasks ...func(context.Context) error) error {
	end := time.Now().Add(d)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := each(len(tasks), func(i int) error {
		for time.Now().Before(end) && ctx.Err() == nil {
			if err := tasks[i](ctx); err != nil {
				cancel()
				return err
			}
		}
		return nil
	})
	return errors.Join(err, context.Cause(ctx))
}

// pick one of a list.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
