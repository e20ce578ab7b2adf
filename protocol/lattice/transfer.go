package lattice

import (
	"errors"
	"fmt"

	"github.com/topnetwork/top/protocol/quota"
)

// EpochSequences is how many transactions an account can make in an epoch, one less: so an account that is made anew in a later one never signs the same sequence twice.
const EpochSequences = 1 << 20

var (
	// ErrUnknown account: it holds nothing.
	ErrUnknown = errors.New("no such account")
	// ErrSequence: not the next transaction of the account. The words are those that wallets look for.
	ErrSequence = errors.New("account sequence mismatch")
	// ErrDeposit: less than an account must hold.
	ErrDeposit = errors.New("below the existential deposit")
	// ErrTimeout: too late.
	ErrTimeout = errors.New("tx timeout height")
	// ErrKey: not the key of the account.
	ErrKey = errors.New("not the account's key")
)

// Rules that a block is executed by.
type Rules struct {
	// Epoch of the main chain, Now the block's time in nanoseconds since 1970.
	Epoch uint64
	Now   int64
	// Height of the block.
	Height uint64
	// Deposit in utop that an account holds at least: the existential deposit.
	Deposit uint64
	// Community's record takes what can neither be credited nor returned. It alone may hold less than the deposit.
	Community Address
	Quota     quota.Params
	// Away tells why a transfer cannot go to an account of another ledger, if so; it is asked by many lanes at once. Without it there are no transfers to others.
	Away func(*Transfer) error
	// Ended: the shard has made its last change, and its accounts are others' now.
	Ended bool
	// Settling: the shard goes on from before what it has sent, and debits that first.
	Settling bool
}

// ErrSettling tells that the shard takes no transfers yet.
var ErrSettling = errors.New("the shard goes on from its last audited block and debits first what was sent after it; try again later")

// ErrEnded tells that the shard has made its last change.
var ErrEnded = errors.New("the shard has ended; its accounts are in others now")

// away is why a transfer cannot go to an account of another ledger.
func (r *Rules) away(t *Transfer) error {
	if r.Away == nil {
		return fmt.Errorf("%w: %x, and this shard sends nothing to others", ErrNotOwned, t.To)
	}
	return r.Away(t)
}

// firstSequence of an account that is made in the epoch.
func (r *Rules) firstSequence() uint64 { return r.Epoch * EpochSequences }

// Transfer of coins, as one transaction asks for it. Its signature is verified, and the key is that of the sender's address.
type Transfer struct {
	From, To Address
	Key      Key
	Sequence uint64
	Amount   Balance
	// Fee in utop that is offered where the quota does not reach.
	Fee uint64
	// Memo for the recipient, which goes with the coins to another shard.
	Memo string
	// Timeout is the last height that may have it; 0 is any.
	Timeout uint64
	// Size of the encoded transaction in bytes, and its hash.
	Size int
	Hash Hash
}

// scheme of the signature.
func (t *Transfer) scheme() quota.Signature {
	if t.Key.Kind == Secp256k1 {
		return quota.Secp256k1
	}
	return quota.Ed25519
}

// IsOpen tells whether an account is there for others: a record that holds nothing only keeps its sequence.
func (r *Record) IsOpen() bool { return !r.Balance.IsZero() }

// Droppable tells whether a closed record has nothing to keep: who makes the account anew begins beyond its sequence.
func (r *Record) Droppable(epoch uint64) bool {
	return !r.IsOpen() && r.Sequence <= epoch*EpochSequences
}

// Admit tells whether a transfer can go where it is sent, and the quota or the fee pays for it; it looks at nothing that costs more. The mana is refilled and paid from in the result.
func (r *Rules) Admit(sender *Record, t *Transfer, to Party) (left quota.Mana, fee uint64, err error) {
	if to == Elsewhere {
		if err := r.away(t); err != nil {
			return sender.Mana, 0, err
		}
	}
	mana := r.Quota.Refilled(sender.Mana, sender.Utop, r.Now)
	return r.Quota.Pay(mana, r.Cost(t, to), t.Fee)
}

// Cost of a transfer in units of quota. The sender pays for what another shard does with it, too.
func (r *Rules) Cost(t *Transfer, to Party) uint64 {
	cost := r.Quota.Cost(t.Size, t.scheme())
	switch to {
	case Absent:
		return cost + r.Quota.Price.Create
	case Elsewhere:
		return cost + r.Quota.Price.Receipt
	default:
		return cost
	}
}

