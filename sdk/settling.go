package sdk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/sdk/session"
)

// readEpoch asks the service chain.
func (p *purse) readEpoch(ctx context.Context) (uint64, error) {
	epoch, err := p.c.ledger.Epoch(ctx)
	if err != nil {
		return 0, fmt.Errorf("epoch: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.epoch, p.known = max(p.epoch, epoch), true
	return p.epoch, nil
}

// run follows the epoch, signs vouchers in time, and settles what earlier epochs and runs left.
func (p *purse) run(ctx context.Context) {
	ticker := time.NewTicker(p.c.cfg.Poll)
	defer ticker.Stop()
	for {
		p.step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (p *purse) step(ctx context.Context) {
	p.mu.Lock()
	idle := len(p.states) == 0
	p.mu.Unlock()
	if idle {
		return
	}
	epoch, err := p.readEpoch(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.c.cfg.Log.Warn("follow the epoch", "err", err)
		}
		return
	}
	var work sync.WaitGroup
	defer work.Wait()
	live, states := p.snapshot()
	for key, s := range live {
		work.Go(func() {
			if s.Over() || s.State().Offer.Epoch < epoch || p.replaced(s) {
				p.retire(ctx, []byte(key), s, true)
				return
			}
			tend, cancel := context.WithTimeout(ctx, finishTimeout)
			defer cancel()
			if err := s.Tend(tend, p.c.cfg.VoucherPeriod); err != nil && ctx.Err() == nil {
				p.c.cfg.Log.Warn("sign voucher", "err", err)
			}
		})
	}
	for _, s := range states {
		if current := live[string(s.Offer.ProviderKey)]; current != nil && current.ID() == s.ID() {
			continue
		}
		if s.Offer.Epoch < epoch || s.Closed {
			work.Go(func() { p.finishOld(ctx, s, epoch) })
		}
	}
}

// finishOld signs the final voucher of a session that no stream carries any more.
func (p *purse) finishOld(ctx context.Context, state *session.State, epoch uint64) {
	key := state.Offer.ProviderKey
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	unlock, err := p.lock(ctx, key)
	if err != nil {
		return
	}
	defer unlock()
	if p.gone(state) {
		return
	}
	if state.Closed && state.Settled() && state.Pending == nil || state.Offer.Epoch+abandonAfter < epoch {
		p.archive(state)
		return
	}
	s, err := p.attach(ctx, key, state)
	if err == nil {
		err = s.Finish(ctx)
		s.Drop()
	}
	switch code := refusal.Code(err); {
	case err == nil:
		p.archive(s.State())
	case code == refusal.UnknownSession || code == refusal.Closed || errors.Is(err, session.ErrDisputed):
		p.archive(state)
	default:
		p.c.cfg.Log.Debug("finish old session", "err", err)
	}
}

// gone tells whether a state was archived or is in use.
func (p *purse) gone(state *session.State) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.live[string(state.Offer.ProviderKey)]
	return p.states[state.ID()] == nil || s != nil && s.ID() == state.ID()
}

// settle signs everything that is open.
func (p *purse) settle(ctx context.Context) {
	live, _ := p.snapshot()
	var work sync.WaitGroup
	for _, s := range live {
		work.Go(func() {
			if err := s.Sign(ctx); err != nil {
				p.c.cfg.Log.Debug("sign voucher", "err", err)
			}
			s.Drop()
		})
	}
	work.Wait()
}

func (p *purse) snapshot() (map[string]*session.Session, []*session.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	states := make([]*session.State, 0, len(p.states))
	for _, s := range p.states {
		states = append(states, s)
	}
	return maps.Clone(p.live), states
}
