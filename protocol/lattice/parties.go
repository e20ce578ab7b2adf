package lattice

import (
	"errors"
	"fmt"
)

// View of the accounts as a block finds them. It is read by many lanes at once.
type View interface {
	Get(Address) (Record, bool, error)
}

// Sender of a transfer; false where there is no such account. One that another shard holds is an ErrNotOwned, with what to do.
func Sender(v View, a Address) (Record, bool, error) {
	r, found, err := v.Get(a)
	return r, found, ofSender(err)
}

// Party is what a transfer's recipient is to the sender's shard.
type Party uint8

const (
	// Absent: nobody yet; the transfer makes the account.
	Absent Party = iota
	// Open: an account of this shard.
	Open
	// Elsewhere: an account of another shard, to which a receipt brings the coins.
	Elsewhere
)

// Recipient of a transfer as a block finds it.
func Recipient(v View, a Address) (Party, error) {
	r, found, err := v.Get(a)
	switch {
	case errors.Is(err, ErrNotOwned):
		return Elsewhere, nil
	case err != nil:
		return Absent, err
	case found && r.IsOpen():
		return Open, nil
	}
	return Absent, nil
}

// ofSender is why a sender has no record here.
func ofSender(err error) error {
	if errors.Is(err, ErrNotOwned) {
		return fmt.Errorf("%w; send it there", err)
	}
	return err
}
