package voucher_test

import (
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/topnetwork/top/protocol/voucher"
)

const (
	chainID = "top-msg-1"
	inEpoch = 7
)

// testKey is a fixed key per name: every signature in these tests is the same on every machine.
func testKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(key ed25519.PrivateKey) []byte { return key.Public().(ed25519.PublicKey) }

// session is a paid session with one voucher, signed by both sides.
type session struct {
	provider, client ed25519.PrivateKey
	chain            *voucher.HashChain
	offer            *voucher.Offer
	open             *voucher.Open
	voucher          *voucher.Voucher
}

func newSession() *session {
	s := &session{provider: testKey("provider"), client: testKey("client"), chain: voucher.NewHashChain([32]byte{1}, 1000)}
	s.offer = &voucher.Offer{
		ChainId: chainID, Service: "messaging", Provider: "top1provider", ProviderKey: public(s.provider),
		Prices:   []*voucher.Price{{Measure: "kib", Utop: 10}, {Measure: "message", Utop: 100}},
		TickUtop: 10, FloatUtop: 2000, VoucherUtop: 1000, Epoch: inEpoch, Nonce: 1,
	}
	s.sign()
	return s
}

// sign makes open and voucher for the offer as it is now, and signs everything.
func (s *session) sign() {
	s.offer.Sign(s.provider)
	hash, anchor := s.offer.Hash(), s.chain.Anchor()
	s.open = &voucher.Open{
		OfferHash: hash[:], Payer: "top1payer", SessionKey: public(s.client), Anchor: anchor[:], MaxTicks: 1000, CapUtop: 5000, Nonce: 2,
	}
	s.open.Sign(s.client)
	id := s.open.SessionID()
	s.voucher = &voucher.Voucher{
		ChainId: s.offer.ChainId, SessionId: id[:], Number: 3, Epoch: s.offer.Epoch,
		Usage: []*voucher.Usage{{Measure: "kib", Quantity: 12}, {Measure: "message", Quantity: 5}}, AmountUtop: 620,
		Quality: &voucher.Quality{Samples: 17, RttP50Us: 2300, RttP95Us: 9100, Failures: 1},
	}
	s.countersign()
}

func (s *session) countersign() {
	s.voucher.SignClient(s.client)
	s.voucher.SignProvider(s.provider)
}

func (s *session) evidence() *voucher.Evidence {
	return &voucher.Evidence{Offer: s.offer, Open: s.open, Voucher: s.voucher}
}

func (s *session) verify() error { return voucher.VerifyEvidence(s.evidence(), chainID, inEpoch) }