// Debit takes a transfer from its sender, whose record it changes only where all is in order. What the recipient is was found when the block began. The fee is burned.
func (r *Rules) Debit(sender *Record, t *Transfer, to Party) (u Unit, fee uint64, err error) {
	switch {
	case r.Ended:
		return u, 0, ErrEnded
	case r.Settling:
		return u, 0, ErrSettling
	case !sender.IsOpen():
		return u, 0, fmt.Errorf("%w: %x holds nothing here", ErrUnknown, t.From)
	case sender.Key.Kind != NoKey && sender.Key != t.Key:
		return u, 0, fmt.Errorf("%w: %x signed with another before", ErrKey, t.From)
	case sender.Sequence != t.Sequence:
		return u, 0, fmt.Errorf("%w, expected %d, got %d", ErrSequence, sender.Sequence, t.Sequence)
	case sender.Sequence+1 >= r.firstSequence()+EpochSequences:
		return u, 0, fmt.Errorf("%w: %x has made all transactions of epoch %d; wait for the next", ErrSequence, t.From, r.Epoch)
	case t.Timeout != 0 && r.Height > t.Timeout:
		return u, 0, fmt.Errorf("%w: %d is over, the block's height is %d", ErrTimeout, t.Timeout, r.Height)
	case t.Amount.IsZero():
		return u, 0, fmt.Errorf("%w: nothing is sent", ErrMalformed)
	case to == Absent && t.Amount.Utop < r.Deposit:
		return u, 0, fmt.Errorf("%w: %x has no account, so at least %dutop must be sent", ErrDeposit, t.To, r.Deposit)
	case to == Elsewhere && t.Amount.Utop < r.Deposit:
		return u, 0, fmt.Errorf("%w: %x is in another shard, so at least %dutop must be sent", ErrDeposit, t.To, r.Deposit)
	}
	mana, fee, err := r.Admit(sender, t, to)
	if err != nil {
		return u, 0, err
	}
	left, err := sender.Balance.Sub(t.Amount)
	if err == nil {
		left, err = left.Sub(Balance{Utop: fee})
	}
	if err != nil {
		return u, 0, err
	}
	if !left.IsZero() && left.Utop < r.Deposit {
		return u, 0, fmt.Errorf("%w: %dutop would be left; leave at least %dutop, or send all that the account holds", ErrDeposit, left.Utop, r.Deposit)
	}
	sender.Mana = mana.Cut(sender.Utop, left.Utop)
	sender.Key, sender.Balance = t.Key, left
	sender.Sequence++
	return sender.chain(r.Height, Send, t.To, t.Amount, t.Hash), fee, nil
}

// Credit gives a transfer's coins to its recipient, or back to its sender. It fails, and changes nothing, where the account would hold less than the deposit or too many denominations.
func (r *Rules) Credit(to *Record, kind UnitKind, t *Transfer) (u Unit, err error) {
	peer := t.From
	if kind == Return {
		peer = t.To
	}
	after, err := to.Balance.Add(t.Amount)
	if err != nil {
		return u, err
	}
	if after.Utop < r.Deposit {
		return u, fmt.Errorf("%w: %x would hold %dutop", ErrDeposit, to.Address, after.Utop)
	}
	if to.IsOpen() {
		// Coins that come bring no mana; what was refilled until now was refilled by what was held until now.
		to.Mana = r.Quota.Refilled(to.Mana, to.Utop, r.Now)
	} else {
		to.Mana = quota.Mana{Time: r.Now}
		to.Sequence = max(to.Sequence, r.firstSequence())
	}
	to.Balance = after
	return to.chain(r.Height, kind, peer, t.Amount, t.Hash), nil
}

// chain appends a unit of a block to the account's.
func (r *Record) chain(height uint64, kind UnitKind, peer Address, amount Balance, transaction Hash) Unit {
	u := Unit{
		Account: r.Address, Number: r.Units + 1, Previous: r.Head, Before: r.Height, Kind: kind, Sequence: r.Sequence, Peer: peer, Amount: amount, Balance: r.Balance, Transaction: transaction,
	}
	r.Units, r.Head, r.Height = u.Number, u.Hash(), height
	return u
}
