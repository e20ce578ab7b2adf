package types

import (
	"math/bits"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/issuance"
)

// NewYear is a year of protocol/issuance.
func NewYear(y issuance.Year) Year {
	return Year{Number: y.Number, ReserveUtop: y.Reserve, Utop: y.Utop, Nanos: y.Nanos, ElapsedNanos: y.Elapsed}
}

// Rule is the year as protocol/issuance takes it.
func (y Year) Rule() issuance.Year {
	return issuance.Year{Number: y.Number, Reserve: y.ReserveUtop, Utop: y.Utop, Nanos: y.Nanos, Elapsed: y.ElapsedNanos}
}

func (y Year) check() error {
	if y.Utop > issuance.Ceiling || y.Nanos < issuance.MinYearNanos || y.Nanos > issuance.MaxYearNanos || y.ElapsedNanos > y.Nanos {
		return errorsmod.Wrapf(ErrInvalid, "year %d issues %d utop in %d ns of which %d are over", y.Number, y.Utop, y.Nanos, y.ElapsedNanos)
	}
	return nil
}

// Issued since the beginning, in utop.
func (c Clock) Issued() uint64 { return c.IssuedBefore + c.Year.Rule().Issued() }

// parts of a split, in the order of its fields.
func (s *Split) parts() []*uint64 {
	return []*uint64{&s.Miners, &s.Voters, &s.Community, &s.Auditors, &s.Edge, &s.Archive, &s.Unearned}
}

// Add another split. Sums stay below protocol/issuance.Ceiling.
func (s *Split) Add(other Split) {
	for i, part := range s.parts() {
		*part += *other.parts()[i]
	}
}

// Paid to miners and voters; Pool is what the community pool has.
func (s Split) Paid() uint64 { return s.Miners + s.Voters }

// Pool is what went to the community pool.
func (s Split) Pool() uint64 { return s.Community + s.Auditors + s.Edge + s.Archive + s.Unearned }

// Sum of the parts.
func (s Split) Sum() (uint64, error) {
	var sum, carry uint64
	for _, part := range s.parts() {
		if sum, carry = bits.Add64(sum, *part, 0); carry != 0 {
			return 0, errorsmod.Wrap(ErrInvalid, "the parts of a split sum to more than 64 bits")
		}
	}
	return sum, nil
}
