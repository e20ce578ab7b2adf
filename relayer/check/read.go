package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/protocol/trie"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// atOnce shards that are asked.
	atOnce = 16
	// patience with nodes that are behind others: their shards seem to have sent less than others have taken.
	patience = 10 * time.Second
	// pause between two readings.
	pause = 200 * time.Millisecond
)

// Shard that can be asked.
type Shard interface {
	Name() string
	Head(context.Context) (*latticetypes.QueryHeadResponse, error)
	Ledgers(context.Context) (*latticetypes.QueryLedgersResponse, error)
	// Params say whose accounts it began with.
	Params(context.Context) (*latticetypes.QueryParamsResponse, error)
	// Invariants has the shard add up its accounts; it answers what is broken.
	Invariants(context.Context) (string, error)
}

// Read all shards, and the main chain where there is one, and add up, again while something does not hold that a node which is behind could explain. accounts: each shard adds up its own, too.
// Shards that have ended need not answer, nor be right: their accounts are in others. A captured one goes on as it likes.
func Read(ctx context.Context, shards []Shard, main Main, accounts bool) (Supply, error) {
	for since := time.Now(); ; {
		living, readings, gate, err := read(ctx, shards, main)
		if err != nil {
			return Supply{}, err
		}
		supply := Add(readings, gate)
		if !supply.OK && time.Since(since) < patience {
			select {
			case <-ctx.Done():
				return supply, ctx.Err()
			case <-time.After(pause):
				continue
			}
		}
		if accounts {
			return addUp(ctx, living, supply)
		}
		return supply, nil
	}
}

// read what shards that go on say, and the main chain, in two rounds.
func read(ctx context.Context, shards []Shard, main Main) (living []Shard, readings []Reading, gate *MainReading, err error) {
	ofMain := func(*MainReading, context.Context, Main) error { return nil }
	before, after := ofMain, ofMain
	if main != nil {
		gate, before, after = &MainReading{}, (*MainReading).readBefore, (*MainReading).readAfter
	}
	all := make([]Reading, len(shards))
	err = each(ctx, len(shards), func(ctx context.Context, i int) error {
		all[i] = first(ctx, shards[i])
		return nil
	}, func(ctx context.Context) error { return before(gate, ctx, main) })
	if err != nil {
		return nil, nil, nil, err
	}
	if readings, err = Living(all); err != nil {
		return nil, nil, nil, err
	}
	for _, r := range readings {
		living = append(living, shards[slices.IndexFunc(shards, func(s Shard) bool { return s.Name() == r.Name })])
	}
	err = each(ctx, len(living), func(ctx context.Context, i int) (err error) {
		readings[i].After, err = living[i].Ledgers(ctx)
		return err
	}, func(ctx context.Context) error { return after(gate, ctx, main) })
	return living, readings, gate, err
}

// each shard and the main chain is asked.
func each(ctx context.Context, shards int, ask func(ctx context.Context, i int) error, main func(context.Context) error) error {
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range shards {
		group.Go(func() error { return ask(asking, i) })
	}
	group.Go(func() error { return main(asking) })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("not all shards answer, and the sum is over all: %w", err)
	}
	return nil
}

// first reading of a shard. Of one that is silent only that is known, and its prefix by its name.
func first(ctx context.Context, s Shard) Reading {
	r := Reading{Name: s.Name()}
	params, err := s.Params(ctx)
	if err == nil {
		r.Shard = params.Shard
		var head *latticetypes.QueryHeadResponse
		if head, err = s.Head(ctx); err == nil {
			r.Head = head.Head
			r.Before, err = s.Ledgers(ctx)
		}
	}
	if r.Silent = err; err == nil {
		return r
	}
	named, unnamed := trie.ParseName(r.Name)
	r.Silent = errors.Join(err, unnamed)
	r.Shard = latticetypes.Shard{PrefixBits: named.Prefix.Bits, PrefixLen: uint32(named.Prefix.Len)}
	return r
}

// addUp the accounts of every shard by itself.
func addUp(ctx context.Context, shards []Shard, supply Supply) (Supply, error) {
	for _, s := range shards {
		broken, err := s.Invariants(ctx)
		if err != nil {
			return supply, err
		}
		if broken != "" {
			supply.OK, supply.Broken = false, append(supply.Broken, s.Name()+": "+broken)
		}
	}
	return supply, nil
}
