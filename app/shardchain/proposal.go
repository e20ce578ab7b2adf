package shardchain

import (
	"bytes"
	"context"
	"slices"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// maxTransfers of a block: more make it slow to vote on, without being cheaper.
	maxTransfers = 10_000
	// checkTimeout of a transaction that a client sends: it waits for others that are verified with it.
	checkTimeout = 10 * time.Second
)

// prepare a block of what waits.
func (a *App) prepare(ctx sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	rules, err := a.Lattice.Rules(ctx.WithBlockHeight(req.Height).WithBlockTime(req.Time))
	if err != nil {
		return nil, err
	}
	room := receipt.NewRoom()
	txs, size := a.carried.build(a, ctx, req.MaxTxBytes, &room)
	number, bytes := room.Transfers()
	gate := room.Gate()
	txs = append(txs, a.Pool.Build(&rules, min(req.MaxTxBytes-size, int64(bytes)), min(number, maxTransfers), func(t *lattice.Transfer) bool {
		if t.To != receipt.GateAddress() {
			return true
		}
		gate--
		return gate >= 0
	})...)
	a.proposed = proposal{height: req.Height, time: req.Time, txs: txs}
	return &abci.ResponsePrepareProposal{Txs: a.proposed.txs}, nil
}

// proposal of this member, all of whose transactions can be executed.
type proposal struct {
	height int64
	time   time.Time
	txs    [][]byte
}

// is tells whether a block is the one that was proposed.
func (p *proposal) is(req *abci.RequestProcessProposal) bool {
	return p.height == req.Height && p.time.Equal(req.Time) && slices.EqualFunc(p.txs, req.Txs, bytes.Equal)
}

// process a proposal: every transaction of it must be executed, or the proposer has not followed the rules.
func (a *App) process(ctx sdk.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	refuse := func(err error) (*abci.ResponseProcessProposal, error) {
		a.Logger().Info("refused a proposal", "height", req.Height, "transactions", len(req.Txs), "err", err)
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	if a.proposed.is(req) {
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
	}
	first := carriedFirst(req.Txs)
	if first > maxCarried || len(req.Txs)-first > maxTransfers {
		return refuse(errOnlyTransfers)
	}
	// As a block has it: rules are those of before what it carries.
	rules, err := a.Lattice.Rules(ctx.WithBlockHeight(req.Height).WithBlockTime(req.Time))
	if err != nil {
		return nil, err
	}
	room := receipt.NewRoom()
	for _, raw := range req.Txs[:first] {
		if _, err := a.executeRaw(ctx, raw, &room); err != nil {
			return refuse(err)
		}
	}
	bytes := 0
	for _, raw := range req.Txs[first:] {
		bytes += len(raw)
	}
	if !room.TakeTransfers(len(req.Txs)-first, bytes) {
		return refuse(errRoom)
	}
	txs, errs := a.intake.Read(req.Txs[first:])
	gate := 0
	for i, err := range errs {
		if err != nil {
			return refuse(err)
		}
		if txs[i].To == receipt.GateAddress() {
			gate++
		}
	}
	if !room.TakeGate(gate) {
		return refuse(errRoom)
	}
	if err := a.Engine.Check(rules, txs); err != nil {
		return refuse(err)
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// checkTx of a client: it answers when the transaction is verified and waits for a block.
func (a *App) checkTx(_ sdk.RunTx, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	if err := a.Insert(ctx, req.Tx); err != nil {
		return &abci.ResponseCheckTx{Code: engine.Code(err), Codespace: engine.Codespace, Log: err.Error()}, nil
	}
	return &abci.ResponseCheckTx{}, nil
}

// Insert a client's transaction into the mempool.
func (a *App) Insert(ctx context.Context, raw []byte) error {
	switch {
	case sendtx.IsSend(raw):
		return a.Pool.Insert(ctx, raw)
	case latticetypes.IsCarried(raw):
		return a.OfferCarried(raw, "")
	default:
		return errOnlyTransfers
	}
}
