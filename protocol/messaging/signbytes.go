package messaging

import "encoding/binary"

// Every signature and hash is over a domain and then every field in order: numbers fixed-width and big-endian, bytes
// behind a 32-bit length. It is not the protobuf encoding, whose bytes are a matter of the encoder.
const (
	domainPrekey   = "TOP/msg/prekey/1"
	domainSeal     = "TOP/msg/seal/1"
	domainPayload  = "TOP/msg/payload/1"
	domainEnvelope = "TOP/msg/envelope/1"
	domainMailbox  = "TOP/msg/mailbox/1"
	domainContact  = "TOP/msg/contact/1"
)

type signBytes []byte

func newSignBytes(domain string) signBytes { return signBytes{}.bytes([]byte(domain)) }

func (s signBytes) bytes(b []byte) signBytes {
	return append(binary.BigEndian.AppendUint32(s, uint32(len(b))), b...)
}

func (s signBytes) uint64(n uint64) signBytes { return binary.BigEndian.AppendUint64(s, n) }

func (s signBytes) bool(b bool) signBytes {
	if b {
		return append(s, 1)
	}
	return append(s, 0)
}
