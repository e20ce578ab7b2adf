package provider

import (
	"context"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/metering"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// Ledger is what a provider needs of the two chains. Every call asks the chain: nothing here is remembered.
type Ledger interface {
	metering.Ledger

	// ChainID of the service chain, Address of the provider's account.
	ChainID() string
	Address() string
	// Standing of the provider and its service chain on the main chain.
	Standing(ctx context.Context) (Standing, error)
	// Register takes what step there is towards both chains having r, and answers nil once they have. What time will bring is errPending; other errors are the main
	// chain's refusal.
	Register(ctx context.Context, r Registration) error
	// Known tells whether the service chain has r, active.
	Known(ctx context.Context, r Registration) (bool, error)
	// Epoch is the service chain's.
	Epoch(ctx context.Context) (uint64, error)
	// Terms of claims.
	Terms(ctx context.Context) (Terms, error)
	// Claim answers the provider's claim of an epoch and whether there is one.
	Claim(ctx context.Context, epoch uint64) (claim usagetypes.Claim, found bool, err error)
	// SubmitClaim and SubmitProof answer once the transaction is in a block.
	SubmitClaim(ctx context.Context, m *usagetypes.MsgClaim) error
	SubmitProof(ctx context.Context, m *usagetypes.MsgProve) error
	// Disputes answers the open disputes of the provider's debits, from the main chain.
	Disputes(ctx context.Context) ([]billingtypes.Dispute, error)
	// SubmitAnswer answers what is still to be shown, in utop, once the transaction is in a block.
	SubmitAnswer(ctx context.Context, m *billingtypes.MsgAnswerDispute) (missing uint64, err error)
	// Liable tells whether somebody may still ask for the vouchers of an epoch that the provider has claimed: until what it was settled in is paid or cancelled.
	Liable(ctx context.Context, epoch uint64) (bool, error)
}

// Registration is what a provider publishes of itself.
type Registration struct {
	// Key is the node's ed25519 public key, Sign signs with it.
	Key       []byte
	Sign      func(message []byte) []byte
	Endpoints []string
	Prices    []*voucher.Price
	Deposit   uint64
}

// Terms of claims on the service chain.
type Terms struct {
	// Window is how many epochs after its end an epoch can be claimed.
	Window uint64
	// Samples that a proof must show, MaxDebits that a claim may have.
	Samples, MaxDebits uint32
}
