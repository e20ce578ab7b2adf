package crowd

import (
	"sync"
	"time"

	"github.com/topnetwork/top/protocol/lattice"
)

// pause is the longest time in which no payment of a prefix's accounts came into a block, while it is watched.
type pause struct {
	of lattice.Prefix

	mu      sync.Mutex
	watched bool
	done    int
	since   time.Time
	longest time.Duration
}

// watch from now on.
func (p *pause) watch(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watched, p.since = true, now
}

// saw so many payments of them in blocks.
func (p *pause) saw(done int, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if done == p.done {
		return
	}
	if p.watched {
		p.longest = max(p.longest, now.Sub(p.since))
	}
	p.done, p.since = done, now
}

// end of the watch.
func (p *pause) end() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watched = false
	return p.longest
}
