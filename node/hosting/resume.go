package hosting

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/node/shard"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// resume a frozen shard with its next generation: from what its node on this host has left, or those of others.
func (h Heirs) resume(ctx context.Context, b Birth, frozen shardstypes.Shard) error {
	first, err := main{ctx: h.Main}.firstCommittee(ctx, b.Shard.Name)
	if err != nil {
		return err
	}
	if first == nil {
		return fmt.Errorf("%w: the main chain does not keep the first committee of %s any more", ErrOrigin, b.Shard.Name)
	}
	parent := b.Parents[0]
	if err := freeze(parent.Home, frozen); err != nil {
		return err
	}
	part := filepath.Join(b.Home, "fetched")
	defer func() { _ = os.RemoveAll(part) }()
	folder, err := halfOf(ctx, parent, shard.Frozen(parent.Home), nil, part)
	if err == nil {
		err = shard.Resume(folder, membersOf(first), func(height int64) (*cmttypes.Header, error) { return main{ctx: h.Main}.header(ctx, height) }, filepath.Join(b.Home, "config"))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOrigin, err)
	}
	return nil
}

// freeze tells the node of a shard in a home, where there is one, with which header the shard is frozen.
func freeze(home string, s shardstypes.Shard) error {
	err := shard.Freeze(home, shard.Final{Height: s.FinalHeight, Hash: s.FinalHash})
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
