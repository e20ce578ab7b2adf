package metering

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// maxSessions of one session key may be unclaimed at a time: each costs the provider a record.
const maxSessions = 64

// Config is what a provider offers and how it keeps its sessions.
type Config struct {
	ChainID  string
	Service  string
	Provider string
	Key      ed25519.PrivateKey
	Prices   []*voucher.Price
	// Tick, Float and Voucher in utop, as in an Offer.
	Tick, Float, Voucher uint64
	Terms                Terms
	// GuaranteeAge is how old the chain's answer about a payer may be.
	GuaranteeAge time.Duration
	Now          func() time.Time
	Entropy      io.Reader
	// Room tells by an error that the disk has no place for new sessions; those that run go on. nil is always room.
	Room func() error
}

// Sessions are all sessions of a provider that are not settled, in memory and on disk.
type Sessions struct {
	cfg    Config
	ledger Ledger
	store  Store

	mu     sync.Mutex
	epoch  uint64
	halted *refusal.Error
	frozen map[uint64]bool
	byID   map[[32]byte]*entry
	places places
	payers map[string]*payer
	// owed is the sum over all entries, bound what it may reach.
	owed  uint64
	bound *bound
}

// entry guards one session: frames of different sessions do not wait for each other's disk writes.
type entry struct {
	mu      sync.Mutex
	session *Session
	// reply reaches the client while its stream is open; streams counts them, the latest has it.
	reply   func(*voucher.ProviderFrame)
	streams uint64
	// claimed sessions are on chain and owe nothing that the chain does not know.
	claimed bool
	// owed is what the payer's account holds against this session: due plus what is being written.
	owed uint64
}

// payer is what one escrow's sessions owe this provider and what the chain guarantees.
type payer struct {
	owed map[string]uint64 // by session key
	seen map[string]seen
}

type seen struct {
	Guarantee
	at time.Time
}

// OpenSessions loads the provider's sessions from disk.
func OpenSessions(cfg Config, ledger Ledger, db *pebble.DB) (*Sessions, error) {
	s := &Sessions{
		cfg: cfg, ledger: ledger, store: NewStore(db),
		frozen: map[uint64]bool{}, byID: map[[32]byte]*entry{}, places: places{}, payers: map[string]*payer{},
	}
	err := s.store.records(func(r Record) error {
		session, err := load(r, cfg.Now())
		if err != nil {
			return err
		}
		e := &entry{session: session}
		s.putLocked(e)
		s.owe(e, session.due)
		return nil
	})
	if err == nil {
		// A claim that was written down may be on chain, whatever became of the answer.
		err = s.store.each(prefixClaim, func(key, _ []byte) error {
			s.frozen[binary.BigEndian.Uint64(key[1:])] = true
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("load sessions: %w", err)
	}
	return s, nil
}

// Store answers where claims are kept.
func (s *Sessions) Store() Store { return s.store }

// Epoch is the service chain's epoch as last told by Roll.
func (s *Sessions) Epoch() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}

// Offer signs the provider's terms for the current epoch.
func (s *Sessions) Offer(req *voucher.OfferRequest) (*voucher.Offer, error) {
	if req.Service != s.cfg.Service || req.ChainId != s.cfg.ChainID {
		return nil, refusal.New(refusal.BadFrame, "this provider serves %s on %s", s.cfg.Service, s.cfg.ChainID)
	}
	if err := s.serving(); err != nil {
		return nil, err
	}
	var nonce [8]byte
	if _, err := io.ReadFull(s.cfg.Entropy, nonce[:]); err != nil {
		return nil, fmt.Errorf("read entropy: %w", err)
	}
	o := &voucher.Offer{
		ChainId: s.cfg.ChainID, Service: s.cfg.Service, Provider: s.cfg.Provider,
		ProviderKey: s.cfg.Key.Public().(ed25519.PublicKey), Prices: s.cfg.Prices,
		TickUtop: s.cfg.Tick, FloatUtop: s.cfg.Float, VoucherUtop: s.cfg.Voucher,
		Epoch: s.Epoch(), Nonce: binary.BigEndian.Uint64(nonce[:]),
	}
	o.Sign(s.cfg.Key)
	return o, nil
}

// Open starts a session, or continues one that this peer opened before. offer is the one this stream was given; a
// continued session needs none. reply is called for every change until the returned function is.
func (s *Sessions) Open(ctx context.Context, peer string, offer *voucher.Offer, open *voucher.Open, reply func(*voucher.ProviderFrame)) ([32]byte, func(), error) {
	id := open.SessionID()
	if e := s.find(id); e != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.session.Peer != peer || string(e.session.Open.Signature) != string(open.Signature) {
			return id, nil, refusal.New(refusal.UnknownSession, "the session is another peer's")
		}
		return id, e.attach(reply), nil
	}
	if offer == nil {
		return id, nil, refusal.New(refusal.UnknownSession, "no such session here; ask for an offer first")
	}
	if err := s.serving(); err != nil {
		return id, nil, err
	}
	session, err := NewSession(offer, open, peer)
	if err != nil {
		return id, nil, err
	}
	if epoch := s.Epoch(); offer.Epoch != epoch {
		return id, nil, refusal.New(refusal.EpochOver, "the offer was for epoch %d, now is %d", offer.Epoch, epoch)
	}
	if s.cfg.Room != nil {
		if err := s.cfg.Room(); err != nil {
			return id, nil, refusal.New(refusal.ProviderFull, "%v", err)
		}
	}
	e := &entry{session: session}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := s.admit(ctx, e); err != nil {
		return id, nil, err
	}
	if err := s.store.save(session, nil); err != nil {
		s.mu.Lock()
		s.takeLocked(id)
		s.mu.Unlock()
		return id, nil, fmt.Errorf("save session: %w", err)
	}
	return id, e.attach(reply), nil
}

