package metering

import "context"

// Ledger is what a provider asks the service chain before and while it serves.
type Ledger interface {
	// Guarantee answers what the chain guarantees this provider from a payer's session key.
	Guarantee(ctx context.Context, payer string, key []byte) (Guarantee, error)
	// MaxDebits is how many payers' keys a claim may name, and so how many an epoch can serve.
	MaxDebits(ctx context.Context) (int, error)
}

// Guarantee is a chain's answer about one payer and session key. Amounts in utop.
type Guarantee struct {
	// Line is the sub-line that the payer allotted to this provider and key, what claims have reserved and what the payer wants back left out.
	Line uint64
	// Claimable is Line and what is under notice: no ground to serve on, but good for what was served.
	Claimable uint64
	// KeyKnown tells that the key is in the payer's escrow.
	KeyKnown bool
	// KeyExpires is the last epoch in which the key may be used; revoking it ends it with the running epoch.
	KeyExpires uint64
}
