package sortition

import (
	"cmp"
	"fmt"
	"slices"
)

const (
	// MaxName bounds the names of operators and committees, in bytes.
	MaxName = 128
	// MaxCandidates and MaxSize bound the work of one election.
	MaxCandidates = 100_000
	MaxSize       = 10_000
)

// Candidate is an operator that may be drawn: its account in its one spelling, its comprehensive stake (protocol/stake). Weight 0 is never drawn.
type Candidate struct {
	Operator string
	Weight   uint64
}

// Top keeps the k candidates with the highest weights; of equal ones those whose name comes first. The order of its argument does not matter.
func Top(candidates []Candidate, k int) []Candidate {
	sorted := slices.SortedFunc(slices.Values(candidates), func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Operator, b.Operator))
	})
	return sorted[:max(0, min(k, len(sorted)))]
}

// canonical returns the candidates in ascending order of their names' bytes, which is their order on the line.
func canonical(candidates []Candidate) ([]Candidate, error) {
	if len(candidates) > MaxCandidates {
		return nil, fmt.Errorf("%w: %d candidates, at most %d; take the Top ones", ErrMalformed, len(candidates), MaxCandidates)
	}
	sorted := slices.SortedFunc(slices.Values(candidates), func(a, b Candidate) int { return cmp.Compare(a.Operator, b.Operator) })
	for i, c := range sorted {
		if err := checkName("operator", c.Operator); err != nil {
			return nil, err
		}
		if i > 0 && sorted[i-1].Operator == c.Operator {
			return nil, fmt.Errorf("%w: candidate %s", ErrDuplicate, c.Operator)
		}
	}
	return sorted, nil
}

func checkName(what, name string) error {
	if len(name) == 0 || len(name) > MaxName {
		return fmt.Errorf("%w: the name of a %s has %d bytes, want 1 to %d", ErrMalformed, what, len(name), MaxName)
	}
	return nil
}

// Purposes of draws. Each has a stream of its own, so that one draw says nothing about another.
const (
	purposeSealers = "sealers"
	purposeLeave   = "leave"
	purposeJoin    = "join"
)

// drawStream is the stream of one draw: for a purpose, a committee, an epoch.
func drawStream(purpose, committee string, epoch uint64, seed Seed) *Stream {
	return NewStream(newEncoder(domainDraw).str(purpose).str(committee).u64(epoch).seed(seed).hash())
}

// draw picks up to k of the candidates by weight, in the order drawn.
func draw(stream *Stream, candidates []Candidate, k int) ([]string, error) {
	weights := make([]uint64, len(candidates))
	for i, c := range candidates {
		weights[i] = c.Weight
	}
	tree, err := NewTree(weights)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, i := range tree.Draw(stream, k) {
		names = append(names, candidates[i].Operator)
	}
	return names, nil
}
