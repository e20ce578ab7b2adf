package shardchain

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
)

// History finds what was executed: the process around the app has the blocks.
type History interface {
	// Find a transaction by its hash, with its block's time, or ErrNotFound.
	Find(hash []byte) (*coretypes.ResultTx, time.Time, error)
	// Search transactions, in the order of blocks or backwards.
	Search(query string, page, limit int, backwards bool) (found []*coretypes.ResultTx, times []time.Time, total int, err error)
}

// ErrNotFound tells that a transaction is in no block.
var ErrNotFound = errors.New("unknown")

// SetHistory once there are blocks to read.
func (a *App) SetHistory(h History) { a.history.Store(&h) }

func (s txServer) history() (History, error) {
	if h := s.app.history.Load(); h != nil {
		return *h, nil
	}
	return nil, status.Error(codes.Unavailable, "the node is starting")
}

// GetTx by its hash.
func (s txServer) GetTx(_ context.Context, req *txtypes.GetTxRequest) (*txtypes.GetTxResponse, error) {
	hash, err := hex.DecodeString(req.Hash)
	if err != nil || len(hash) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "hash is %q, want hex digits", req.Hash)
	}
	h, err := s.history()
	if err != nil {
		return nil, err
	}
	found, at, err := h.Find(hash)
	if errors.Is(err, ErrNotFound) {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	tx, res, err := s.shown(found, at)
	return &txtypes.GetTxResponse{Tx: tx, TxResponse: res}, err
}

// shown as wallets expect it.
func (s txServer) shown(found *coretypes.ResultTx, at time.Time) (*txtypes.Tx, *sdk.TxResponse, error) {
	decoded, err := s.app.TxConfig.TxDecoder()(found.Tx)
	if err != nil {
		return nil, nil, err
	}
	packed, ok := decoded.(interface{ AsAny() *codectypes.Any })
	if !ok {
		return nil, nil, status.Errorf(codes.Internal, "%T is not a transaction", decoded)
	}
	asAny := packed.AsAny()
	tx, ok := asAny.GetCachedValue().(*txtypes.Tx)
	if !ok {
		return nil, nil, status.Errorf(codes.Internal, "%T is not a transaction", asAny.GetCachedValue())
	}
	return tx, sdk.NewResponseResultTx(found, asAny, at.Format(time.RFC3339)), nil
}

// GetTxsEvent searches transactions.
func (s txServer) GetTxsEvent(_ context.Context, req *txtypes.GetTxsEventRequest) (*txtypes.GetTxsEventResponse, error) {
	if req.Query == "" {
		return nil, status.Error(codes.InvalidArgument, "query is empty, e.g. transfer.recipient='top1…'")
	}
	h, err := s.history()
	if err != nil {
		return nil, err
	}
	page := max(int(req.Page), 1)
	found, times, total, err := h.Search(req.Query, page, int(req.Limit), req.OrderBy == txtypes.OrderBy_ORDER_BY_DESC)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	out := &txtypes.GetTxsEventResponse{Total: uint64(total), Pagination: &query.PageResponse{Total: uint64(total)}}
	for i := range found {
		tx, res, err := s.shown(found[i], times[i])
		if err != nil {
			return nil, err
		}
		out.Txs, out.TxResponses = append(out.Txs, tx), append(out.TxResponses, res)
	}
	return out, nil
}
