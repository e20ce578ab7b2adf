package session

import (
	"slices"
	"time"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// window is how many round trips the percentiles look back on.
const window = 256

// quality is what the client measured of a session.
type quality struct {
	samples, failures uint32
	trips             []uint32
}

func (s *Session) sample(d time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &s.quality
	q.samples++
	if err != nil {
		// A refusal for want of payment is the client's failure and not the provider's.
		if c := refusal.Code(err); c == "" || c == refusal.Unavailable {
			q.failures++
		}
		return
	}
	q.trips = append(q.trips, uint32(min(d.Microseconds(), int64(^uint32(0)))))
	if len(q.trips) > window {
		q.trips = q.trips[1:]
	}
}

func (q *quality) figures() *voucher.Quality {
	f := &voucher.Quality{Samples: q.samples, Failures: q.failures}
	if n := len(q.trips); n > 0 {
		sorted := slices.Clone(q.trips)
		slices.Sort(sorted)
		f.RttP50Us, f.RttP95Us = sorted[n/2], sorted[min(n-1, n*95/100)]
	}
	return f
}
