package bench

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/cosmos/cosmos-sdk/types/bech32"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
)

const (
	chainID = "top-msg-1"
	epoch   = 7
	// messages and kib are what each session used, at 100 and 10 utop.
	messages, kib = 50, 150
	amount        = messages*100 + kib*10
)

// world is a provider and its payers, with keys from fixed seeds: every run measures the same bytes.
type world struct {
	providerKey, sessionKey ed25519.PrivateKey
	offer                   *voucher.Offer
	payer                   []byte
	payerAddress            string
}

func newWorld() (*world, error) {
	w := &world{
		providerKey: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)),
		sessionKey:  ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize)),
		payer:       bytes.Repeat([]byte{3}, 20),
	}
	provider, err := bech32.ConvertAndEncode("top", bytes.Repeat([]byte{4}, 20))
	if err != nil {
		return nil, err
	}
	if w.payerAddress, err = bech32.ConvertAndEncode("top", w.payer); err != nil {
		return nil, err
	}
	w.offer = &voucher.Offer{
		ChainId: chainID, Service: "messaging", Provider: provider, ProviderKey: w.providerKey.Public().(ed25519.PublicKey),
		Prices:   []*voucher.Price{{Measure: "kib", Utop: 10}, {Measure: "message", Utop: 100}},
		TickUtop: 10, FloatUtop: 2000, VoucherUtop: 1000, Epoch: epoch, Nonce: 1,
	}
	w.offer.Sign(w.providerKey)
	return w, nil
}

// evidence of one finished session.
func (w *world) evidence(nonce uint64) *voucher.Evidence {
	hash := w.offer.Hash()
	anchor := sha256.Sum256(binary.BigEndian.AppendUint64(nil, nonce))
	open := &voucher.Open{
		OfferHash: hash[:], Payer: w.payerAddress, SessionKey: w.sessionKey.Public().(ed25519.PublicKey),
		Anchor: anchor[:], MaxTicks: 1000, CapUtop: 10_000, Nonce: nonce,
	}
	open.Sign(w.sessionKey)
	id := open.SessionID()
	v := &voucher.Voucher{
		ChainId: chainID, SessionId: id[:], Number: 1, Epoch: epoch,
		Usage:      []*voucher.Usage{{Measure: "kib", Quantity: kib}, {Measure: "message", Quantity: messages}},
		AmountUtop: amount,
		Quality:    &voucher.Quality{Samples: messages, RttP50Us: 900, RttP95Us: 4000},
	}
	v.SignClient(w.sessionKey)
	v.SignProvider(w.providerKey)
	return &voucher.Evidence{Offer: w.offer, Open: open, Voucher: v}
}

// leaf of a claim, with the evidence hash of a session; its id need not be a real session's to cost the same in the tree.
func (w *world) leaf(nonce uint64, evidence [32]byte) (claim.Leaf, error) {
	id := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("session"), nonce))
	key, err := claim.LeafKey(w.payer, w.sessionKey.Public().(ed25519.PublicKey), id[:])
	if err != nil {
		return claim.Leaf{}, fmt.Errorf("leaf: %w", err)
	}
	return claim.Leaf{Key: key, Amount: amount, Evidence: evidence}, nil
}
