package shardchain

import (
	"context"
	"encoding/hex"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// txServer answers cosmos.tx.v1beta1.Service: what wallets ask beside CometBFT's RPC.
type txServer struct {
	*txtypes.UnimplementedServiceServer
	app *App
}

// Simulate tells whether a transfer would be executed now. Its signature is not looked at: wallets leave it out. Gas used is microseconds of a processor, as the quota counts them; no wallet pays for it.
func (s txServer) Simulate(_ context.Context, req *txtypes.SimulateRequest) (*txtypes.SimulateResponse, error) {
	raw := req.TxBytes
	if len(raw) == 0 {
		return nil, status.Error(codes.InvalidArgument, "tx_bytes is empty")
	}
	tx, err := sendtx.DecodeUnsigned(raw)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	rules, ok := s.app.Engine.Rules()
	if !ok {
		return nil, status.Error(codes.Unavailable, "there is no block yet")
	}
	sender, _, err := lattice.Sender(s.app.Engine, tx.From)
	if err != nil {
		return nil, status.Error(codes.OutOfRange, err.Error())
	}
	to, err := lattice.Recipient(s.app.Engine, tx.To)
	if err != nil {
		return nil, status.Error(codes.OutOfRange, err.Error())
	}
	cost := rules.Cost(&tx.Transfer, to)
	if _, _, err := rules.Debit(&sender, &tx.Transfer, to); err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "%s (codespace %s, code %d)", err, engine.Codespace, engine.Code(err))
	}
	const unitsPerMicrosecond = 1000
	return &txtypes.SimulateResponse{
		GasInfo: &sdk.GasInfo{GasUsed: cost / unitsPerMicrosecond}, Result: &sdk.Result{},
	}, nil
}

// BroadcastTx of a client, with the answer of the mempool.
func (s txServer) BroadcastTx(ctx context.Context, req *txtypes.BroadcastTxRequest) (*txtypes.BroadcastTxResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	res := &sdk.TxResponse{TxHash: hashOf(req.TxBytes)}
	if err := s.app.Insert(ctx, req.TxBytes); err != nil {
		res.Code, res.Codespace, res.RawLog = engine.Code(err), engine.Codespace, err.Error()
	}
	return &txtypes.BroadcastTxResponse{TxResponse: res}, nil
}

func hashOf(raw []byte) string {
	h := sendtx.Hash(raw)
	return hex.EncodeToString(h[:])
}
