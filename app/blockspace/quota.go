package blockspace

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

const (
	// blockParts: one transaction may ask for this part of a block's gas and bytes at most, proofs for two of them, so that each class finds room in each block.
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
	c, err := classOf(ctx, q.ledger, tx)
	if err != nil {
		return ctx, err
	}
	if err := checkSize(ctx, c, fees.GetGas()); err != nil {
		return ctx, err
	}
	if err := q.ledger.CountTx(ctx, fees.FeePayer(), c == relay); err != nil {
		return ctx, err
	}
	return next(ctx, tx, simulate)
}

// checkSize holds a transaction against what it may take of a block.
func checkSize(ctx sdk.Context, c class, gas uint64) error {
	block := ctx.ConsensusParams().Block
	if block == nil || block.MaxGas <= 0 || block.MaxBytes <= 0 {
		return nil
	}
	parts := uint64(1)
	if c == proof {
		// A claim or proof over very many payers cannot be split.
		parts = 2
	}
	if most := uint64(block.MaxGas) / blockParts * parts; gas > most {
		return errorsmod.Wrapf(sdkerrors.ErrOutOfGas, "gas limit %d, at most %d, a share of a block: split the transaction", gas, most)
	}
	most := uint64(block.MaxBytes) / blockParts
	if c == ordinary {
		most = min(most, maxOrdinaryBytes)
	}
	if size := uint64(len(ctx.TxBytes())); size > most {
		return errorsmod.Wrapf(sdkerrors.ErrTxTooLarge, "%d bytes, at most %d: split the transaction", size, most)
	}
	return nil
}