// admit puts a new session into the books if the payer can pay for anything at all.
func (s *Sessions) admit(ctx context.Context, e *entry) error {
	open := e.session.Open
	err := s.check(ctx, e)
	if err != nil && refusal.Code(err) != "" {
		// The payer may have changed that since the chain was asked.
		s.expire(open)
		err = s.check(ctx, e)
	}
	if err != nil {
		return err
	}
	most, err := s.ledger.MaxDebits(ctx)
	if err != nil {
		return fmt.Errorf("ask the service chain for the terms of claims: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.places.check(e.session, most); err != nil {
		return err
	}
	if s.byID[e.session.ID] != nil {
		return refusal.New(refusal.Busy, "the session is being opened")
	}
	s.putLocked(e)
	return nil
}

// check asks whether the payer's key is good for more than it owes already.
func (s *Sessions) check(ctx context.Context, e *entry) error {
	open := e.session.Open
	g, err := s.guarantee(ctx, open.Payer, open.SessionKey)
	if err != nil {
		return err
	}
	if !g.KeyKnown || g.KeyExpires < e.session.Offer.Epoch {
		return refusal.New(refusal.KeyRefused, "the session key is not in the payer's escrow or has expired")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if owed := s.owedLocked(open); owed >= g.Line {
		return refusal.New(refusal.CreditShort, "%d utop of the session key's sub-line of %d are owed; allot more", owed, g.Line)
	}
	return nil
}

func (e *entry) attach(reply func(*voucher.ProviderFrame)) func() {
	e.reply = reply
	// What a client lost in a crash it gets back: the latest voucher, then the bill.
	reply(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Opened{Opened: &voucher.Opened{SessionId: e.session.ID[:]}}})
	if v := e.session.Voucher; v != nil {
		reply(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Voucher{Voucher: v}})
	}
	e.bill()
	e.streams++
	this := e.streams
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.streams == this {
			e.reply = nil
		}
	}
}

// bill streams the running account.
func (e *entry) bill() {
	if e.reply != nil {
		e.reply(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Bill{Bill: e.session.Bill()}})
	}
}

// ask tells the client what it must do before it is served again.
func (e *entry) ask(r *refusal.Error) {
	if e.reply != nil {
		e.reply(&voucher.ProviderFrame{Frame: &voucher.ProviderFrame_Refusal{Refusal: r.Frame()}})
	}
}

func (s *Sessions) find(id [32]byte) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id]
}

// of answers a peer's session, locked.
func (s *Sessions) of(peer string, id []byte) (*entry, error) {
	if len(id) == 32 {
		if e := s.find([32]byte(id)); e != nil && e.session.Peer == peer {
			e.mu.Lock()
			return e, nil
		}
	}
	return nil, refusal.New(refusal.UnknownSession, "no such session of this peer")
}
