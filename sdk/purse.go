package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

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
		if !p.replaced(s) {
			return s, nil
		}
		p.end(ctx, key, s, true)
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

// replaced tells whether a session is of a session key that another took the place of: no more can be allotted to it.
func (p *purse) replaced(s *session.Session) bool {
	return !bytes.Equal(s.State().Open.SessionKey, p.c.keys.public())
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
