package voucher

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// Batch verifies many vouchers in one go: what each of them says when it is added, and the signatures of all together in Verify, at about a third of their cost one
// by one. It accepts exactly what the checks one by one accept (docs/adr/010). The zero value is ready; use it once.
type Batch struct {
	items      []error
	signatures ed25519.BatchVerifier
	seed       hash.Hash
	// item and what of each signature.
	of []signatureOf
}

type signatureOf struct {
	item int
	what string
}

// AddEvidence adds what VerifyEvidence checks.
func (b *Batch) AddEvidence(e *Evidence, chainID string, epoch uint64) {
	b.items = append(b.items, verifyEvidence(b, e, chainID, epoch))
}

// AddVoucher adds what VerifyClient and VerifyProvider check.
func (b *Batch) AddVoucher(v *Voucher, offer *Offer, open *Open) {
	err := v.verifyClient(b, offer, open)
	if err == nil {
		err = v.verifyProvider(b, offer)
	}
	b.items = append(b.items, err)
}

// check puts a signature off until Verify. The item that it belongs to is added when all its signatures are.
func (b *Batch) check(what string, key, signature []byte, message func() []byte) error {
	if err := checkLengths(what, key, signature); err != nil {
		return err
	}
	if b.seed == nil {
		b.seed = sha256.New()
	}
	m := message()
	b.seed.Write(key)
	b.seed.Write(signature)
	b.seed.Write(binary.BigEndian.AppendUint64(nil, uint64(len(m))))
	b.seed.Write(m)
	keys.AddWithOptions(&b.signatures, key, m, signature, rules)
	b.of = append(b.of, signatureOf{len(b.items), what})
	return nil
}

// Verify answers one error per item in the order in which they were added, nil for those that hold. The weights of the combined equation come from a hash of
// everything in it: whoever makes a signature cannot know its weight before, and every node computes the same.
func (b *Batch) Verify() []error {
	if len(b.of) == 0 {
		return b.items
	}
	all, each := b.signatures.Verify(bytes.NewReader(b.seed.Sum(nil)))
	if all {
		return b.items
	}
	for i, valid := range each {
		if s := b.of[i]; !valid && b.items[s.item] == nil {
			b.items[s.item] = wrong(s.what)
		}
	}
	return b.items
}

// VerifyAll is VerifyEvidence over a list, faster: one error per piece of evidence, nil for those that hold.
func VerifyAll(list []*Evidence, chainID string, epoch uint64) []error {
	var b Batch
	for _, e := range list {
		b.AddEvidence(e, chainID, epoch)
	}
	return b.Verify()
}
