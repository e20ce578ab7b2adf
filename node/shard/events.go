package shard

import (
	abci "github.com/cometbft/cometbft/abci/types"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"

	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// eventsOf a transfer, as x/bank writes them: wallets and their back ends read them. A shard writes no events into its blocks, it makes them from the transaction when they are asked for.
func eventsOf(raw []byte) []abci.Event {
	tx, err := sendtx.Decode(raw)
	if err != nil {
		return nil
	}
	from, to, amount := sendtx.Bech32(tx.From), sendtx.Bech32(tx.To), latticetypes.Coins(tx.Amount).String()
	event := func(kind string, attributes ...string) abci.Event {
		e := abci.Event{Type: kind}
		for i := 0; i < len(attributes); i += 2 {
			e.Attributes = append(e.Attributes, abci.EventAttribute{Key: attributes[i], Value: attributes[i+1], Index: true})
		}
		return e
	}
	return []abci.Event{
		event("message", "action", "/cosmos.bank.v1beta1.MsgSend", "sender", from, "module", "bank", "msg_index", "0"),
		event("coin_spent", "spender", from, "amount", amount, "msg_index", "0"),
		event("coin_received", "receiver", to, "amount", amount, "msg_index", "0"),
		event("transfer", "recipient", to, "sender", from, "amount", amount, "msg_index", "0"),
	}
}

// blockResults with the events of what was executed.
func (r *rpc) blockResults(ctx *rpctypes.Context, height *int64) (*coretypes.ResultBlockResults, error) {
	res, err := r.env.BlockResults(ctx, height)
	if err != nil {
		return nil, err
	}
	block := r.block(res.Height)
	if block == nil || len(block.Txs) != len(res.TxsResults) {
		return res, nil
	}
	results := make([]*abci.ExecTxResult, len(res.TxsResults))
	for i, result := range res.TxsResults {
		shown := *result
		if shown.Code == abci.CodeTypeOK {
			shown.Events = eventsOf(block.Txs[i])
		}
		results[i] = &shown
	}
	shown := *res
	shown.TxsResults = results
	return &shown, nil
}
