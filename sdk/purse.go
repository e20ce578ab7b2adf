package sdk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/session"
)

const (
	// attempts at a paid request before it is given back; each answers one refusal.
	attempts = 8
	// allotShare of the credit goes to a provider at a time.
	allotShare = 4
	// abandonAfter so many epochs nobody can claim an old session any more.
	abandonAfter = 8
	// finishTimeout for one old session.
	finishTimeout = 5 * time.Second

	settingCredit = "credit"
	settingTotals = "totals"
)

// purse keeps one open session with each provider in use and pays through it.
type purse struct {
	c       *Client
	updates chan Bill

	mu     sync.Mutex
	epoch  uint64
	known  bool                     // epoch was read
	slots  map[string]chan struct{} // held while a provider's session is opened or replaced
	live   map[string]*session.Session
	states map[[32]byte]*session.State // as last saved
	totals totals
	funds  uint64
}

func openPurse(c *Client) (*purse, error) {
	p := &purse{
		c: c, updates: make(chan Bill, 1), slots: map[string]chan struct{}{}, live: map[string]*session.Session{},
		states: map[[32]byte]*session.State{},
	}
	_, err1 := c.store.get(kindSetting, []byte(settingCredit), &p.funds)
	_, err2 := c.store.get(kindSetting, []byte(settingTotals), &p.totals)
	err3 := c.store.each(kindSession, func(_, raw []byte) error {
		var s session.State
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("session state: %w", err)
		}
		p.states[s.ID()] = &s
		return nil
	})
	return p, errors.Join(err1, err2, err3)
}

func (p *purse) credit(amount uint64) {
	p.mu.Lock()
	p.funds = amount
	p.mu.Unlock()
	if err := p.c.store.change().set(kindSetting, []byte(settingCredit), amount).commit(); err != nil {
		p.c.cfg.Log.Error("state", "err", err)
	}
}

// use pays a provider for usage and does what it is for, through whatever session is open or can be opened.
func (p *purse) use(ctx context.Context, key []byte, usage []*voucher.Usage, ref string, do func(context.Context, [32]byte) (bool, error)) error {
	var err error
	for range attempts {
		var s *session.Session
		if s, err = p.session(ctx, key); err == nil {
			err = s.Use(ctx, usage, ref, do)
		}
		if errors.Is(err, session.ErrOfferEpoch) {
			if err := p.pause(ctx); err != nil {
				return err
			}
			continue
		}
		var cure error
		switch refusal.Code(err) {
		case refusal.TickDue:
		case refusal.VoucherDue:
			cure = s.Sign(ctx)
		case refusal.EpochOver:
			_, cure = p.readEpoch(ctx)
			p.retire(ctx, key, s, true)
		case refusal.Stopped:
			p.retire(ctx, key, s, true)
			return err
		case refusal.CapReached:
			p.retire(ctx, key, s, true)
		case refusal.UnknownSession, refusal.Closed:
			p.retire(ctx, key, s, false)
		case refusal.CreditShort:
			cure = p.allot(ctx, key)
		default:
			return err
		}
		if cure != nil {
			return errors.Join(cure, err)
		}
	}
	return err
}

// pause until provider and client have had time to see the newest block, and looks at the epoch again.
func (p *purse) pause(ctx context.Context) error {
	select {
	case <-time.After(p.c.cfg.Poll):
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := p.readEpoch(ctx)
	return err
}

func (p *purse) allot(ctx context.Context, key []byte) error {
	provider, err := p.c.dir.find(ctx, key, directoryAge)
	if err != nil {
		return err
	}
	p.mu.Lock()
	amount := max(p.funds/allotShare, 1)
	p.mu.Unlock()
	p.c.cfg.Log.Info("allot", "provider", provider.Address, "utop", amount)
	return p.c.ledger.Allot(ctx, p.c.keys.public(), provider.Address, amount)
}

// lock takes a provider's slot.
func (p *purse) lock(ctx context.Context, key []byte) (func(), error) {
	p.mu.Lock()
	turn := p.slots[string(key)]
	if turn == nil {
		turn = make(chan struct{}, 1)
		p.slots[string(key)] = turn
	}
	p.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *purse) current(key []byte) *session.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live[string(key)]
}

