package blockspace

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

const (
	// blockParts: one transaction may ask for this part of a block's gas at most, so that a few of them never are the whole block.
	blockParts = 4
	// maxOrdinaryBytes of a transaction that is no proof and no relay. A mempool full of them stays far below CometBFT's max_txs_bytes.
	maxOrdinaryBytes = 64 << 10
)

// Quota is the last decorator: what it counts has paid its signatures, and would be executed.
type Quota struct{ ledger Ledger }

// NewQuota counts transactions in a ledger.
func NewQuota(ledger Ledger) Quota { return Quota{ledger} }

// AnteHandle refuses a transaction that asks for too much of a block, and one of an account whose quota is used up. The account is the one that would pay the fee.
func (q Quota) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if simulate {
		return next(ctx, tx, simulate)
	}
	fees, ok := tx.(sdk.FeeTx)
	if !ok {
		return ctx, errorsmod.Wrapf(sdkerrors.ErrTxDecode, "%T names no account that pays", tx)
	}
	if block := ctx.ConsensusParams().Block; block != nil && block.MaxGas > 0 && fees.GetGas() > uint64(block.MaxGas)/blockParts {
		return ctx, errorsmod.Wrapf(sdkerrors.ErrOutOfGas, "gas limit %d, at most %d, a quarter of a block: split the transaction", fees.GetGas(), uint64(block.MaxGas)/blockParts)
	}
	c, err := classOf(ctx, q.ledger, tx)
	if err != nil {
		return ctx, err
	}
	if size := len(ctx.TxBytes()); c == ordinary && size > maxOrdinaryBytes {
		return ctx, errorsmod.Wrapf(sdkerrors.ErrTxTooLarge, "%d bytes, at most %d: split the transaction", size, maxOrdinaryBytes)
	}
	if err := q.ledger.CountTx(ctx, fees.FeePayer(), c == relay); err != nil {
		return ctx, err
	}
	return next(ctx, tx, simulate)
}
