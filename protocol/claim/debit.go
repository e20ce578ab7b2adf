package claim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Debit is what one session key of one payer owes in a claim.
type Debit struct {
	// Payer account, 20 bytes.
	Payer []byte
	// SessionKey, 32 bytes.
	SessionKey []byte
	// Amount in utop.
	Amount uint64
}

// Debits sums leaves per payer and session key. leaves are as Build accepts them: in key order, which keeps the intervals of debits over [0, sum) in line with those
// of leaves. An amount that would overflow stays at 2^64 − 1 (Build refuses such leaves).
func Debits(leaves []Leaf) []Debit {
	var out []Debit
	for _, l := range leaves {
		payer, key := l.Key.Payer(), l.Key.SessionKey()
		if last := len(out) - 1; last >= 0 && bytes.Equal(out[last].Payer, payer) && bytes.Equal(out[last].SessionKey, key) {
			sum, carry := bits.Add64(out[last].Amount, l.Amount, 0)
			if carry != 0 {
				sum = ^uint64(0)
			}
			out[last].Amount = sum
			continue
		}
		out = append(out, Debit{Payer: payer, SessionKey: key, Amount: l.Amount})
	}
	return out
}

// DebitAt finds the debit that covers a point of [0, Σ amounts). A claim is honest at the point when the debit's payer and session key are those of the sampled
// leaf: blaming another payer for a share φ of the claim is caught like forging that share.
func DebitAt(debits []Debit, point uint64) (Debit, error) {
	var end, carry uint64
	for _, d := range debits {
		if end, carry = bits.Add64(end, d.Amount, 0); carry != 0 {
			return Debit{}, fmt.Errorf("%w: the debits exceed 2^64", ErrOverflow)
		}
		if point < end {
			return d, nil
		}
	}
	return Debit{}, fmt.Errorf("%w: %d in debits of %d utop", ErrPoint, point, end)
}

// SettledClaim is a proven claim as a settlement packet nets it.
type SettledClaim struct {
	// Provider is the bech32 account that is paid.
	Provider string
	// Epoch of the claim.
	Epoch uint64
	// Debits in the claim's order.
	Debits []Debit
}

// DebitRoot commits a settlement packet to (provider, epoch, payer, session key, amount) of every debit, in the given order: a binary Merkle root of the shape of
// RFC 6962 with own domains. It is all zero for no debits.
func DebitRoot(claims []SettledClaim) [32]byte {
	var level [][32]byte
	for _, c := range claims {
		for _, d := range c.Debits {
			level = append(level, debitLeaf(c.Provider, c.Epoch, d))
		}
	}
	if len(level) == 0 {
		return [32]byte{}
	}
	for len(level) > 1 {
		next := make([][32]byte, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			b := append([]byte(domainDebitNode), level[i][:]...)
			next = append(next, sha256.Sum256(append(b, level[i+1][:]...)))
		}
		if len(level)%2 == 1 {
			next = append(next, level[len(level)-1])
		}
		level = next
	}
	return level[0]
}

// debitLeaf gives variable fields their length in front, so that no two debits share an encoding.
func debitLeaf(provider string, epoch uint64, d Debit) [32]byte {
	b := []byte(domainDebitLeaf)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(provider))), provider...)
	b = binary.BigEndian.AppendUint64(b, epoch)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(d.Payer))), d.Payer...)
	b = append(binary.BigEndian.AppendUint64(b, uint64(len(d.SessionKey))), d.SessionKey...)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, d.Amount))
}
