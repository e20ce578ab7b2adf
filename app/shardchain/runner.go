package shardchain

import (
	"context"
	"errors"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
)

var errOnlyTransfers = errors.New("a shard takes transfers only: one cosmos.bank.v1beta1.MsgSend, signed by one key; or what proves itself, which a router carries")

// runner executes a block's transactions all at once: it stands where BaseApp would take them one by one.
type runner struct{ app *App }

var _ sdk.TxRunner = runner{}

// Run a block. What is no good transfer fails alone; a proposer that follows the rules proposes no such thing.
func (r runner) Run(ctx context.Context, _ storetypes.MultiStore, raws [][]byte, _ sdk.DeliverTxFunc) ([]*abci.ExecTxResult, error) {
	results := make([]*abci.ExecTxResult, len(raws))
	first := carriedFirst(raws)
	var arrivals []lattice.Arrival
	room := receipt.NewRoom()
	r.app.had = r.app.had[:0]
	for i, raw := range raws[:first] {
		r.app.had = append(r.app.had, sendtx.Hash(raw))
		arrived, err := r.app.executeRaw(r.app.ctx, raw, &room)
		results[i] = result(err)
		arrivals = append(arrivals, arrived...)
	}
	txs, errs := r.app.intake.Read(raws[first:])
	good, places := make([]*sendtx.Tx, 0, len(txs)), make([]int, 0, len(txs))
	for i, tx := range txs {
		if errs[i] != nil {
			results[first+i] = result(errs[i])
			continue
		}
		good, places = append(good, tx), append(places, first+i)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	res, err := r.app.Engine.Execute(r.app.rules, good, places, append(arrivals, captured(r.app.ctx)...))
	if err != nil {
		return nil, err
	}
	for i, v := range res.Verdicts {
		results[places[i]] = result(v.Err)
	}
	r.app.result = res
	r.app.touched = r.app.touched[:0]
	for _, list := range [][]lattice.Record{res.Changed, res.Created} {
		for i := range list {
			r.app.touched = append(r.app.touched, list[i].Address)
		}
	}
	r.app.touched = append(r.app.touched, res.Dropped...)
	return results, nil
}

// executed is the result of every transfer that went well: they are many, and all alike.
var executed = &abci.ExecTxResult{}

// result of a transaction. A log is no part of what nodes agree on; a code is.
func result(err error) *abci.ExecTxResult {
	if err == nil {
		return executed
	}
	return &abci.ExecTxResult{Code: engine.Code(err), Codespace: engine.Codespace, Log: err.Error()}
}

func header(height int64) cmtproto.Header { return cmtproto.Header{Height: height} }
