package check

import (
	"fmt"
	"slices"

	"github.com/topnetwork/top/protocol/lattice"
)

// Living are the readings without those of shards whose accounts are in their children by now, and counted there. While only some of its children answer, a shard cannot be counted either way.
func Living(all []Reading) ([]Reading, error) {
	var living []Reading
	for _, r := range all {
		// share of the shard's accounts that its children have, in buckets.
		share := 0
		for _, child := range all {
			if slices.Contains(child.Shard.Parents, r.Name) {
				share += buckets(child)
			}
		}
		switch {
		case share >= buckets(r):
		case r.Silent != nil:
			return nil, fmt.Errorf("not all shards answer, and the sum is over all: %w", r.Silent)
		case share == 0:
			living = append(living, r)
		default:
			return nil, fmt.Errorf("%s goes on in its children, and not all of them answer yet: ask again in a moment, or name the others' nodes", r.Name)
		}
	}
	return living, nil
}

func buckets(r Reading) int { return 1 << (lattice.BucketBits - int(r.Shard.PrefixLen)) }
