package sortition

import (
	"cmp"
	"fmt"
	"slices"
)

// Committee is what an election has to fill.
type Committee struct {
	// Name is the chain it runs, or another name that no other committee has.
	Name string
	// Size is the number of seats, Standbys how many are drawn beyond.
	Size, Standbys int
	// Sitting are the members up to now, in any order; none for a new committee.
	Sitting []string
}

// Election of a committee for one epoch.
type Election struct {
	Committee Committee
	// Epoch in which the elected sit: two after the one in which the seed was made.
	Epoch uint64
	Seed  Seed
	// Candidates were snapshotted before the seed was made; whoever gave no proof is not among them.
	Candidates []Candidate
	// Exclude names who may not be drawn here, for another duty.
	Exclude []string
}

// Outcome of an election. All lists but Standbys are in ascending order.
type Outcome struct {
	Members []string
	// Standbys are in the order in which they take a seat that falls vacant.
	Standbys []string
	// Joined and Left compare Members with who sat before.
	Joined, Left []string
	// Held sit on although they are no candidates any more: too many retired at once.
	Held []string
	// Kept: too few candidates, everyone sits on.
	Kept bool
}

// Rotation is how many of n members may leave, and how many may join, from one epoch to the next.
func Rotation(n int) int { return max(1, n/6) }

// Run draws the committee. A new one is drawn as a whole. In a sitting one a sixth of the seats, those of retired members first and others by equal lot, fall vacant and
// are drawn by weight among all who do not sit then; who just left may be drawn again. docs/adr/010 says why that keeps seats in proportion to stake.
func (e Election) Run() (Outcome, error) {
	eligible, err := e.eligible()
	if err != nil {
		return Outcome{}, err
	}
	c := e.Committee
	sitting := slices.Sorted(slices.Values(c.Sitting))
	active, retired := []string{}, []string{}
	for _, m := range sitting {
		if contains(eligible, m) {
			active = append(active, m)
		} else {
			retired = append(retired, m)
		}
	}
	out := Outcome{Held: []string{}}
	stay, seats := sitting, 0
	switch {
	case len(eligible) < c.Size && len(sitting) == 0:
		return Outcome{}, fmt.Errorf("%w: committee %s needs %d, there are %d; lower its size or wait for more", ErrTooFew, c.Name, c.Size, len(eligible))
	case len(eligible) < c.Size:
		out.Kept, out.Held = true, retired
	case len(sitting) == 0:
		seats = c.Size
	default:
		stay, seats, out.Held = e.vacate(active, retired)
	}
	stay = slices.Sorted(slices.Values(stay))
	pool := slices.DeleteFunc(eligible, func(c Candidate) bool {
		_, stays := slices.BinarySearch(stay, c.Operator)
		return stays
	})
	drawn, err := draw(drawStream(purposeJoin, c.Name, e.Epoch, e.Seed), pool, seats+c.Standbys)
	if err != nil {
		return Outcome{}, err
	}
	out.Members = slices.Sorted(slices.Values(slices.Concat(stay, drawn[:seats])))
	out.Standbys = drawn[seats:]
	out.Joined, out.Left = without(out.Members, sitting), without(sitting, out.Members)
	return out, nil
}

// vacate decides who stays, how many seats are to be drawn, and who of the retired is held because more retired than may leave. At most Rotation leave and at most
// Rotation join, so that five sixths of either committee are in the other (of fewer than six members all but one).
func (e Election) vacate(active, retired []string) (stay []string, seats int, held []string) {
	size, sat := e.Committee.Size, len(active)+len(retired)
	limit := Rotation(sat)
	stream := drawStream(purposeLeave, e.Committee.Name, e.Epoch, e.Seed)
	gone := min(len(retired), limit)
	held = lot(stream, retired, len(retired)-gone)
	// Seats that are new count against the rotation: growth comes before change.
	voluntary := max(0, limit-gone-max(0, size-sat))
	stay = append(lot(stream, active, len(active)-voluntary), held...)
	return stay, max(0, min(limit, size-len(stay))), held
}

// lot keeps k of the names, each set of k with the same chance, in ascending order. Nothing is drawn when all are kept.
func lot(stream *Stream, names []string, k int) []string {
	if k >= len(names) {
		return slices.Clone(names)
	}
	line := make([]Candidate, len(names))
	for i, n := range names {
		line[i] = Candidate{Operator: n, Weight: 1}
	}
	// Weights of 1 cannot overflow.
	kept, _ := draw(stream, line, max(0, k))
	slices.Sort(kept)
	return kept
}

// eligible returns the candidates that can be drawn, in canonical order, and checks the election's bounds.
func (e Election) eligible() ([]Candidate, error) {
	c := e.Committee
	if err := checkName("committee", c.Name); err != nil {
		return nil, err
	}
	if c.Size < 1 || c.Size > MaxSize || c.Standbys < 0 || c.Standbys > MaxSize || len(c.Sitting) > MaxSize {
		return nil, fmt.Errorf("%w: committee %s has %d seats, %d standbys, %d sitting members; want 1 to %d seats, 0 to %d of the others",
			ErrMalformed, c.Name, c.Size, c.Standbys, len(c.Sitting), MaxSize, MaxSize)
	}
	if sitting := slices.Sorted(slices.Values(c.Sitting)); len(slices.Compact(sitting)) != len(c.Sitting) {
		return nil, fmt.Errorf("%w: a member of committee %s", ErrDuplicate, c.Name)
	}
	sorted, err := canonical(e.Candidates)
	if err != nil {
		return nil, err
	}
	excluded := slices.Sorted(slices.Values(e.Exclude))
	return slices.DeleteFunc(sorted, func(c Candidate) bool {
		_, found := slices.BinarySearch(excluded, c.Operator)
		return found || c.Weight == 0
	}), nil
}

func contains(sorted []Candidate, name string) bool {
	_, found := slices.BinarySearchFunc(sorted, name, func(c Candidate, n string) int { return cmp.Compare(c.Operator, n) })
	return found
}

// without returns the names of a that are not in b; b is in ascending order.
func without(a, b []string) []string {
	rest := []string{}
	for _, n := range a {
		if _, found := slices.BinarySearch(b, n); !found {
			rest = append(rest, n)
		}
	}
	return rest
}
