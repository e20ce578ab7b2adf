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
	now, err := p.Source.Time(ctx)
	if err != nil {
		return err
	}
	age := now.Sub(known.Timestamp)
	p.Metrics.expiry(p, state.TrustingPeriod-age)
	limit := state.TrustingPeriod / 3
	if p.Refresh > 0 {
		limit = min(limit, p.Refresh)
	}
	if age < limit {
		return nil
	}
	height, err := p.Source.latest(ctx)
	if err != nil {
		return err
	}
	msgs, err := update(ctx, p.Destination, p.DestinationClient, p.Source, height)
	if err != nil || len(msgs) == 0 {
		return err
	}
	if _, err := p.Destination.Send(ctx, p.Destination.key, msgs...); err != nil {
		return fmt.Errorf("refresh client %s on %s (its view of %s is %s old): %w", p.DestinationClient, p.Destination.ChainID(), p.Source.ChainID(), age.Round(time.Second), err)
	}
	return nil
}
