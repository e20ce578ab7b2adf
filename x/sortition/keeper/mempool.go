package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/sortition/types"
)

// CheckMempool lets a proof or seal into the mempool only when it would be taken, and only one of each: it pays no fee. A recheck does not verify again.
func (k *Keeper) CheckMempool(ctx sdk.Context, msg sdk.Msg) error {
	switch m := msg.(type) {
	case *types.MsgPublishProof:
		r, p, err := k.checkProof(ctx, m)
		if err != nil {
			return err
		}
		if err := k.markPending(ctx, m.Epoch, 0, p.Operator); err != nil || ctx.IsReCheckTx() {
			return err
		}
		return verifyProof(ctx, r, &p)
	case *types.MsgSeal:
		r, err := k.checkSeal(ctx, m)
		if err != nil {
			return err
		}
		if err := k.markPending(ctx, m.Epoch, m.Index, m.Sender); err != nil || ctx.IsReCheckTx() {
			return err
		}
		_, err = verifySeal(ctx, r, r.Chain(ctx.ChainID()), m)
		return err
	}
	return nil
}

// markPending refuses what waits already. CheckTx discards its state with every block, and rechecking marks again what still waits.
func (k *Keeper) markPending(ctx context.Context, epoch uint64, index uint32, who string) error {
	key := collections.Join3(epoch, index, who)
	if has, err := k.pending.Has(ctx, key); err != nil || has {
		return errors.Join(err, errorsmod.Wrapf(types.ErrExists, "a proof or seal of %s for epoch %d waits in the mempool", who, epoch))
	}
	return k.pending.Set(ctx, key)
}
