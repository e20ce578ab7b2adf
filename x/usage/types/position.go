package types

import (
	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// Position is what a movement of a payer's credit touches: the credit, the session key's sums, and the sub-line to one provider. Amounts in utop; an error leaves the
// position undefined.
type Position struct {
	Credit Credit
	Key    KeySpending
	Line   SubLine
}

// Allot promises amount to the provider: from open credit and from what is left of the session key's cap, so that neither is promised twice.
func (p *Position) Allot(amount, keyCap uint64) error {
	open, err := p.Credit.Open()
	if err != nil {
		return err
	}
	if amount > open {
		return errorsmod.Wrapf(ErrCredit, "%d utop of %d open: open more credit on the main chain, or reclaim what others do not use", amount, open)
	}
	promised, err := p.Key.Promised()
	if err != nil {
		return err
	}
	if left := keyCap - min(keyCap, promised); amount > left {
		return errorsmod.Wrapf(ErrKey, "%d utop of %d left of the cap of %x: add another session key, or reclaim what it does not use", amount, left, p.Key.Key)
	}
	return move(amount, nil, []*uint64{&p.Credit.Allotted, &p.Key.Allotted, &p.Line.Amount})
}

// Reclaim gives notice for amount: from epoch on it comes back.
func (p *Position) Reclaim(amount, epoch uint64) error {
	if amount > p.Line.Amount {
		return errorsmod.Wrapf(ErrCredit, "%d utop of %d unspent", amount, p.Line.Amount)
	}
	p.Line.ReclaimEpoch = epoch
	return move(amount, []*uint64{&p.Line.Amount}, []*uint64{&p.Line.Reclaiming})
}

// TakeBack ends a notice: what is left under it is open again.
func (p *Position) TakeBack() error {
	p.Line.ReclaimEpoch = 0
	return move(p.Line.Reclaiming, []*uint64{&p.Line.Reclaiming, &p.Credit.Allotted, &p.Key.Allotted}, nil)
}

// Reserve sets amount aside for a claim. What is under notice is the last to be used: the payer wants it back.
func (p *Position) Reserve(amount uint64) error {
	fromAmount := min(amount, p.Line.Amount)
	fromReclaiming := amount - fromAmount
	if fromReclaiming > p.Line.Reclaiming {
		return errorsmod.Wrapf(ErrCredit, "key %x of %s guarantees %s %d utop, the claim debits %d",
			p.Line.SessionKey, p.Line.Owner, p.Line.Provider, p.Line.Amount+p.Line.Reclaiming, amount)
	}
	p.Line.Amount -= fromAmount
	p.Line.Reclaiming -= fromReclaiming
	return move(amount, []*uint64{&p.Key.Allotted}, []*uint64{&p.Key.Reserved, &p.Line.Reserved})
}

// Spend what a proven claim had reserved.
func (p *Position) Spend(amount uint64) error {
	return move(amount, []*uint64{&p.Key.Reserved, &p.Line.Reserved, &p.Credit.Allotted}, []*uint64{&p.Key.Spent, &p.Line.Spent, &p.Credit.Spent})
}

// GiveBack what a forfeited claim had reserved. A claim that lapses must not undo the payer's notice.
func (p *Position) GiveBack(amount uint64) error {
	back := &p.Line.Amount
	if p.Line.ReclaimEpoch != 0 {
		back = &p.Line.Reclaiming
	}
	return move(amount, []*uint64{&p.Key.Reserved, &p.Line.Reserved}, []*uint64{&p.Key.Allotted, back})
}

// move takes amount from some sums and adds it to others.
func move(amount uint64, from, to []*uint64) (err error) {
	for _, sum := range from {
		if *sum, err = billingtypes.Sub(*sum, amount); err != nil {
			return err
		}
	}
	for _, sum := range to {
		if *sum, err = billingtypes.Add(*sum, amount); err != nil {
			return err
		}
	}
	return nil
}

// Promised is what counts against the key's cap.
func (s KeySpending) Promised() (uint64, error) {
	sum, err := billingtypes.Add(s.Spent, s.Reserved)
	if err != nil {
		return 0, err
	}
	return billingtypes.Add(sum, s.Allotted)
}

// Held is what a sub-line keeps from the owner's open credit.
func (s SubLine) Held() (uint64, error) {
	held, err := billingtypes.Add(s.Amount, s.Reserved)
	if err != nil {
		return 0, err
	}
	return billingtypes.Add(held, s.Reclaiming)
}
