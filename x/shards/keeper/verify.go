package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/shards/types"
)

// Audited is the highest header of a shard that auditors have confirmed; of height 0 where there is none.
func (k *Keeper) Audited(ctx context.Context, name string) (types.Audited, error) {
	a, err := k.audited.Get(ctx, name)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Audited{Shard: name}, nil
	}
	return a, err
}

// Confirmed tells whether a header is one that auditors have confirmed, or with which a shard has ended: no other of its height can ever count.
func (k *Keeper) Confirmed(ctx context.Context, name string, sh *cmttypes.SignedHeader) (bool, error) {
	s, err := k.Shard(ctx, name)
	if err != nil {
		return false, err
	}
	if !s.Runs() {
		return uint64(sh.Height) == s.FinalHeight && bytes.Equal(sh.Hash(), s.FinalHash), nil
	}
	a, err := k.Audited(ctx, name)
	return uint64(sh.Height) == a.Height && bytes.Equal(sh.Hash(), a.HeaderHash), err
}

// VerifyHeader tells whether a header of a shard counts: it is the one that was anchored or audited last, or with which the shard has ended, or else the committee that signs after the newest anchor has signed it. Of a shard
// that has ended no other header counts, and none by a committee whose term is over: who sits no longer can sign whatever it likes.
func (k *Keeper) VerifyHeader(ctx context.Context, name string, sh *cmttypes.SignedHeader) error {
	s, err := k.Shard(ctx, name)
	if err != nil {
		return err
	}
	last, err := k.lastAnchor(ctx, name)
	if err != nil {
		return err
	}
	known, err := k.Confirmed(ctx, name, sh)
	switch {
	case err != nil || known:
		return err
	case !s.Runs():
		return errorsmod.Wrapf(types.ErrStatus, "%s is %s: only the header %X of height %d counts", s.Name, s.Status, s.FinalHash, s.FinalHeight)
	case uint64(sh.Height) == last.Height && bytes.Equal(sh.Hash(), last.HeaderHash):
		return nil
	}
	c, err := k.Committee(ctx, name, last.NextTerm)
	if err != nil {
		return err
	}
	if uint64(sh.Height) < c.FirstHeight || uint64(sh.Height) == last.Height {
		return errorsmod.Wrapf(types.ErrRefused, "height %d of %s is anchored as %X at height %d, and term %d signs from height %d on: take a header of it", sh.Height, name, last.HeaderHash, last.Height, c.Term, c.FirstHeight)
	}
	if err := k.checkOverlap(ctx, s, c); err != nil {
		return err
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(uint64(len(sh.Commit.Signatures))*signatureGas, "commit of a shard")
	return c.VerifyHeader(sh)
}

// checkOverlap of a committee with the one that follows it: after the epoch in which that one began, its first header is to be anchored before anything counts.
func (k *Keeper) checkOverlap(ctx context.Context, s types.Shard, c types.Committee) error {
	if c.Term == s.Term {
		return nil
	}
	next, err := k.Committee(ctx, s.Name, c.Term+1)
	if err != nil {
		return err
	}
	now, _, err := k.epoch(ctx)
	if err == nil && now > next.Epoch {
		err = errorsmod.Wrapf(types.ErrRefused, "term %d of %s is over since epoch %d: anchor its last header first", c.Term, s.Name, next.Epoch)
	}
	return err
}
