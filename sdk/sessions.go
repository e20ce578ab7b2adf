package sdk

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/sdk/session"
)

func (p *purse) open(ctx context.Context, provider Provider, epoch uint64) (*session.Session, error) {
	stream, err := p.c.dir.dial(ctx, provider.Key, session.Protocol)
	if err != nil {
		return nil, err
	}
	state, err := session.Negotiate(ctx, stream, session.Terms{
		ChainID: p.c.ledger.ChainID(), Service: p.c.cfg.Service, Provider: provider.Address, ProviderKey: provider.Key,
		MaxPrices: provider.Prices, Epoch: epoch, Payer: p.c.ledger.Address(), Key: p.c.keys.key(), Cap: p.c.cfg.SessionCap,
	}, entropy)
	if err != nil {
		_ = stream.Reset()
		return nil, err
	}
	s, err := session.Attach(ctx, stream, state, p.sessionConfig(state))
	if err != nil && refusal.Code(err) != "" {
		p.archive(state) // never opened
	}
	return s, err
}

func (p *purse) attach(ctx context.Context, key []byte, state *session.State) (*session.Session, error) {
	stream, err := p.c.dir.dial(ctx, key, protocol.ID(session.Protocol))
	if err != nil {
		return nil, err
	}
	return session.Attach(ctx, stream, state, p.sessionConfig(state))
}

func (p *purse) sessionConfig(state *session.State) session.Config {
	return session.Config{Key: sessionSigner{p.c.keys.of(state.Open.SessionKey)}, Save: p.save, Changed: p.changed, Now: time.Now}
}

func (p *purse) save(s *session.State) error {
	id := s.ID()
	if err := p.c.store.change().set(kindSession, id[:], s).commit(); err != nil {
		return err
	}
	saved := *s
	p.mu.Lock()
	p.states[id] = &saved
	p.mu.Unlock()
	return nil
}

// archive forgets a session and keeps its sums.
func (p *purse) archive(s *session.State) {
	id, a := s.ID(), s.Account()
	p.mu.Lock()
	if p.states[id] != nil {
		delete(p.states, id)
		p.totals.Due += a.Due
		p.totals.Vouchered += a.Vouchered
		p.totals.Messages += messages(a)
	}
	sums := p.totals
	p.mu.Unlock()
	err := p.c.store.change().delete(kindSession, id[:]).set(kindSetting, []byte(settingTotals), sums).commit()
	if err != nil {
		p.c.cfg.Log.Error("state", "err", err)
	}
	p.changed()
}

// retire ends a provider's session, unless that is done.
func (p *purse) retire(ctx context.Context, key []byte, s *session.Session, finish bool) {
	unlock, err := p.lock(ctx, key)
	if err != nil {
		return
	}
	defer unlock()
	if s != nil && p.current(key) == s {
		p.end(ctx, key, s, finish)
	}
}

// end the session in a provider's slot, which the caller holds. With finish its final voucher is signed: now, or by run when that fails.
func (p *purse) end(ctx context.Context, key []byte, s *session.Session, finish bool) {
	p.setCurrent(key, nil)
	if finish {
		ctx, cancel := context.WithTimeout(ctx, finishTimeout)
		defer cancel()
		if err := s.Finish(ctx); err != nil {
			p.c.cfg.Log.Warn("finish session, will be tried again", "err", err)
			s.Retire()
			return
		}
	}
	s.Drop()
	p.archive(s.State())
}
