package ibc

import (
	"context"
	"fmt"
	"time"
)

// refresh keeps the destination's client of the source fresh: a service chain counts its epochs by it, and a client that is not updated within its trusting period
// expires for good.
func (p *Path) refresh(ctx context.Context) error {
	state, err := p.Destination.clientState(ctx, p.DestinationClient)
	if err != nil {
		return err
	}
	known, err := p.Destination.consensusState(ctx, p.DestinationClient, state.LatestHeight)
	if err != nil {
		return err
	}
	p.Metrics.expires(p, known.Timestamp.Add(state.TrustingPeriod))
	now, err := p.Source.Time(ctx)
	if err != nil {
		return err
	}
	age := now.Sub(known.Timestamp)
	if !refreshDue(age, state.TrustingPeriod, p.Refresh) {
		return nil
	}
	height, err := p.Source.latest(ctx)
	if err != nil {
		return err
	}
	if uint64(height) <= state.LatestHeight.RevisionHeight {
		// Another relayer was faster, or the node is late.
		return nil
	}
	msgs, err := update(ctx, p.Destination, p.DestinationClient, p.Source, height)
	if err != nil || len(msgs) == 0 {
		return err
	}
	if _, err := p.Destination.Send(ctx, p.Destination.key, msgs...); err != nil {
		p.Metrics.txFailed(p.Destination.ChainID(), err)
		p.Source.nodes.rotate()
		return fmt.Errorf("refresh client %s on %s (its view of %s is %s old of %s): %w",
			p.DestinationClient, p.Destination.ChainID(), p.Source.ChainID(), age.Round(time.Second), state.TrustingPeriod, err)
	}
	return nil
}

// refreshDue tells whether a client's view of that age must be renewed: at a third of the trusting period, which leaves two thirds for outages, or at bound where
// one is set.
func refreshDue(age, trusting, bound time.Duration) bool {
	limit := trusting / 3
	if bound > 0 {
		limit = min(limit, bound)
	}
	return age >= limit
}
