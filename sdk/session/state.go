// Package session is the client's side of paid sessions: it opens them, pays ticks, meters what it used, and signs
// vouchers for exactly that. What it must not forget in a crash it saves before it tells the provider.
package session

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"

	"github.com/topnetwork/top/protocol/voucher"
)

// State is a session as a client keeps it on disk.
type State struct {
	Offer *voucher.Offer
	Open  *voucher.Open
	// Seed of the hash chain: secret, worth at most the ticks that are left.
	Seed []byte
	// Ticks is the highest tick released.
	Ticks uint64
	// Usage is what the client knows it used, sorted by measure.
	Usage []*voucher.Usage
	// Pending was asked for and not answered yet; Ref names it.
	Pending []*voucher.Usage `json:",omitempty"`
	Ref     string           `json:",omitempty"`
	// Signed is the latest voucher the client signed, Voucher the latest that both signed.
	Signed  *voucher.Voucher `json:",omitempty"`
	Voucher *voucher.Voucher `json:",omitempty"`
	Closed  bool             `json:",omitempty"`
}

// ID of the session.
func (s *State) ID() [32]byte { return s.Open.SessionID() }

// Terms are what a client accepts. Amounts in utop.
type Terms struct {
	ChainID, Service string
	// Provider and ProviderKey as registered on chain.
	Provider    string
	ProviderKey []byte
	// MaxPrices by measure; an offer must price exactly these.
	MaxPrices map[string]uint64
	// Epoch is the service chain's.
	Epoch uint64
	// Payer owns the escrow, Key is its session key, Cap the most that the session may cost.
	Payer string
	Key   ed25519.PrivateKey
	Cap   uint64
}

// ErrOffer wraps every reason for which a client does not accept an offer.
var ErrOffer = errors.New("offer not accepted")

// ErrOfferEpoch wraps the refusal of an offer for another epoch: provider and client have not seen the same block yet. It passes.
var ErrOfferEpoch = fmt.Errorf("%w: another epoch", ErrOffer)

// Accept checks an offer against the terms and makes the session that accepts it.
func (t Terms) Accept(o *voucher.Offer, entropy io.Reader) (*State, error) {
	if err := o.Verify(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOffer, err)
	}
	switch {
	case o.ChainId != t.ChainID || o.Service != t.Service:
		return nil, fmt.Errorf("%w: it is for %s on %s", ErrOffer, o.Service, o.ChainId)
	case o.Provider != t.Provider || string(o.ProviderKey) != string(t.ProviderKey):
		return nil, fmt.Errorf("%w: it is another provider's", ErrOffer)
	case o.Epoch < t.Epoch || o.Epoch > t.Epoch+1:
		// One epoch ahead: the provider may have seen the newest block first.
		return nil, fmt.Errorf("%w: it is for epoch %d, now is %d", ErrOfferEpoch, o.Epoch, t.Epoch)
	case len(o.Prices) != len(t.MaxPrices):
		return nil, fmt.Errorf("%w: it does not price what is registered", ErrOffer)
	case o.TickUtop == 0 || o.TickUtop > t.Cap:
		return nil, fmt.Errorf("%w: a tick of %d utop does not fit the cap of %d", ErrOffer, o.TickUtop, t.Cap)
	}
	for _, p := range o.Prices {
		if limit, ok := t.MaxPrices[p.Measure]; !ok || p.Utop > limit {
			return nil, fmt.Errorf("%w: %s costs %d utop, registered are %d", ErrOffer, p.Measure, p.Utop, limit)
		}
	}
	var random [40]byte
	if _, err := io.ReadFull(entropy, random[:]); err != nil {
		return nil, fmt.Errorf("read entropy: %w", err)
	}
	ticks := min(t.Cap/o.TickUtop+1, voucher.MaxTicks)
	seed := [32]byte(random[:32])
	hash, anchor := o.Hash(), voucher.NewHashChain(seed, ticks).Anchor()
	open := &voucher.Open{
		OfferHash: hash[:], Payer: t.Payer, SessionKey: t.Key.Public().(ed25519.PublicKey), Anchor: anchor[:],
		MaxTicks: ticks, CapUtop: min(t.Cap, ticks*o.TickUtop), Nonce: binary.BigEndian.Uint64(random[32:]),
	}
	open.Sign(t.Key)
	return &State{Offer: o, Open: open, Seed: seed[:]}, nil
}

// Due is the cost of what the client knows it used.
func (s *State) Due() uint64 { return s.cost(s.Usage) }

// cost of usage that was checked before; what overflows costs more than any cap.
func (s *State) cost(usage []*voucher.Usage) uint64 {
	cost, err := voucher.Cost(s.Offer.Prices, usage)
	if err != nil {
		return ^uint64(0)
	}
	return cost
}

// Vouchered is what both sides have signed.
func (s *State) Vouchered() uint64 { return s.Voucher.GetAmountUtop() }

// Settled tells that nothing is left to sign.
func (s *State) Settled() bool { return s.Due() == s.Vouchered() }

// add merges sorted usages; a sum that overflows stays at its greatest value, beyond every cap.
func add(a, b []*voucher.Usage) []*voucher.Usage {
	sum := make([]*voucher.Usage, 0, len(a)+len(b))
	for _, u := range slices.Concat(a, b) {
		i, found := slices.BinarySearchFunc(sum, u.Measure, func(e *voucher.Usage, m string) int {
			return strings.Compare(e.Measure, m)
		})
		if !found {
			sum = slices.Insert(sum, i, &voucher.Usage{Measure: u.Measure})
		}
		total, carry := bits.Add64(sum[i].Quantity, u.Quantity, 0)
		if carry != 0 {
			total = ^uint64(0)
		}
		sum[i].Quantity = total
	}
	return sum
}

// equal compares sorted usages.
func equal(a, b []*voucher.Usage) bool {
	return slices.EqualFunc(a, b, func(x, y *voucher.Usage) bool { return x.Measure == y.Measure && x.Quantity == y.Quantity })
}

// within tells whether no measure of a exceeds the one in b.
func within(a, b []*voucher.Usage) bool {
	for _, u := range a {
		i := slices.IndexFunc(b, func(e *voucher.Usage) bool { return e.Measure == u.Measure })
		if u.Quantity > 0 && (i < 0 || b[i].Quantity < u.Quantity) {
			return false
		}
	}
	return true
}
