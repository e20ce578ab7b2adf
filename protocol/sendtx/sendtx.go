// Package sendtx reads the transactions that shards execute: one cosmos.bank.v1beta1.MsgSend, signed by one key with SIGN_MODE_DIRECT, as any Cosmos wallet makes them. README.md is the specification.
package sendtx

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // Addresses of secp256k1 keys are RIPEMD-160 (Cosmos SDK ADR 028).
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/topnetwork/top/protocol/lattice"
)

var (
	// ErrMalformed: bytes that are no transfer as wallets encode it.
	ErrMalformed = errors.New("malformed transaction")
	// ErrOther: a transaction, but not a transfer.
	ErrOther = errors.New("not a transfer")
)

const (
	// MaxSize of an encoded transaction in bytes.
	MaxSize = 4096
	// MaxMemo in bytes (Cosmos SDK, x/auth MaxMemoCharacters).
	MaxMemo = 256
	// Prefix of addresses.
	Prefix = "top"
	// SignatureSize of both schemes.
	SignatureSize = 64

	// Utop is the network's own denomination.
	Utop = "utop"

	sendURL      = "/cosmos.bank.v1beta1.MsgSend"
	secp256k1URL = "/cosmos.crypto.secp256k1.PubKey"
	ed25519URL   = "/cosmos.crypto.ed25519.PubKey"

	modeDirect = 1
)

// Tx is a transfer as it was signed.
type Tx struct {
	lattice.Transfer
	// body and authInfo are what the signature covers.
	body, authInfo []byte
	Signature      [SignatureSize]byte
}

// IsSend tells, without reading more than the beginning, whether bytes claim to be a transaction whose first message is a transfer. What does is read by Decode, or refused.
func IsSend(raw []byte) bool {
	n, t, size := protowire.ConsumeTag(raw)
	var body, any, url []byte
	if size < 0 || n != 1 {
		return false
	}
	if _, err := bytesOf(t, raw[size:], &body); err != nil {
		return false
	}
	for _, step := range []struct{ from, to *[]byte }{{&body, &any}, {&any, &url}} {
		n, t, size := protowire.ConsumeTag(*step.from)
		if size < 0 || n != 1 {
			return false
		}
		if _, err := bytesOf(t, (*step.from)[size:], step.to); err != nil {
			return false
		}
	}
	return string(url) == sendURL
}

// DecodeUnsigned reads a transaction whose signature is missing or empty, as wallets send it to be tried out.
func DecodeUnsigned(raw []byte) (Tx, error) {
	var body, authInfo, signature []byte
	if err := fields("transaction", raw, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			return onceOf(t, b, &body)
		case 2:
			return onceOf(t, b, &authInfo)
		case 3:
			return bytesOf(t, b, &signature)
		}
		return 0, unknown(n)
	}); err != nil {
		return Tx{}, err
	}
	return Decode(Encode(body, authInfo, make([]byte, SignatureSize)))
}

// Decode a transaction. The bytes it refers to are the caller's, who does not change them.
func Decode(raw []byte) (Tx, error) {
	var tx Tx
	if len(raw) > MaxSize {
		return tx, fmt.Errorf("%w: %d bytes, a shard takes at most %d", ErrMalformed, len(raw), MaxSize)
	}
	var signature []byte
	err := fields("transaction", raw, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			return onceOf(t, b, &tx.body)
		case 2:
			return onceOf(t, b, &tx.authInfo)
		case 3:
			return onceOf(t, b, &signature)
		}
		return 0, unknown(n)
	})
	if err != nil {
		return tx, err
	}
	if tx.body == nil || tx.authInfo == nil || len(signature) != SignatureSize {
		return tx, fmt.Errorf("%w: want a body, an auth info and one signature of %d bytes", ErrMalformed, SignatureSize)
	}
	// A transaction has one encoding (Cosmos SDK ADR 027), or anyone could give it another hash.
	if !bytes.Equal(raw, Encode(tx.body, tx.authInfo, signature)) {
		return tx, fmt.Errorf("%w: not the deterministic encoding of Cosmos SDK ADR 027", ErrMalformed)
	}
	copy(tx.Signature[:], signature)
	if err := tx.readBody(); err != nil {
		return tx, err
	}
	if err := tx.readAuthInfo(); err != nil {
		return tx, err
	}
	tx.Size, tx.Hash = len(raw), Hash(raw)
	return tx, nil
}

// Hash of an encoded transaction, by which it is found.
func Hash(raw []byte) lattice.Hash { return sha256.Sum256(raw) }

