package receipt

import "fmt"

// Take a batch after what was taken from its source before: it answers the cursor after it. A batch that was taken is an ErrReplay and does no harm; after an ErrGap the ones between come first; an ErrFork never fits.
func (c Cursor) Take(b *Batch) (Cursor, error) {
	switch {
	case b.Height <= c.Height:
		return c, fmt.Errorf("%w: %s has sent %s up to height %d, this one is of %d", ErrReplay, b.Source, b.Destination, c.Height, b.Height)
	case b.Previous.Height > c.Height:
		return c, fmt.Errorf("%w: it follows that of height %d, and %s has taken those of %s up to %d", ErrGap, b.Previous.Height, b.Destination, b.Source, c.Height)
	case b.Previous != c:
		return c, fmt.Errorf("%w: it follows %x of height %d, taken was %x of height %d", ErrFork, b.Previous.Hash, b.Previous.Height, c.Hash, c.Height)
	}
	return b.Cursor(), nil
}

// Outbox of a pair of ledgers at its source: what was sent last, up to where the destination has confirmed, and how many batches lie between.
type Outbox struct {
	Sent, Confirmed Cursor
	Waiting         uint64
}

// Send a batch: the one that the block of a height makes of these receipts.
func (o *Outbox) Send(source, destination string, height uint64, receipts []Receipt) Batch {
	b := Batch{Source: source, Destination: destination, Height: height, Previous: o.Sent, Receipts: receipts}
	o.Sent = b.Cursor()
	o.Waiting++
	return b
}
