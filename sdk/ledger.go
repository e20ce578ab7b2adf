package sdk

import (
	"context"
	"errors"
)

// Ledger is what a client needs of the two chains. Amounts in utop.
type Ledger interface {
	// ChainID of the service chain, Address of the client's account.
	ChainID() string
	Address() string
	// Epoch is the service chain's.
	Epoch(ctx context.Context) (uint64, error)
	// Providers are the active ones of the service chain.
	Providers(ctx context.Context) ([]Provider, error)
	// EnsureCredit brings the account's unspent credit on the service chain to amount, lets the session key spend it, and
	// answers once the service chain knows both. It fails with ErrSessionKey, and pays for nothing, where the key's terms do not let it spend as much.
	EnsureCredit(ctx context.Context, sessionKey []byte, amount uint64) error
	// Allot guarantees up to amount more of the credit and of the session key's cap to a provider, and answers once the
	// service chain has booked it. It fails with ErrCredit when nothing is left to allot.
	Allot(ctx context.Context, sessionKey []byte, provider string, amount uint64) error
	// EndKey revokes a session key, and takes back what was allotted under it and is not spent.
	EndKey(ctx context.Context, sessionKey []byte) error
	Close() error
}

// Provider is a provider as the main chain registered it.
type Provider struct {
	Address string
	// Key is its ed25519 key, of its libp2p identity too.
	Key []byte
	// Endpoints are multiaddrs.
	Endpoints []string
	// Prices by measure.
	Prices map[string]uint64
}

// ErrCredit says that the account's credit on the service chain is used up; call EnsureCredit.
var ErrCredit = errors.New("no credit left on the service chain")
