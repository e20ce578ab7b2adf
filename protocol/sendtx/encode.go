package sendtx

import (
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/topnetwork/top/protocol/lattice"
)

// Unsigned transfer: what its sender signs.
type Unsigned struct {
	Body, AuthInfo []byte
}

// New transfer from the account of its key; a zero Fee offers none.
func New(t lattice.Transfer, memo string) Unsigned {
	var send []byte
	send = appendString(send, 1, Bech32(AddressOf(t.Key)))
	send = appendString(send, 2, Bech32(t.To))
	wroteUtop := t.Amount.Utop == 0
	utop := func() {
		if !wroteUtop {
			wroteUtop = true
			send = appendBytes(send, 3, encodeCoin(Utop, fmt.Sprint(t.Amount.Utop)))
		}
	}
	for _, c := range t.Amount.Coins {
		if c.Denom > Utop {
			utop()
		}
		send = appendBytes(send, 3, encodeCoin(c.Denom, formatAmount(c.Amount)))
	}
	utop()
	u := Unsigned{Body: appendBytes(nil, 1, encodeAny(sendURL, send))}
	u.Body = appendString(u.Body, 2, memo)
	u.Body = appendNumber(u.Body, 3, t.Timeout)

	url := ed25519URL
	if t.Key.Kind == lattice.Secp256k1 {
		url = secp256k1URL
	}
	signer := appendBytes(nil, 1, encodeAny(url, appendBytes(nil, 1, t.Key.Bytes())))
	signer = appendBytes(signer, 2, appendBytes(nil, 1, appendNumber(nil, 1, modeDirect)))
	signer = appendNumber(signer, 3, t.Sequence)
	var fee []byte
	if t.Fee > 0 {
		fee = appendBytes(fee, 1, encodeCoin(Utop, fmt.Sprint(t.Fee)))
	}
	// Wallets sign some limit of gas; it is not counted here.
	fee = appendNumber(fee, 2, 200_000)
	u.AuthInfo = appendBytes(appendBytes(nil, 1, signer), 2, fee)
	return u
}

// SignBytes for a chain, of a shard that was never restarted: account number 0.
func (u Unsigned) SignBytes(chainID string) []byte { return u.SignBytesAs(chainID, 0) }

// SignBytesAs for a chain and the account number that the sender's shard answers.
func (u Unsigned) SignBytesAs(chainID string, account uint64) []byte {
	return SignBytes(u.Body, u.AuthInfo, chainID, account)
}

// Signed transaction as it goes over the wire.
func (u Unsigned) Signed(signature []byte) []byte { return Encode(u.Body, u.AuthInfo, signature) }

func encodeAny(url string, value []byte) []byte {
	return appendBytes(appendString(nil, 1, url), 2, value)
}

func encodeCoin(denom, amount string) []byte {
	return appendString(appendString(nil, 1, denom), 2, amount)
}

func appendBytes(b []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func appendString(b []byte, n protowire.Number, v string) []byte {
	if v == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), v)
}

func appendNumber(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

// formatAmount as a decimal number.
func formatAmount(a lattice.Amount) string {
	if a.High == 0 {
		return fmt.Sprint(a.Low)
	}
	const billion = 1_000_000_000
	var digits string
	for a.High != 0 {
		high := a.High / billion
		low, rest := bits.Div64(a.High%billion, a.Low, billion)
		digits = fmt.Sprintf("%09d", rest) + digits
		a = lattice.Amount{High: high, Low: low}
	}
	return fmt.Sprint(a.Low) + digits
}
