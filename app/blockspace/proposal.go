package blockspace

import (
	"context"

	"github.com/spf13/cast"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/base"
)

// defaultSize is CometBFT's mempool.size.
const defaultSize = 5_000

// Install puts quota and pool into an app that is not sealed yet. Proposals are the SDK's: everything in them passes the ante handler on the state of the block before,
// at the proposer and at everyone who votes, so what an honest node proposes is accepted.
func Install(app *base.App, ledger Ledger, opts base.Options) {
	size := cast.ToInt(opts.App.Get("mempool.size"))
	if size <= 0 {
		size = defaultSize
	}
	pool := NewPool(ledger, size)
	handler := baseapp.NewDefaultProposalHandler(pool, app.BaseApp)
	handler.SetTxSelector(untilFull{baseapp.NewDefaultTxSelector()})
	app.SetMempool(pool)
	app.SetPrepareProposal(handler.PrepareProposalHandler())
	app.SetProcessProposal(handler.ProcessProposalHandler())
	app.AddDecorators(NewQuota(ledger))
}

// untilFull ends a proposal with the first transaction that does not fit. The SDK's selector would go on to verify everything that waits; as no transaction is larger than
// a quarter of a block, little is left empty.
type untilFull struct{ baseapp.TxSelector }

// SelectTxForProposal answers whether the proposal is full.
func (s untilFull) SelectTxForProposal(ctx context.Context, maxBytes, maxGas uint64, tx sdk.Tx, bz []byte) bool {
	before := len(s.SelectedTxs(ctx))
	full := s.TxSelector.SelectTxForProposal(ctx, maxBytes, maxGas, tx, bz)
	return full || len(s.SelectedTxs(ctx)) == before
}
