package bench

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// ledger is a provider's vouchers of one epoch: the final ones of as many sessions, of several payers, under one offer. Evidence is made again when it is
// needed, ed25519 being deterministic: a million of it would not fit beside seven nodes.
type ledger struct {
	key    ed25519.PrivateKey
	offer  *voucher.Offer
	hash   [32]byte
	payers []*payer
}

// session usage: one message of up to a KiB.
func sessionUsage() []*voucher.Usage {
	return []*voucher.Usage{{Measure: "kib", Quantity: 1}, {Measure: "message", Quantity: 1}}
}

func newLedger(key ed25519.PrivateKey, offer *voucher.Offer, payers []*payer) *ledger {
	offer.Sign(key)
	return &ledger{key: key, offer: offer, hash: offer.Hash(), payers: payers}
}

// evidence of session i, all of its own signatures made.
func (l *ledger) evidence(i int, amount uint64) *voucher.Evidence {
	p := l.payers[i%len(l.payers)]
	anchor := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	open := &voucher.Open{
		OfferHash: l.hash[:], Payer: p.key.Address(), SessionKey: p.public(), Anchor: anchor[:], MaxTicks: 1000, CapUtop: 10_000, Nonce: uint64(i),
	}
	open.Sign(p.session)
	id := open.SessionID()
	v := &voucher.Voucher{
		ChainId: l.offer.ChainId, SessionId: id[:], Number: 1, Epoch: l.offer.Epoch, Usage: sessionUsage(), AmountUtop: amount,
	}
	v.SignClient(p.session)
	v.SignProvider(l.key)
	return &voucher.Evidence{Offer: l.offer, Open: open, Voucher: v}
}

// numbered is a leaf with the number of its session.
type numbered struct {
	claim.Leaf
	session int
}

// claimed is a built claim: what is needed to submit and to prove it.
type claimed struct {
	ledger   *ledger
	amount   uint64
	tree     *claim.Tree
	root     claim.Root
	debits   []claim.Debit
	sessions []int // by leaf
}

// sign makes n vouchers with all their signatures on all cores, and the claim over them.
func (l *ledger) sign(n int) (*claimed, error) {
	amount, err := voucher.Cost(l.offer.Prices, sessionUsage())
	if err != nil {
		return nil, err
	}
	all := make([]numbered, n)
	if err := each(n, func(i int) error {
		e := l.evidence(i, amount)
		key, err := claim.LeafKey(l.payers[i%len(l.payers)].account, e.Open.SessionKey, e.Voucher.SessionId)
		all[i] = numbered{claim.Leaf{Key: key, Amount: amount, Evidence: e.Hash()}, i}
		return err
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b numbered) int { return bytes.Compare(a.Key, b.Key) })
	c := &claimed{ledger: l, amount: amount, sessions: make([]int, n)}
	leaves := make([]claim.Leaf, n)
	for i, a := range all {
		leaves[i], c.sessions[i] = a.Leaf, a.session
	}
	if c.tree, err = claim.Build(leaves); err != nil {
		return nil, err
	}
	c.root, c.debits = c.tree.Root(), claim.Debits(leaves)
	return c, nil
}

func (c *claimed) claim() *usagetypes.MsgClaim {
	msg := &usagetypes.MsgClaim{
		Provider: c.ledger.offer.Provider, Epoch: c.ledger.offer.Epoch, Root: c.root.Hash[:], Sum: c.root.Sum, Count: c.root.Count,
	}
	for _, d := range c.debits {
		msg.Debits = append(msg.Debits, usagetypes.Debit{Payer: sdk.AccAddress(d.Payer).String(), SessionKey: d.SessionKey, Amount: d.Amount})
	}
	return msg
}

// prove answers a challenge.
func (c *claimed) prove(seed [32]byte, samples uint32) (*usagetypes.MsgProve, error) {
	msg := &usagetypes.MsgProve{Provider: c.ledger.offer.Provider, Epoch: c.ledger.offer.Epoch}
	for _, point := range claim.Points(seed, c.root.Sum, samples) {
		leaf, err := c.tree.At(point)
		if err != nil {
			return nil, err
		}
		path, err := c.tree.Prove(leaf)
		if err != nil {
			return nil, err
		}
		proof := usagetypes.LeafProof{Evidence: c.ledger.evidence(c.sessions[leaf], c.amount)}
		for _, n := range path {
			proof.Path = append(proof.Path, usagetypes.PathNode{Hash: n.Hash[:], Sum: n.Sum, Count: n.Count, First: n.First, Last: n.Last, Left: n.Left})
		}
		msg.Proofs = append(msg.Proofs, proof)
	}
	return msg, nil
}
