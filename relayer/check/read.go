package check

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

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
func Read(ctx context.Context, shards []Shard, main Main, accounts bool) (Supply, error) {
	for since := time.Now(); ; {
		readings, gate, err := read(ctx, shards, main)
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
			return addUp(ctx, shards, supply)
		}
		return supply, nil
	}
}

func read(ctx context.Context, shards []Shard, main Main) (readings []Reading, gate *MainReading, err error) {
	readings = make([]Reading, len(shards))
	ofMain := func(*MainReading, context.Context, Main) error { return nil }
	before, after := ofMain, ofMain
	if main != nil {
		gate, before, after = &MainReading{}, (*MainReading).readBefore, (*MainReading).readAfter
	}
	for _, round := range []struct {
		shard func(context.Context, Shard, *Reading) error
		main  func(*MainReading, context.Context, Main) error
	}{
		{func(ctx context.Context, s Shard, r *Reading) error {
			r.Name = s.Name()
			params, err := s.Params(ctx)
			if err != nil {
				return err
			}
			r.Shard = params.Shard
			head, err := s.Head(ctx)
			if err == nil {
				r.Head = head.Head
				r.Before, err = s.Ledgers(ctx)
			}
			return err
		}, before},
		{func(ctx context.Context, s Shard, r *Reading) (err error) {
			r.After, err = s.Ledgers(ctx)
			return err
		}, after},
	} {
		group, asking := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for i, s := range shards {
			group.Go(func() error { return round.shard(asking, s, &readings[i]) })
		}
		group.Go(func() error { return round.main(gate, asking, main) })
		if err := group.Wait(); err != nil {
			return nil, nil, fmt.Errorf("not all shards answer, and the sum is over all: %w", err)
		}
	}
	readings, err = Living(readings)
	return readings, gate, err
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
