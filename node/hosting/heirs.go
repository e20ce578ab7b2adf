package hosting

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/topnetwork/top/node/shard"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// Heirs is the origin of shards that go on from one that was split, or from two that became one, and of those that the network began with, or goes on with from exports.
type Heirs struct {
	Founded Folder
	// Main is the client of the host's own node.
	Main client.Context
}

// Genesis implements Origin. A child's is what its parent's node has left on this host, with the names and committees that the main chain gives both children.
func (h Heirs) Genesis(ctx context.Context, b Birth) error {
	if len(b.Parents) == 0 || h.Founded.has(b.Shard.Name) {
		return h.Founded.Genesis(ctx, b)
	}
	switch len(b.Parents) {
	case 1:
	case 2:
		return h.join(ctx, b)
	default:
		return fmt.Errorf("%w: %s goes on from %v: shards come of one or two", ErrOrigin, b.Shard.Name, b.Shard.Parents)
	}
	parent := b.Parents[0]
	record, err := main{ctx: h.Main}.shard(ctx, parent.ChainID)
	if err != nil {
		return err
	}
	names := record.Shard.Children
	if len(names) == 1 && names[0] == b.Shard.Name {
		return h.resume(ctx, b, record.Shard)
	}
	if len(names) != 2 {
		return fmt.Errorf("%w: %s goes on from %s, which was not split", ErrOrigin, b.Shard.Name, parent.ChainID)
	}
	var children [2]latticetypes.Members
	side := -1
	for _, name := range names {
		child, err := main{ctx: h.Main}.shard(ctx, name)
		if err != nil {
			return err
		}
		first, err := main{ctx: h.Main}.firstCommittee(ctx, name)
		if err != nil {
			return err
		}
		if first == nil {
			return fmt.Errorf("%w: the main chain does not keep the first committee of %s any more", ErrOrigin, name)
		}
		at := child.Shard.PrefixBits & 1
		children[at] = membersOf(first)
		if name == b.Shard.Name {
			side = int(at)
		}
	}
	if side < 0 {
		return fmt.Errorf("%w: %s names other children than %s", ErrOrigin, parent.ChainID, b.Shard.Name)
	}
	if err := shard.Inherit(parent.Home, children, side, filepath.Join(b.Home, "config")); err != nil {
		return fmt.Errorf("%w: %w", ErrOrigin, err)
	}
	return nil
}

// membersOf a committee as shards know it.
func membersOf(c *shardstypes.Committee) latticetypes.Members {
	m := latticetypes.Members{Ledger: c.Shard, Term: c.Term, FirstHeight: c.FirstHeight, Epoch: c.Epoch}
	for _, member := range c.Members {
		m.Keys, m.Power = append(m.Keys, member.PubKey), member.Power
	}
	return m
}
