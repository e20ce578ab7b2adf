package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/shards/types"
)

const (
	// signatureGas is what verifying a signature costs, as x/auth charges it.
	signatureGas = 1_000
	// proofGas is what verifying a proof of a shard's state costs.
	proofGas = 20_000
)

// Anchor records headers in the order in which they stand. The transaction fails where none is recorded.
func (k *Keeper) Anchor(ctx context.Context, msg *types.MsgAnchor) (*types.MsgAnchorResponse, error) {
	res := &types.MsgAnchorResponse{Refused: make([]string, len(msg.Anchors))}
	var failed error
	for i, a := range msg.Anchors {
		if err := attempt(ctx, func(ctx context.Context) error { return k.anchor(ctx, a) }); err != nil {
			res.Refused[i] = err.Error()
			failed = err
		}
	}
	for _, refused := range res.Refused {
		if refused == "" {
			return res, nil
		}
	}
	return nil, failed
}

// anchor a header: it is signed by the committee of its term, and higher than the one before.
func (k *Keeper) anchor(ctx context.Context, a types.NewAnchor) error {
	s, err := k.Shard(ctx, a.Shard)
	if err != nil {
		return err
	}
	if !s.Runs() {
		return errorsmod.Wrapf(types.ErrStatus, "%s is %s: no header of it above height %d counts", s.Name, s.Status, s.FinalHeight)
	}
	sh, err := types.ParseHeader(s.Name, a.SignedHeader)
	if err != nil {
		return err
	}
	height := uint64(sh.Height)
	last, err := k.lastAnchor(ctx, s.Name)
	if err != nil {
		return err
	}
	if height <= last.Height && a.Final != nil && s.Ends() {
		return k.endBefore(ctx, s, last, a, sh)
	}
	if height <= last.Height {
		return errorsmod.Wrapf(types.ErrKnown, "%s is anchored at height %d, this is %d", s.Name, last.Height, height)
	}
	c, err := k.Committee(ctx, s.Name, last.NextTerm)
	if err != nil {
		return err
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(uint64(len(sh.Commit.Signatures))*signatureGas, "commit of a shard")
	if err := c.VerifyHeader(sh); err != nil {
		return err
	}
	now, _, err := k.epoch(ctx)
	if err != nil {
		return err
	}
	next := types.Anchor{
		Shard: s.Name, Height: height, HeaderHash: sh.Hash(), AppHash: sh.AppHash, Time: sh.Time, Term: c.Term, MainHeight: sdk.UnwrapSDKContext(ctx).BlockHeight(), MainEpoch: now,
		LatticeRoot: last.LatticeRoot, Transfers: last.Transfers,
	}
	if next.NextTerm, err = k.nextTerm(ctx, s, c, sh); err != nil {
		return err
	}
	h := types.Header{Shard: next.Shard, Height: next.Height, HeaderHash: next.HeaderHash, Term: c.Term, Signers: c.Signers(sh), MainHeight: next.MainHeight}
	if a.Head != nil {
		overdrawn, err := k.readHead(ctx, *a.Head, &next)
		if err != nil {
			return err
		}
		h.Overdrawn = &overdrawn
	}
	if err := k.record(ctx, c, h, next); err != nil {
		return err
	}
	if a.Final == nil {
		return nil
	}
	return k.end(ctx, s, c, next, *a.Final)
}

// endBefore ends a shard by a header that is not higher than the newest that was anchored: anyone may have brought that one, or a higher one, without saying that the shard had ended. The newest anchor stays.
func (k *Keeper) endBefore(ctx context.Context, s types.Shard, last types.Anchor, a types.NewAnchor, sh *cmttypes.SignedHeader) error {
	c, err := k.Committee(ctx, s.Name, last.Term)
	for err == nil && c.FirstHeight > uint64(sh.Height) && c.Term > 1 {
		c, err = k.Committee(ctx, s.Name, c.Term-1)
	}
	if err != nil {
		return err
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(uint64(len(sh.Commit.Signatures))*signatureGas, "commit of a shard")
	if err := c.VerifyHeader(sh); err != nil {
		return err
	}
	if a.Head == nil {
		return errorsmod.Wrap(types.ErrInvalid, "final needs a proof of the head: its root is what the children have")
	}
	of := types.Anchor{Shard: s.Name, Height: uint64(sh.Height), HeaderHash: sh.Hash(), AppHash: sh.AppHash, Time: sh.Time, Term: c.Term, Transfers: last.Transfers}
	if _, err := k.readHead(ctx, *a.Head, &of); err != nil {
		return err
	}
	return k.end(ctx, s, c, of, *a.Final)
}

// lastAnchor of a shard; before the first one its first term signs.
func (k *Keeper) lastAnchor(ctx context.Context, name string) (types.Anchor, error) {
	a, err := k.anchors.Get(ctx, name)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Anchor{Shard: name, NextTerm: 1}, nil
	}
	return a, err
}

// nextTerm is who signs the header after this one. Where it is another set, this header is the last of its term, and says from which height on the other one signs.
func (k *Keeper) nextTerm(ctx context.Context, s types.Shard, c types.Committee, sh *cmttypes.SignedHeader) (uint64, error) {
	if bytes.Equal(sh.NextValidatorsHash, c.ValidatorsHash) {
		return c.Term, nil
	}
	for term := c.Term + 1; term <= s.Term; term++ {
		next, err := k.Committee(ctx, s.Name, term)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(sh.NextValidatorsHash, next.ValidatorsHash) {
			continue
		}
		next.FirstHeight = uint64(sh.Height) + 1
		if err := k.committees.Set(ctx, collections.Join(s.Name, term), next); err != nil {
			return 0, err
		}
		return term, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventSwitched{Shard: s.Name, Term: term, FirstHeight: next.FirstHeight})
	}
	return 0, errorsmod.Wrapf(types.ErrRefused, "height %d of %s names the next set %X, which no committee of it is", sh.Height, s.Name, sh.NextValidatorsHash)
}

