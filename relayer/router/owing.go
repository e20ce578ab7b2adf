package router

import "time"

// owing is what one end has taken and the other was not told of. It is a hint: what is told twice counts once.
type owing struct {
	// owed is since when there is something to confirm; confirmed is the height of the confirmation that was handed over last.
	owed        time.Time
	confirmed   uint64
	confirmedAt time.Time
}

// due tells whether it is time to confirm: after so long, or so many batches.
func (o *owing) due(taken, known, arrived uint64, cfg Config, now time.Time) bool {
	if taken <= max(known, o.awaited(now)) {
		o.owed = time.Time{}
		return false
	}
	if o.owed.IsZero() {
		o.owed = now
	}
	return arrived >= cfg.ConfirmBatches || now.Sub(o.owed) >= cfg.Confirm
}

// awaited is the height up to which the other end was told a moment ago; what it has not heard of in time it is told again.
func (o *owing) awaited(now time.Time) uint64 {
	if now.Sub(o.confirmedAt) > patience {
		o.confirmed = 0
	}
	return o.confirmed
}

// tell the other end up to a height.
func (o *owing) tell(height uint64, now time.Time) {
	o.confirmed, o.confirmedAt, o.owed = height, now, time.Time{}
}
