package sortition

import (
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/sortition/keeper"
	"github.com/topnetwork/top/x/sortition/types"
)

// maxFreeGas bounds what a transaction may use that pays nothing: a signature, a proof, some records.
const maxFreeGas = 500_000

// publication is the one proof or seal that a transaction consists of, nil for any other transaction.
func publication(tx sdk.Tx) sdk.Msg {
	msgs := tx.GetMsgs()
	if len(msgs) != 1 {
		return nil
	}
	switch msgs[0].(type) {
	case *types.MsgPublishProof, *types.MsgSeal:
		return msgs[0]
	}
	return nil
}

// FeeDecorator lets transactions of exactly one proof or seal pass without the node's minimum fee. It stands before fees are taken.
type FeeDecorator struct{}

// AnteHandle waives the minimum.
func (FeeDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if fee, ok := tx.(sdk.FeeTx); ok && publication(tx) != nil && fee.GetGas() <= maxFreeGas {
		ctx = ctx.WithMinGasPrices(nil)
	}
	return next(ctx, tx, simulate)
}

// MempoolDecorator keeps free transactions that would fail, or that wait already, out of the mempool. It stands behind the signatures: who cannot sign for a node's hot
// address costs no verification of a proof.
type MempoolDecorator struct{ keeper *keeper.Keeper }

// NewMempoolDecorator of a keeper.
func NewMempoolDecorator(k *keeper.Keeper) MempoolDecorator { return MempoolDecorator{keeper: k} }

// AnteHandle checks in CheckTx; in blocks the message's handler does.
func (d MempoolDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if msg := publication(tx); msg != nil && ctx.IsCheckTx() && !simulate {
		if err := d.keeper.CheckMempool(ctx, msg); err != nil {
			return ctx, err
		}
	}
	return next(ctx, tx, simulate)
}