func (p *purse) setCurrent(key []byte, s *session.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == nil {
		delete(p.live, string(key))
	} else {
		p.live[string(key)] = s
	}
}

// session answers a usable session with a provider: the open one, the one an earlier run left, or a new one.
func (p *purse) session(ctx context.Context, key []byte) (*session.Session, error) {
	unlock, err := p.lock(ctx, key)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if s := p.current(key); s != nil && s.Err() == nil {
		return s, nil
	}
	p.setCurrent(key, nil)
	p.mu.Lock()
	known, epoch := p.known, p.epoch
	p.mu.Unlock()
	if !known {
		if epoch, err = p.readEpoch(ctx); err != nil {
			return nil, err
		}
	}
	if state := p.left(key, epoch); state != nil {
		s, err := p.attach(ctx, key, state)
		switch code := refusal.Code(err); {
		case err == nil:
			p.setCurrent(key, s)
			return s, nil
		case errors.Is(err, session.ErrDisputed) || code == refusal.UnknownSession || code == refusal.Closed:
			p.archive(state)
		default:
			return nil, err
		}
	}
	provider, err := p.c.dir.find(ctx, key, directoryAge)
	if err != nil {
		return nil, err
	}
	s, err := p.open(ctx, provider, epoch)
	if err == nil {
		p.setCurrent(key, s)
	}
	return s, err
}

// left is a session with the provider that can be continued.
func (p *purse) left(key []byte, epoch uint64) *session.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	signer := p.c.keys.public()
	for _, s := range p.states {
		if string(s.Offer.ProviderKey) == string(key) && s.Offer.Epoch >= epoch && !s.Closed && bytes.Equal(s.Open.SessionKey, signer) {
			return s
		}
	}
	return nil
}

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

// retire ends a provider's session. With finish its final voucher is signed: now, or by run when that fails.
func (p *purse) retire(ctx context.Context, key []byte, s *session.Session, finish bool) {
	unlock, err := p.lock(ctx, key)
	if err != nil {
		return
	}
	defer unlock()
	if s == nil || p.current(key) != s {
		return
	}
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

// retireKey ends the sessions of a session key that others took the place of.
func (p *purse) retireKey(ctx context.Context, public []byte) {
	live, _ := p.snapshot()
	for key, s := range live {
		if bytes.Equal(s.State().Open.SessionKey, public) {
			p.retire(ctx, []byte(key), s, true)
		}
	}
}

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
			if s.Over() || s.State().Offer.Epoch < epoch {
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

func messages(a session.Account) uint64 {
	for _, u := range a.Usage {
		if u.Measure == messaging.MeasureMessage {
			return u.Quantity
		}
	}
	return 0
}

// bill sums live sessions by their own meters, others as last saved.
func (p *purse) bill() Bill {
	live, states := p.snapshot()
	p.mu.Lock()
	b := Bill{Due: p.totals.Due, Vouchered: p.totals.Vouchered, Messages: p.totals.Messages}
	p.mu.Unlock()
	for _, s := range states {
		a := s.Account()
		if current := live[string(s.Offer.ProviderKey)]; current != nil && current.ID() == s.ID() {
			a = current.Account()
		}
		b.Due += a.Due
		b.Vouchered += a.Vouchered
		b.Messages += messages(a)
		b.Sessions = append(b.Sessions, sessionBill(a))
	}
	slices.SortFunc(b.Sessions, func(x, y SessionBill) int {
		return cmp.Or(cmp.Compare(x.Epoch, y.Epoch), strings.Compare(x.Session, y.Session))
	})
	return b
}

// changed offers the newest bill to whoever reads updates.
func (p *purse) changed() {
	b := p.bill()
	for {
		select {
		case p.updates <- b:
			return
		default:
		}
		select {
		case <-p.updates:
		default:
		}
	}
}
