package issuance

import "fmt"

// Parts of what is issued, by whom they are for: as shares in 1/10,000, or as amounts in utop.
type Parts struct {
	// Miners are paid by work done, Voters by the stake behind those who worked.
	Miners, Voters uint64
	Community      uint64
	// Roles that do not exist yet.
	Auditors, Edge, Archive uint64
}

// Sum of the parts.
func (p Parts) Sum() uint64 {
	return p.Miners + p.Voters + p.Community + p.Auditors + p.Edge + p.Archive
}

// CheckShares tells whether the parts are shares of a whole.
func (p Parts) CheckShares() error {
	for _, share := range []uint64{p.Miners, p.Voters, p.Community, p.Auditors, p.Edge, p.Archive} {
		if share > Whole {
			return fmt.Errorf("%w: %d/10,000, want at most %d", ErrShares, share, Whole)
		}
	}
	if sum := p.Sum(); sum != Whole {
		return fmt.Errorf("%w: they sum to %d/10,000, want %d", ErrShares, sum, Whole)
	}
	return nil
}

// Split an amount by shares. Every part is rounded down, and the community has the remainder, so the parts sum to the amount.
func (p Parts) Split(utop uint64) Parts {
	part := func(share uint64) uint64 { return scale(utop, share, Whole) }
	out := Parts{Miners: part(p.Miners), Voters: part(p.Voters), Auditors: part(p.Auditors), Edge: part(p.Edge), Archive: part(p.Archive)}
	out.Community = utop - out.Sum()
	return out
}

// Member that was due to sign a block.
type Member struct {
	// Signed: its precommit is in the commit.
	Signed bool
	// Tokens that stand behind it, in utop. All members' together are less than 2^64.
	Tokens uint64
}

// Pay of a member, in utop.
type Pay struct{ Work, Dividend uint64 }

// Wages of those who were due: who signed has an equal part of miners for the work, and of voters as much as its tokens are of all tokens of those who were due. What others could have
// had is nobody's, or a proposer would gain by leaving precommits out; so is what rounding leaves.
func Wages(miners, voters uint64, due []Member) []Pay {
	var tokens uint64
	for _, m := range due {
		tokens += m.Tokens
	}
	pay := make([]Pay, len(due))
	for i, m := range due {
		if m.Signed {
			pay[i] = Pay{Work: miners / uint64(len(due)), Dividend: scale(voters, m.Tokens, tokens)}
		}
	}
	return pay
}