// Encode the parts of a transaction.
func Encode(body, authInfo, signature []byte) []byte {
	b := make([]byte, 0, len(body)+len(authInfo)+len(signature)+12)
	for i, part := range [][]byte{body, authInfo, signature} {
		b = protowire.AppendBytes(protowire.AppendTag(b, protowire.Number(i+1), protowire.BytesType), part)
	}
	return b
}

// SignBytes are what the key has signed for a chain and an account number.
func (tx *Tx) SignBytes(chainID string, account uint64) []byte {
	return SignBytes(tx.body, tx.authInfo, chainID, account)
}

// SignBytes of a body and an auth info: cosmos.tx.v1beta1.SignDoc. All accounts of a shard have one number: how often it, or who was before it, was restarted (docs/adr/025).
func SignBytes(body, authInfo []byte, chainID string, account uint64) []byte {
	b := make([]byte, 0, len(body)+len(authInfo)+len(chainID)+24)
	for i, part := range [][]byte{body, authInfo, []byte(chainID)} {
		if len(part) > 0 {
			b = protowire.AppendBytes(protowire.AppendTag(b, protowire.Number(i+1), protowire.BytesType), part)
		}
	}
	return appendNumber(b, 4, account)
}

// readBody of the transaction: cosmos.tx.v1beta1.TxBody.
func (tx *Tx) readBody() error {
	var message, memo []byte
	err := fields("body", tx.body, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			if message != nil {
				return 0, fmt.Errorf("%w: several messages; a shard takes one transfer per transaction", ErrOther)
			}
			return onceOf(t, b, &message)
		case 2:
			return onceOf(t, b, &memo)
		case 3:
			return numberOf(t, b, &tx.Timeout)
		case 4, 5:
			return 0, fmt.Errorf("%w: unordered transactions are not taken; sign a sequence", ErrOther)
		}
		return 0, unknown(n)
	})
	if err != nil {
		return err
	}
	if len(memo) > MaxMemo {
		return fmt.Errorf("%w: a memo of %d bytes, at most %d", ErrMalformed, len(memo), MaxMemo)
	}
	tx.Memo = string(memo)
	url, value, err := readAny("message", message)
	if err != nil {
		return err
	}
	if url != sendURL {
		return fmt.Errorf("%w: %q", ErrOther, url)
	}
	return tx.readSend(value)
}

// readAny of a google.protobuf.Any.
func readAny(what string, b []byte) (string, []byte, error) {
	var url, value []byte
	err := fields(what, b, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			return onceOf(t, b, &url)
		case 2:
			return onceOf(t, b, &value)
		}
		return 0, unknown(n)
	})
	return string(url), value, err
}

// readSend of a cosmos.bank.v1beta1.MsgSend.
func (tx *Tx) readSend(b []byte) error {
	var from, to []byte
	err := fields("MsgSend", b, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			return onceOf(t, b, &from)
		case 2:
			return onceOf(t, b, &to)
		case 3:
			return coin(t, b, &tx.Amount)
		}
		return 0, unknown(n)
	})
	if err != nil {
		return err
	}
	if tx.From, err = Address(string(from)); err != nil {
		return fmt.Errorf("from_address: %w", err)
	}
	if tx.To, err = Address(string(to)); err != nil {
		return fmt.Errorf("to_address: %w", err)
	}
	if tx.Amount.IsZero() {
		return fmt.Errorf("%w: nothing is sent", ErrMalformed)
	}
	return nil
}

// coin of a cosmos.base.v1beta1.Coin is added to a balance; they come in ascending order of denominations.
func coin(t protowire.Type, b []byte, to *lattice.Balance) (int, error) {
	var message, denom, amount []byte
	used, err := bytesOf(t, b, &message)
	if err != nil {
		return 0, err
	}
	if err := fields("coin", message, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			return onceOf(t, b, &denom)
		case 2:
			return onceOf(t, b, &amount)
		}
		return 0, unknown(n)
	}); err != nil {
		return 0, err
	}
	hi, lo, err := decimal(amount)
	if err != nil {
		return 0, err
	}
	last := ""
	if n := len(to.Coins); n > 0 {
		last = to.Coins[n-1].Denom
	}
	if to.Utop > 0 {
		last = max(last, Utop)
	}
	switch {
	case !IsDenom(denom):
		return 0, fmt.Errorf("%w: %q is no denomination", ErrMalformed, denom)
	case string(denom) <= last:
		return 0, fmt.Errorf("%w: coins are in ascending order of denominations, each once", ErrMalformed)
	case string(denom) != Utop:
		if len(to.Coins) == lattice.MaxCoins {
			return 0, fmt.Errorf("%w: more than %d denominations", ErrMalformed, lattice.MaxCoins)
		}
		to.Coins = append(to.Coins, lattice.Coin{Denom: string(denom), Amount: lattice.Amount{High: hi, Low: lo}})
	case hi != 0:
		return 0, fmt.Errorf("%w: there is not so much utop", ErrMalformed)
	default:
		to.Utop = lo
	}
	return used, nil
}

