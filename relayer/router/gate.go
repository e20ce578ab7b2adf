package router

import (
	"bytes"
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Gate is the main chain as one more ledger (x/gate), as it said last.
type Gate struct {
	Ledgers []latticetypes.Ledger
	// Unaudited utop that it takes from a shard; 0 for no bound.
	Unaudited uint64
}

// ledger of a shard; an empty one where the main chain knows none.
func (g *Gate) ledger(name string) latticetypes.Ledger {
	for _, l := range g.Ledgers {
		if l.Name == name {
			return l
		}
	}
	return latticetypes.Ledger{Name: name}
}

// Gate implements Main. A release without x/gate has none.
func (s settlement) Gate(ctx context.Context) (*Gate, error) {
	client := gatetypes.NewQueryClient(s.Conn())
	params, err := client.Params(ctx, &gatetypes.QueryParamsRequest{})
	if status.Code(err) == codes.Unimplemented {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	res, err := client.Ledgers(ctx, &gatetypes.QueryLedgersRequest{})
	if err != nil {
		return nil, err
	}
	return &Gate{Ledgers: res.Ledgers, Unaudited: params.Params.UnauditedUtop}, nil
}

// Batches implements Main.
func (s settlement) Batches(ctx context.Context, destination string, after uint64) ([]latticetypes.Batch, error) {
	res, err := gatetypes.NewQueryClient(s.Conn()).Batches(ctx, &gatetypes.QueryBatchesRequest{Destination: destination, After: after, Limit: maxBatches})
	if err != nil {
		return nil, err
	}
	last := after
	for _, b := range res.Batches {
		key, err := latticetypes.BatchKey(destination, b.Height)
		if err != nil {
			return nil, err
		}
		if b.Height <= last || !bytes.Equal(key, b.Key) {
			return nil, fmt.Errorf("%s answered the batch of height %d for %s after %d", s.ChainID(), b.Height, destination, last)
		}
		last = b.Height
	}
	return res.Batches, nil
}

// Deliver implements Main.
func (s settlement) Deliver(ctx context.Context, deliveries []latticetypes.Delivery) ([]string, error) {
	var res gatetypes.MsgDeliverResponse
	err := s.answered(ctx, &gatetypes.MsgDeliver{Signer: s.Signer(), Deliveries: deliveries}, &res)
	return res.Refused, err
}

// Confirm implements Main.
func (s settlement) Confirm(ctx context.Context, confirmations []latticetypes.Confirmation) ([]string, error) {
	var res gatetypes.MsgConfirmResponse
	err := s.answered(ctx, &gatetypes.MsgConfirm{Signer: s.Signer(), Confirmations: confirmations}, &res)
	return res.Refused, err
}

// answered sends a message and reads what the chain answers in its block.
func (s settlement) answered(ctx context.Context, msg sdk.Msg, answer interface{ Unmarshal([]byte) error }) error {
	res, err := s.Client.Send(ctx, s.key, msg)
	if err != nil {
		return err
	}
	if len(res.Responses) != 1 {
		return fmt.Errorf("transaction %s has %d answers to one message", res.Hash, len(res.Responses))
	}
	return answer.Unmarshal(res.Responses[0].Value)
}
