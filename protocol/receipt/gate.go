package receipt

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

// domainGate of the address that nobody has a key of.
const domainGate = "TOP/receipt/gate/1"

// MaxGate receipts for the main chain in a block of a shard, and of a batch of the main chain's: they take gas there, and a transaction that is too large for its blocks would hold up all that come after it.
const MaxGate = 500

// ErrAction is of a transfer to the main chain's gate that does not say what is to be done there, or brings what it does not take.
var ErrAction = fmt.Errorf("%w: not what the main chain's gate takes", lattice.ErrMalformed)

// gate is the address.
var gate = func() lattice.Address {
	h := sha256.Sum256([]byte(domainGate))
	return lattice.Address(h[:lattice.AddressSize])
}()

// GateAddress is whom users of shards send to what shall go to the main chain. No shard holds it.
func GateAddress() lattice.Address { return gate }

// ActionKind is what is done on the main chain with coins that arrive from a shard.
type ActionKind uint8

// Kinds of actions.
const (
	// Pay them into an account.
	Pay ActionKind = iota
	// Stake them with a validator, for the sender's account.
	Stake
	// Node: stake them with the sender's own validator, whose node's deposit that is.
	Node
	// Escrow: deposit them into the sender's escrow.
	Escrow
	// Line: deposit them there, and put them behind the sender's credit line with a service chain.
	Line
)

// Action of a receipt. It uses the coins that the receipt carries, all of them and no others.
type Action struct {
	Kind ActionKind
	// To is the account of Pay, or the validator's operator of Stake.
	To lattice.Address
	// Chain id of Line.
	Chain string
}

// ActionOf a memo and the sender of its coins. The memo is one of these, and nothing else; without one the coins go to the sender's own account on the main chain:
//
//	to=top1…           pay into that account
//	stake=topvaloper1… delegate to that validator
//	node               add to the deposit of the sender's own node
//	escrow             deposit into the sender's escrow
//	line=CHAIN-ID      the same, and open or raise a credit line with a service chain
func ActionOf(from lattice.Address, memo string) (a Action, err error) {
	name, value, valued := strings.Cut(memo, "=")
	switch {
	case memo == "":
		return Action{Kind: Pay, To: from}, nil
	case memo == "node":
		return Action{Kind: Node}, nil
	case memo == "escrow":
		return Action{Kind: Escrow}, nil
	case valued && name == "to":
		if a.To, err = sendtx.Address(value); err == nil && a.To == gate {
			err = fmt.Errorf("%s is the gate itself", value)
		}
	case valued && name == "stake":
		a.Kind = Stake
		a.To, err = sendtx.Validator(value)
	case valued && name == "line":
		a.Kind, a.Chain = Line, value
		err = trie.CheckName(value)
	default:
		err = fmt.Errorf("memo %q: write nothing, to=top1…, stake=topvaloper1…, node, escrow or line=CHAIN-ID", memo)
	}
	if err != nil {
		return Action{}, fmt.Errorf("%w: %w", ErrAction, err)
	}
	return a, nil
}

// CheckGate tells whether the main chain's gate takes a transfer.
func CheckGate(t *lattice.Transfer) error {
	if len(t.Amount.Coins) > 0 {
		return fmt.Errorf("%w: %s, want %s and nothing else", ErrAction, t.Amount.Coins[0].Denom, sendtx.Utop)
	}
	_, err := ActionOf(t.From, t.Memo)
	return err
}