// IsDenom tells whether bytes are a denomination (Cosmos SDK, types/coin.go).
func IsDenom[T []byte | string](b T) bool {
	if len(b) < 3 || len(b) > lattice.MaxDenom {
		return false
	}
	for i := range len(b) {
		c := b[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '/' && c != ':' && c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// readAuthInfo of the transaction: cosmos.tx.v1beta1.AuthInfo.
func (tx *Tx) readAuthInfo() error {
	var signer, fee []byte
	err := fields("auth info", tx.authInfo, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			if signer != nil {
				return 0, fmt.Errorf("%w: several signers; a transfer has one", ErrOther)
			}
			return onceOf(t, b, &signer)
		case 2:
			return onceOf(t, b, &fee)
		}
		return 0, unknown(n)
	})
	if err != nil {
		return err
	}
	if err := tx.readSigner(signer); err != nil {
		return err
	}
	return tx.readFee(fee)
}

func (tx *Tx) readSigner(b []byte) error {
	var key, mode []byte
	if err := fields("signer", b, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			return onceOf(t, b, &key)
		case 2:
			return onceOf(t, b, &mode)
		case 3:
			return numberOf(t, b, &tx.Sequence)
		}
		return 0, unknown(n)
	}); err != nil {
		return err
	}
	// ModeInfo{single{mode: SIGN_MODE_DIRECT}} has one encoding.
	if !bytes.Equal(mode, []byte{1<<3 | 2, 2, 1 << 3, modeDirect}) {
		return fmt.Errorf("%w: want one signature in SIGN_MODE_DIRECT", ErrOther)
	}
	url, value, err := readAny("public key", key)
	if err != nil {
		return err
	}
	var public []byte
	if err := fields("public key", value, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		if n == 1 {
			return onceOf(t, b, &public)
		}
		return 0, unknown(n)
	}); err != nil {
		return err
	}
	var kind lattice.KeyKind
	switch url {
	case secp256k1URL:
		kind = lattice.Secp256k1
	case ed25519URL:
		kind = lattice.Ed25519
	default:
		return fmt.Errorf("%w: a public key %q; want secp256k1 or Ed25519, in every transaction", ErrOther, url)
	}
	if tx.Key, err = lattice.NewKey(kind, public); err != nil {
		return err
	}
	if AddressOf(tx.Key) != tx.From {
		return fmt.Errorf("%w: the public key is not that of from_address", ErrMalformed)
	}
	return nil
}

func (tx *Tx) readFee(b []byte) error {
	var offered lattice.Balance
	err := fields("fee", b, func(n protowire.Number, t protowire.Type, b []byte) (int, error) {
		switch n {
		case 1:
			return feeCoin(t, b, &offered)
		case 2:
			// Gas is not counted here; wallets sign some limit.
			var gas uint64
			return numberOf(t, b, &gas)
		case 3, 4:
			return 0, fmt.Errorf("%w: nobody else can pay the fee", ErrOther)
		}
		return 0, unknown(n)
	})
	if err != nil {
		return err
	}
	if len(offered.Coins) > 0 {
		return fmt.Errorf("%w: a fee in %q; fees are in %s", ErrOther, offered.Coins[0].Denom, Utop)
	}
	tx.Fee = offered.Utop
	return nil
}

// feeCoin is coin, but nothing may be offered too: wallets write 0utop.
func feeCoin(t protowire.Type, b []byte, to *lattice.Balance) (int, error) {
	var message []byte
	used, err := bytesOf(t, b, &message)
	if err != nil {
		return 0, err
	}
	if bytes.Equal(message, zeroFee) {
		return used, nil
	}
	return coin(t, b, to)
}

var zeroFee = protowire.AppendString(protowire.AppendTag(protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), Utop), 2, protowire.BytesType), "0")

// AddressOf a public key (Cosmos SDK ADR 028).
func AddressOf(k lattice.Key) (a lattice.Address) {
	sum := sha256.Sum256(k.Bytes())
	if k.Kind != lattice.Secp256k1 {
		return lattice.Address(sum[:lattice.AddressSize])
	}
	h := ripemd160.New()
	h.Write(sum[:])
	return lattice.Address(h.Sum(nil))
}
