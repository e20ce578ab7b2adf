package keeper

import (
	"context"
	"errors"
	"time"

	errorsmod "cosmossdk.io/errors"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/x/light/types"
)

// Update takes a newer header of the main chain, or freezes the client: then the header was as good as any, and contradicts a kept one. What is written then must be kept, so that is no error.
// now is the time of the block that carries the update. Errors change nothing; ErrKnown says that somebody else was faster.
func (k *Keeper) Update(ctx context.Context, now time.Time, u *types.Update) (frozen bool, err error) {
	params, err := k.active(ctx)
	if err != nil {
		return false, err
	}
	header, err := u.Header()
	if err != nil {
		return false, err
	}
	against, err := k.against(ctx, header)
	if err != nil {
		return false, err
	}
	from, err := k.Header(ctx, u.TrustedHeight)
	if err != nil {
		return false, err
	}
	if err := u.Verify(header, params, from, now); err != nil {
		return false, err
	}
	if reason := against.Contradicts(header.Header); reason != "" {
		return true, k.frozen.Set(ctx, types.Misbehaviour{Reason: reason, Kept: against, Other: *header.ToProto()})
	}
	if err := k.headers.Set(ctx, header.Height, types.HeaderOf(header.Header)); err != nil {
		return false, err
	}
	return false, k.prune(ctx, int(params.KeptHeaders))
}

// against which kept header a new one is held: the one of its height, or else the newest, which must be lower.
func (k *Keeper) against(ctx context.Context, header *cmttypes.SignedHeader) (types.Header, error) {
	newest, err := k.Head(ctx)
	if err != nil || newest.Height < header.Height {
		return newest, err
	}
	kept, err := k.Header(ctx, header.Height)
	switch {
	case errors.Is(err, types.ErrNotKept):
		err = errorsmod.Wrapf(types.ErrBehind, "header %d is not kept, the newest is %d: the client goes forward only", header.Height, newest.Height)
	case err == nil && kept.Contradicts(header.Header) == "":
		err = errorsmod.Wrapf(types.ErrKnown, "header %d", header.Height)
	}
	return kept, err
}

// prune the lowest headers beyond so many.
func (k *Keeper) prune(ctx context.Context, kept int) error {
	it, err := k.headers.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	heights, err := it.Keys()
	if err != nil {
		return err
	}
	for len(heights) > kept {
		if err := k.headers.Remove(ctx, heights[0]); err != nil {
			return err
		}
		heights = heights[1:]
	}
	return nil
}
