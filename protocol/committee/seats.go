package committee

import "slices"

// Line is who may sit until the next election.
type Line struct {
	// Seats that the election gave.
	Seats int
	// Members have a seat; Standbys take vacant ones in this order.
	Members, Standbys []string
}

// Fill answers who sits next, and what is left of the line. Members that are able keep their seats; each other seat goes to the next able standby. Who loses a seat is out
// until the next election: one that comes and goes would change the set at its will. A standby that is not able keeps its place. When nobody is able, those who sit stay,
// and so does the line: an empty committee could never make the block that ends it.
func (l Line) Fill(sitting []string, able func(operator string) bool) ([]string, Line) {
	rest := Line{Seats: l.Seats, Members: []string{}, Standbys: []string{}}
	for _, m := range l.Members {
		if able(m) {
			rest.Members = append(rest.Members, m)
		}
	}
	for _, s := range l.Standbys {
		switch {
		case slices.Contains(rest.Members, s):
		case len(rest.Members) < l.Seats && able(s):
			rest.Members = append(rest.Members, s)
		default:
			rest.Standbys = append(rest.Standbys, s)
		}
	}
	if len(rest.Members) == 0 {
		return sitting, l
	}
	return rest.Members, rest
}

// Kept is the line of an epoch whose election could not be held, with the members and standbys that it names: everyone sits on. Who is a member by it and lost the seat comes first
// to a vacant one, for it may be long until an election is held; then its standbys, or, where it has none, those of before.
func (l Line) Kept(members, standbys []string) Line {
	if len(standbys) == 0 {
		standbys = l.Standbys
	}
	kept := Line{Seats: max(len(members), len(l.Members)), Members: l.Members, Standbys: []string{}}
	for _, name := range slices.Concat(members, standbys) {
		if !slices.Contains(kept.Members, name) && !slices.Contains(kept.Standbys, name) {
			kept.Standbys = append(kept.Standbys, name)
		}
	}
	return kept
}
