package types

import (
	"crypto/ed25519"
	"strings"

	"github.com/mr-tron/base58"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/voucher"
)

const (
	maxEndpoints = 8
	maxEndpoint  = 256
)

// ed25519PeerPrefix turns an ed25519 key into a libp2p peer id: an identity multihash (0x00, 36 bytes) over the protobuf {Type: Ed25519, Data: 32 bytes}
// (libp2p peer-id specification).
var ed25519PeerPrefix = []byte{0x00, 0x24, 0x08, 0x01, 0x12, 0x20}

// Exit tells whether the provider is on its way out, or gone.
func (p Provider) Exit() bool {
	return p.Status == ProviderStatus_PROVIDER_STATUS_EXITING || p.Status == ProviderStatus_PROVIDER_STATUS_EXITED
}

// PeerID of an ed25519 public key, in base58.
func PeerID(key []byte) (string, error) {
	if len(key) != ed25519.PublicKeySize {
		return "", errorsmod.Wrapf(ErrInvalid, "provider key has %d bytes, want %d (ed25519)", len(key), ed25519.PublicKeySize)
	}
	return base58.Encode(append(append([]byte{}, ed25519PeerPrefix...), key...)), nil
}

// ValidateEndpoints checks a provider's addresses for form; whether they answer is for clients to find out.
func ValidateEndpoints(endpoints []string) error {
	if len(endpoints) == 0 || len(endpoints) > maxEndpoints {
		return errorsmod.Wrapf(ErrInvalid, "%d endpoints, want 1 to %d", len(endpoints), maxEndpoints)
	}
	for _, e := range endpoints {
		if len(e) > maxEndpoint || !strings.HasPrefix(e, "/") || strings.Contains(e, "/p2p/") {
			return errorsmod.Wrapf(ErrInvalid, "endpoint %q: want a multiaddr without its /p2p part, e.g. /ip4/203.0.113.7/tcp/4001", e)
		}
	}
	return nil
}

// ValidatePrices checks that there is one price per measure of the type, in the type's order.
func ValidatePrices(prices []voucher.Price, t ServiceType) error {
	if len(prices) != len(t.Measures) {
		return errorsmod.Wrapf(ErrInvalid, "%d prices for the measures %s", len(prices), strings.Join(t.Measures, ", "))
	}
	for i, p := range prices {
		if p.Measure != t.Measures[i] {
			return errorsmod.Wrapf(ErrInvalid, "price %d is for %q, want %q (prices are sorted by measure)", i, p.Measure, t.Measures[i])
		}
		if p.Utop > MaxDeposit {
			return errorsmod.Wrapf(ErrInvalid, "price of %q is %d utop, at most %d", p.Measure, p.Utop, uint64(MaxDeposit))
		}
	}
	return nil
}
