package types

import errorsmod "cosmossdk.io/errors"

// Open is what a line has not given back, in utop, whether or not the service chain has heard of it.
func (l CreditLine) Open() (uint64, error) {
	open, err := Sub(l.Credited, l.Released)
	if err != nil {
		return 0, errorsmod.Wrapf(ErrInvariant, "line of %s on %s: released %d of %d", l.Owner, l.ChainId, l.Released, l.Credited)
	}
	return open, nil
}

// GiveBack books credit that comes back from the service chain. The chain cannot give back what it never had: where that is more than what was known to have arrived,
// the packets have arrived and only their acknowledgements are late.
func (l *CreditLine) GiveBack(amount uint64) error {
	open, err := l.Open()
	if err != nil {
		return err
	}
	if amount > open {
		return errorsmod.Wrapf(ErrPacket, "%s gives back %d utop of %s, the line has %d open", l.ChainId, amount, l.Owner, open)
	}
	l.Released += amount
	if left := open - amount; l.InFlight > left {
		l.Arrived += l.InFlight - left
		l.InFlight = left
	}
	return nil
}

// Acknowledge ends the flight of a packet that arrived. What was known to have arrived is counted first: the packet is part of it.
func (l *CreditLine) Acknowledge(amount uint64) error {
	known := min(amount, l.Arrived)
	inFlight, err := Sub(l.InFlight, amount-known)
	if err != nil {
		return err
	}
	l.Arrived, l.InFlight = l.Arrived-known, inFlight
	return nil
}

// Fail ends the flight of a packet that did not arrive and answers what its owner gets back. Of an honest chain that is all of it; where a chain denies a packet whose
// credit it has given back, only what is still in flight.
func (l *CreditLine) Fail(amount uint64) (uint64, error) {
	refund := min(amount, l.InFlight)
	arrived, err := Sub(l.Arrived, amount-refund)
	if err != nil {
		return 0, err
	}
	if l.Credited, err = Sub(l.Credited, refund); err != nil {
		return 0, err
	}
	l.Arrived, l.InFlight = arrived, l.InFlight-refund
	return refund, nil
}
