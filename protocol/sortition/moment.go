package sortition

// Moment of the main chain: a height, and the time of its block in nanoseconds since 1970. Both only rise.
type Moment struct{ Height, Time int64 }

// Before tells whether m lies before n by height and by time: what another chain knows of the height may be old, and clocks differ.
func (m Moment) Before(n Moment) bool { return m.Height < n.Height && m.Time < n.Time }

// FirstAfter tells whether a seed is the first of those that are published whose sealing began after m, so that nobody could foretell it then. previous is when the
// sealing of the published seed before it began, the zero moment where there is none. Exactly one seed answers true, whoever brings it and whenever it arrives.
func FirstAfter(m, previous, sealing Moment) bool { return m.Before(sealing) && !m.Before(previous) }
