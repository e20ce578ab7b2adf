package voucher

import (
	"crypto/sha256"
	"encoding/binary"
)

// Domains keep a signature made for one purpose from serving another. See README.md for the byte formats.
const (
	domainOffer           = "TOP/offer/1"
	domainOpen            = "TOP/open/1"
	domainVoucherClient   = "TOP/voucher/client/1"
	domainVoucherProvider = "TOP/voucher/provider/1"
	domainProviderKey     = "TOP/provider-key/1"
	domainEvidence        = "TOP/evidence/1"
)

// encoder writes the canonical encoding: integers as 8 bytes big endian, byte strings and texts with their length in front.
type encoder struct{ b []byte }

func newEncoder(domain string) *encoder {
	e := &encoder{b: make([]byte, 0, 512)}
	return e.str(domain)
}

func (e *encoder) u64(v uint64) *encoder {
	e.b = binary.BigEndian.AppendUint64(e.b, v)
	return e
}

func (e *encoder) bytes(v []byte) *encoder {
	e.u64(uint64(len(v)))
	e.b = append(e.b, v...)
	return e
}

func (e *encoder) str(v string) *encoder { return e.bytes([]byte(v)) }

func (e *encoder) hash() [32]byte { return sha256.Sum256(e.b) }

// ProviderKeySignBytes is what a provider's key signs when it is registered: proof that the registrant holds it, for this chain and account only.
func ProviderKeySignBytes(mainChainID, serviceChainID, address string, key []byte) []byte {
	return newEncoder(domainProviderKey).str(mainChainID).str(serviceChainID).str(address).bytes(key).b
}
