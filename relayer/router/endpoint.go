package router

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	rpcclient "github.com/cometbft/cometbft/rpc/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/topnetwork/top/relayer/nodes"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// endpoint is a shard by way of its nodes.
type endpoint struct {
	name string
	*members
}

var _ Shard = (*endpoint)(nil)

// Dial a shard's nodes; none is asked yet.
func Dial(name string, nodes []nodes.Node) (*endpoint, error) {
	m, err := dial(nodes)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w", name, err)
	}
	return &endpoint{name, m}, nil
}

// Close the connections.
func (e *endpoint) Close() error { return e.close() }

// Name implements Shard.
func (e *endpoint) Name() string { return e.name }

// Rotate implements Shard.
func (e *endpoint) Rotate() { e.leave(e.pick().index) }

// about names the shard in an error.
func (e *endpoint) about(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s of %s: %w", what, e.name, err)
}

// Ledgers implements Shard.
func (e *endpoint) Ledgers(ctx context.Context) (res *latticetypes.QueryLedgersResponse, err error) {
	err = e.ask(ctx, func(ctx context.Context, at *member) (err error) {
		res, err = latticetypes.NewQueryClient(at.conn).Ledgers(ctx, &latticetypes.QueryLedgersRequest{})
		return err
	})
	return res, e.about("ledgers", err)
}

// Params implements Shard.
func (e *endpoint) Params(ctx context.Context) (res *latticetypes.QueryParamsResponse, err error) {
	err = e.ask(ctx, func(ctx context.Context, at *member) (err error) {
		res, err = latticetypes.NewQueryClient(at.conn).Params(ctx, &latticetypes.QueryParamsRequest{})
		return err
	})
	return res, e.about("parameters", err)
}

// Head implements Shard.
func (e *endpoint) Head(ctx context.Context) (res *latticetypes.QueryHeadResponse, err error) {
	err = e.ask(ctx, func(ctx context.Context, at *member) (err error) {
		res, err = latticetypes.NewQueryClient(at.conn).Head(ctx, &latticetypes.QueryHeadRequest{})
		return err
	})
	return res, e.about("head", err)
}

// Light implements Shard.
func (e *endpoint) Light(ctx context.Context) (head lighttypes.Header, err error) {
	err = e.ask(ctx, func(ctx context.Context, at *member) error {
		res, err := lighttypes.NewQueryClient(at.conn).Head(ctx, &lighttypes.QueryHeadRequest{})
		switch {
		case status.Code(err) == codes.NotFound:
			return fmt.Errorf("%w: %w", errNoMainChain, err)
		case err != nil:
			return err
		case res.Frozen != nil:
			return status.Errorf(codes.FailedPrecondition, "it is frozen at height %d: %s", res.Frozen.Kept.Height, res.Frozen.Reason)
		}
		head = res.Header
		return nil
	})
	return head, e.about("light client", err)
}

// Header implements Shard.
func (e *endpoint) Header(ctx context.Context, height int64) (header *cmtproto.SignedHeader, err error) {
	var at *int64
	if height > 0 {
		at = &height
	}
	err = e.ask(ctx, func(ctx context.Context, node *member) error {
		res, err := node.rpc.Commit(ctx, at)
		if err != nil {
			return err
		}
		if res.Header == nil || res.Commit == nil || height > 0 && res.Height != height {
			return fmt.Errorf("it answered another header than %d", height)
		}
		if err := res.SignedHeader.ValidateBasic(e.name); err != nil {
			return err
		}
		header = res.SignedHeader.ToProto()
		return nil
	})
	return header, e.about("header", err)
}

// Batches implements Shard.
func (e *endpoint) Batches(ctx context.Context, destination string, after uint64) (batches []latticetypes.Batch, err error) {
	err = e.ask(ctx, func(ctx context.Context, at *member) error {
		res, err := latticetypes.NewQueryClient(at.conn).Batches(ctx, &latticetypes.QueryBatchesRequest{Destination: destination, After: after, Limit: maxBatches})
		if err != nil {
			return err
		}
		batches = res.Batches
		last := after
		for _, b := range batches {
			key, err := latticetypes.BatchKey(destination, b.Height)
			if err != nil {
				return err
			}
			if b.Height <= last || !bytes.Equal(key, b.Key) {
				return fmt.Errorf("it answered the batch of height %d after %d", b.Height, last)
			}
			last = b.Height
		}
		return nil
	})
	return batches, e.about("batches for "+destination, err)
}

// Prove implements Shard. What a node proves fits the header, or it loses its turn.
func (e *endpoint) Prove(ctx context.Context, key []byte, by *cmtproto.SignedHeader) (value []byte, ops *cmtcrypto.ProofOps, err error) {
	err = e.ask(ctx, func(ctx context.Context, at *member) error {
		res, err := at.rpc.ABCIQueryWithOptions(ctx, "/store/"+latticetypes.StoreKey+"/key", key, rpcclient.ABCIQueryOptions{Height: by.Header.Height - 1, Prove: true})
		if err != nil {
			return err
		}
		r := res.Response
		if r.Code != 0 || r.Height != by.Header.Height-1 || r.ProofOps == nil {
			return fmt.Errorf("it answered height %d of %d, code %d: %s", r.Height, by.Header.Height-1, r.Code, r.Log)
		}
		value, ops = r.Value, r.ProofOps
		if len(value) == 0 {
			return lighttypes.ProvenAbsentIn(by.Header.AppHash, latticetypes.StoreKey, key, ops)
		}
		return lighttypes.ProvenIn(by.Header.AppHash, latticetypes.StoreKey, key, value, ops)
	})
	return value, ops, e.about("proof", err)
}

// Submit implements Shard.
func (e *endpoint) Submit(ctx context.Context, raw []byte) error {
	return e.ask(ctx, func(ctx context.Context, at *member) error {
		res, err := txtypes.NewServiceClient(at.conn).BroadcastTx(ctx, &txtypes.BroadcastTxRequest{TxBytes: raw, Mode: txtypes.BroadcastMode_BROADCAST_MODE_SYNC})
		switch {
		case err != nil:
			return e.about("broadcast", err)
		case res.TxResponse == nil:
			return errors.New("its answer is empty")
		case res.TxResponse.Code != 0:
			return &Refusal{Shard: e.name, Code: res.TxResponse.Code, Log: res.TxResponse.RawLog}
		}
		return nil
	})
}

// Invariants has the shard add up its accounts, and answers what is broken. It is asked again while a block comes between.
func (e *endpoint) Invariants(ctx context.Context) (broken string, err error) {
	for range invariantTries {
		err = e.ask(ctx, func(ctx context.Context, at *member) error {
			res, err := latticetypes.NewQueryClient(at.conn).Invariants(ctx, &latticetypes.QueryInvariantsRequest{})
			if err == nil {
				broken = res.Broken
			}
			return err
		})
		if err == nil || status.Code(err) != codes.Unavailable || !sleep(ctx, firstPause/10) {
			break
		}
	}
	return broken, e.about("invariants", err)
}

// invariantTries before a shard counts as one that does not answer: it answers between two blocks only.
const invariantTries = 100
