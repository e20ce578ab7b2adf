package router

import "time"

const (
	// maxBatches and maxBytes for one ledger that are handed over and not taken: a shard's pool is for all of its sources.
	maxBatches = 64
	maxBytes   = 16 << 20
	// patience with what was handed over and is not in the state: a pool forgets it when its node ends, or after a hundred blocks.
	patience = 5 * time.Second
)

// flight of a batch.
type flight struct {
	height uint64
	size   int
}

// flights are the batches that were handed over to a destination. They are hints: what is handed over twice is taken once.
type flights struct {
	// taken by the state when it was looked at last, and since when; flying are batches beyond it that were handed over.
	taken  uint64
	since  time.Time
	flying []flight
	// arrived batches since they were confirmed last.
	arrived uint64
}

// landed notes how far the destination has taken batches, and answers after which height the next one is. What does not arrive in time is handed over again.
func (f *flights) landed(taken uint64, now time.Time) uint64 {
	if taken != f.taken || f.since.IsZero() || len(f.flying) == 0 {
		f.taken, f.since = taken, now
	}
	if now.Sub(f.since) > patience {
		f.flying, f.since = nil, now
	}
	for len(f.flying) > 0 && f.flying[0].height <= taken {
		f.flying = f.flying[1:]
		f.arrived++
	}
	if n := len(f.flying); n > 0 {
		return f.flying[n-1].height
	}
	return taken
}

// room for further batches in flight, and bytes of those that are.
func (f *flights) room() (batches, bytes int) {
	for _, one := range f.flying {
		bytes += one.size
	}
	if bytes >= maxBytes {
		return 0, bytes
	}
	return max(0, maxBatches-len(f.flying)), bytes
}
