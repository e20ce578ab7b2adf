package sendtx

import (
	"fmt"

	"github.com/topnetwork/top/protocol/lattice"
)

// Addresses as BIP 173 writes them. Every transfer holds two, which is why they are not read by a library: it takes ten times as long as all the rest of a transaction.
const (
	charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	// addressDigits of five bits for twenty bytes, and checkDigits behind them.
	addressDigits, checkDigits = 32, 6
	addressLength              = len(Prefix) + 1 + addressDigits + checkDigits
	// validatorPrefix of a validator's operator on the main chain.
	validatorPrefix = Prefix + "valoper"
)

var (
	// digits by character; 255 for one that is none.
	digits = func() (d [256]byte) {
		for i := range d {
			d[i] = 255
		}
		for i := range charset {
			d[charset[i]] = byte(i)
		}
		return d
	}()
	generator = [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	// prefixSum is the checksum's state behind the prefix.
	prefixSum, validatorSum = sumOf(Prefix), sumOf(validatorPrefix)
)

func sumOf(prefix string) uint32 {
	sum := uint32(1)
	for i := range prefix {
		sum = step(sum, prefix[i]>>5)
	}
	sum = step(sum, 0)
	for i := range prefix {
		sum = step(sum, prefix[i]&31)
	}
	return sum
}

// step of the checksum (BIP 173, bech32_polymod).
func step(sum uint32, digit byte) uint32 {
	top := sum >> 25
	sum = sum&0x1ffffff<<5 ^ uint32(digit)
	for i, g := range generator {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}

// Address of a bech32 string. Capitals are not taken: an address has one form.
func Address(s string) (a lattice.Address, err error) { return decode(Prefix, prefixSum, s) }

// Validator of the main chain by its operator's address, e.g. topvaloper1…
func Validator(s string) (a lattice.Address, err error) {
	return decode(validatorPrefix, validatorSum, s)
}

func decode(prefix string, sum uint32, s string) (a lattice.Address, err error) {
	if len(s) != len(prefix)+1+addressDigits+checkDigits || s[:len(prefix)] != prefix || s[len(prefix)] != '1' {
		return a, fmt.Errorf("%w: address %q: want %s1 and %d characters", ErrMalformed, s, prefix, addressDigits+checkDigits)
	}
	bits, n := uint32(0), 0
	for i, c := range []byte(s[len(prefix)+1:]) {
		d := digits[c]
		if d == 255 {
			return a, fmt.Errorf("%w: address %q: %q is no character of an address", ErrMalformed, s, c)
		}
		sum = step(sum, d)
		if i >= addressDigits {
			continue
		}
		// Eight digits are five bytes.
		bits = bits<<5 | uint32(d)
		if have := (i + 1) * 5; have/8 > n {
			a[n] = byte(bits >> (have % 8))
			n++
		}
	}
	if sum != 1 {
		return lattice.Address{}, fmt.Errorf("%w: address %q: the checksum is wrong; is it written right?", ErrMalformed, s)
	}
	return a, nil
}

// Bech32 string of an address.
func Bech32(a lattice.Address) string {
	out := make([]byte, 0, addressLength)
	out = append(out, Prefix+"1"...)
	sum, bits, have := prefixSum, uint32(0), 0
	for _, b := range a {
		bits, have = bits<<8|uint32(b), have+8
		for have >= 5 {
			have -= 5
			d := byte(bits >> have & 31)
			sum, out = step(sum, d), append(out, charset[d])
		}
	}
	for range checkDigits {
		sum = step(sum, 0)
	}
	sum ^= 1
	for i := range checkDigits {
		out = append(out, charset[sum>>(5*(checkDigits-1-i))&31])
	}
	return string(out)
}
