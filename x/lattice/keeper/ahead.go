package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/lattice/types"
)

// ahead are the accounts that have taken a batch of an inbox already, before two halves became one: the batch is the one up to which the inbox is now taken. A part that the others have caught up with is known no more.
func (k *Keeper) ahead(ctx context.Context, inbox string, taken receipt.Cursor) (had []lattice.Prefix, err error) {
	var caught []string
	parts := new(collections.Range[string]).StartInclusive(inbox + types.PartMark).EndExclusive(inbox + types.PartMark + "2")
	if err := k.Inboxes.Walk(ctx, parts, func(name string, part types.Inbox) (bool, error) {
		_, prefix, _, err := types.CutPart(name)
		if err != nil {
			return true, err
		}
		at, err := part.Taken.Receipt()
		if err != nil {
			return true, err
		}
		if at.Height < taken.Height || at.Height == taken.Height && at.Hash != taken.Hash {
			return true, fmt.Errorf("%w: batch %x of height %d, accounts of %q have taken %x of height %d", receipt.ErrFork, taken.Hash, taken.Height, name, at.Hash, at.Height)
		}
		if at.Height == taken.Height {
			caught = append(caught, name)
		}
		had = append(had, prefix)
		return false, nil
	}); err != nil {
		return nil, err
	}
	for _, name := range caught {
		if err := k.Inboxes.Remove(ctx, name); err != nil {
			return nil, err
		}
	}
	return had, nil
}
