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

// Known tells whether a transfer's recipient is open. One that another shard holds is an ErrNotOwned: no transfer to it may be in a block.
func Known(v View, a Address) (bool, error) {
	r, found, err := v.Get(a)
	if errors.Is(err, ErrNotOwned) {
		err = fmt.Errorf("%w; there are no transfers between shards yet", err)
	}
	return found && r.IsOpen(), err
}

// ofSender is why a sender has no record here.
func ofSender(err error) error {
	if errors.Is(err, ErrNotOwned) {
		return fmt.Errorf("%w; send it there", err)
	}
	return err
}
