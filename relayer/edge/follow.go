package edge

import (
	"context"

	"github.com/topnetwork/top/protocol/lattice"
)

// follow a refusal to the shard that it names for the account: the table has changed, as by a split. The table is asked for anew, too. Of a shard that has ended it is the one that goes on with the account, once it answers. Nil where the refusal is another, or names no shard that can be asked.
func (v view) follow(ctx context.Context, from *shard, a lattice.Address, refusal string) *shard {
	if v.only != "" {
		return nil
	}
	if ended(refusal) {
		return v.heir(ctx, from, a)
	}
	name, ok := elsewhere(refusal, a)
	if !ok || name == from.name {
		return nil
	}
	v.wake()
	s, err := v.shard(name)
	if err != nil {
		return nil
	}
	v.log.InfoContext(ctx, "an account is elsewhere than the table says", "asked", from.name, "named", name)
	return s
}
