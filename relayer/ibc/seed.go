package ibc

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/protocol/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// seed brings the main chain's seed that the service chain's oldest claim waits for, as soon as there is one. Both chains are asked in every round, and what the main
// chain's nodes say is proven or not sent.
func (p *Path) seed(ctx context.Context) error {
	after, waits, err := p.awaited(ctx)
	if err != nil || !waits {
		return err
	}
	res, err := sortitiontypes.NewQueryClient(p.Source.Conn()).SeedAfter(ctx, &sortitiontypes.QuerySeedAfterRequest{Height: after.Height, Time: after.Time})
	if status.Code(err) == codes.NotFound {
		return nil // not made yet
	}
	if err != nil {
		return fmt.Errorf("seed of %s: %w", p.Source.ChainID(), err)
	}
	at, err := p.Source.view(ctx)
	if err != nil {
		return err
	}
	value, proof, err := p.Source.proofIn(ctx, sortitiontypes.StoreKey, sortitiontypes.PublishedSeedKey(res.Seed.Epoch), at)
	if err != nil || len(value) == 0 {
		return err // published in the newest block: provable from the next one on
	}
	if err := checkSeed(value, after); err != nil {
		p.Source.rotate()
		return fmt.Errorf("seed of %s for epoch %d: %w", p.Source.ChainID(), res.Seed.Epoch, err)
	}
	return p.deliver(ctx, after, at.height, &usagetypes.MsgDeliverSeed{
		Sender: p.Destination.Signer(), Epoch: res.Seed.Epoch, Value: value, Proof: proof, ProofHeight: uint64(at.height),
	})
}

// awaited is after what the seed was sealed that the destination waits for, if it waits for one.
func (p *Path) awaited(ctx context.Context) (after sortition.Moment, waits bool, err error) {
	res, err := usagetypes.NewQueryClient(p.Destination.Conn()).AwaitedSeed(ctx, &usagetypes.QueryAwaitedSeedRequest{})
	if status.Code(err) == codes.NotFound {
		return after, false, nil
	}
	if err != nil {
		return after, false, fmt.Errorf("seed that %s waits for: %w", p.Destination.ChainID(), err)
	}
	return sortition.Moment{Height: res.AfterHeight, Time: res.AfterTime}, true, nil
}

// checkSeed holds a proven value against what is awaited, as the service chain will.
func checkSeed(value []byte, after sortition.Moment) error {
	var s sortitiontypes.PublishedSeed
	if err := s.Unmarshal(value); err != nil {
		return err
	}
	if !sortition.FirstAfter(after, s.Previous(), s.Sealing()) {
		return fmt.Errorf("the node answered another seed than the first after height %d and %d ns", after.Height, after.Time)
	}
	return nil
}

// deliver a seed after a client update. Where it is refused and no longer awaited, another relayer was faster.
func (p *Path) deliver(ctx context.Context, after sortition.Moment, height int64, msg *usagetypes.MsgDeliverSeed) error {
	const what = "seed"
	msgs, err := update(ctx, p.Destination, p.DestinationClient, p.Source, height)
	if err != nil {
		return err
	}
	res, err := p.Destination.Send(ctx, p.Destination.key, append(msgs, msg)...)
	if err == nil {
		p.Log.Info(what, "chain", p.Destination.ChainID(), "epoch", msg.Epoch, "tx", res.Hash, "height", res.Height)
		p.Metrics.relayed(p.Destination.ChainID(), what, 1)
		return nil
	}
	if now, waits, unknown := p.awaited(ctx); unknown == nil && (!waits || now != after) {
		p.Log.Info("another relayer was faster", "what", what, "chain", p.Destination.ChainID())
		p.Metrics.redundant(p.Destination.ChainID(), what, 1)
		return nil
	}
	p.Metrics.txFailed(p.Destination.ChainID(), err)
	p.Source.nodes.rotate()
	return fmt.Errorf("seed of epoch %d on %s: %w", msg.Epoch, p.Destination.ChainID(), err)
}