// readHead of the shard's accounts: their root, the load, and what they have overdrawn.
func (k *Keeper) readHead(ctx context.Context, p types.HeadProof, next *types.Anchor) (overdrawn math.Int, err error) {
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(proofGas, "proof of a shard's head")
	head, err := p.Verify(next.AppHash)
	if err != nil {
		return overdrawn, err
	}
	if overdrawn, err = head.OverdrawnUtop(); err != nil {
		return overdrawn, err
	}
	if head.Transfers > next.Transfers {
		if err := k.addLoad(ctx, next.Shard, head.Transfers-next.Transfers); err != nil {
			return overdrawn, err
		}
	}
	next.LatticeRoot, next.Transfers = head.Root, max(next.Transfers, head.Transfers)
	return overdrawn, nil
}

// record the newest header: auditors say next what it is worth, and who signed it has worked.
func (k *Keeper) record(ctx context.Context, c types.Committee, h types.Header, next types.Anchor) error {
	if err := k.anchors.Set(ctx, next.Shard, next); err != nil {
		return err
	}
	if err := k.await(ctx, h); err != nil {
		return err
	}
	for i, m := range c.Members {
		if err := k.countWork(ctx, next.MainEpoch, m.Operator, h.Signed(i)); err != nil {
			return err
		}
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventAnchored{Shard: next.Shard, Height: next.Height, HeaderHash: next.HeaderHash, Term: next.Term})
}

// await what auditors say of a header. Of too many that wait the lowest is given up: a word on a higher one is a word on it.
func (k *Keeper) await(ctx context.Context, h types.Header) error {
	if err := k.headers.Set(ctx, collections.Join(h.Shard, h.Height), h); err != nil {
		return err
	}
	var heights []uint64
	if err := k.headers.Walk(ctx, collections.NewPrefixedPairRange[string, uint64](h.Shard), func(key headerKey, _ types.Header) (bool, error) {
		heights = append(heights, key.K2())
		return false, nil
	}); err != nil {
		return err
	}
	if len(heights) <= types.MaxHeaders {
		return nil
	}
	return k.headers.Remove(ctx, collections.Join(h.Shard, heights[0]))
}
