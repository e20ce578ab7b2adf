package hosting

import (
	"fmt"
	"time"
)

// State of a child.
type State string

// The states; README.md has them as a table.
const (
	Waiting  State = "waiting"
	Starting State = "starting"
	Syncing  State = "syncing"
	Running  State = "running"
	Stopping State = "stopping"
)

const (
	// firstPause before a child is started again, doubled each time it fails in a row, up to mostPause.
	firstPause = time.Second
	mostPause  = 5 * time.Minute
	// steady: a child that has answered and run for so long has not failed in a row.
	steady = time.Minute
	// patience with a child that has not answered yet, in stall timeouts: it may read or make a million accounts first.
	patience = 10
	// behind others by so many blocks is not the pace of gossip.
	behind = 2
)

// Health that a child tells of itself.
type Health struct {
	Height  int64
	Syncing bool
	// Missing hosts run the shard, too, and are not among its peers.
	Missing int
}

// record of a child: a pure state machine, which is told what happened and when.
type record struct {
	state  State
	height int64
	// err is why it does not run, or what was wrong last; empty while all is well.
	err string
	// starts of a process so far, failures in a row.
	starts, failures int
	missing          int
	// began is when the process did, rose when its height rose last, spoke when it answered last; zero while it has not.
	began, rose, spoke time.Time
	// until when a waiting one waits.
	until time.Time
}

func newRecord() record { return record{state: Waiting} }

// launched: a process runs.
func (r *record) launched(now time.Time) {
	r.state, r.starts = Starting, r.starts+1
	r.began, r.rose, r.spoke, r.until = now, now, time.Time{}, time.Time{}
}

// seen: it answers.
func (r *record) seen(now time.Time, h Health) {
	if h.Height != r.height || r.spoke.IsZero() {
		r.height, r.rose = h.Height, now
	}
	r.spoke, r.err, r.missing = now, "", h.Missing
	r.state = Running
	if h.Syncing || h.Height == 0 {
		r.state = Syncing
	}
}

// verdict tells why the process is to be started again, by the height that others have reached; nil while it is well.
func (r *record) verdict(now time.Time, others int64, stall time.Duration) error {
	switch {
	case r.spoke.IsZero():
		if now.Sub(r.began) > patience*stall {
			return fmt.Errorf("no answer for %s since its start", now.Sub(r.began).Round(time.Second))
		}
	case now.Sub(r.spoke) > stall:
		return fmt.Errorf("no answer for %s", now.Sub(r.spoke).Round(time.Second))
	case now.Sub(r.rose) > stall && others >= r.height+behind:
		return fmt.Errorf("no block after height %d for %s, others are at %d", r.height, now.Sub(r.rose).Round(time.Second), others)
	case now.Sub(r.rose) > stall && r.missing > 0:
		// It began before them, and they may have had no chance to hear of it.
		return fmt.Errorf("no block after height %d for %s, and %d hosts of the shard are not among its peers", r.height, now.Sub(r.rose).Round(time.Second), r.missing)
	}
	return nil
}

// ended: there is no process, or there could be none. It answers how long to wait before the next.
func (r *record) ended(now time.Time, why error) time.Duration {
	if r.state != Waiting && !r.spoke.IsZero() && now.Sub(r.began) >= steady {
		r.failures = 0
	}
	r.failures++
	pause := mostPause
	// More doublings than this are longer than the longest pause.
	if n := r.failures - 1; n < 16 {
		pause = min(firstPause<<n, mostPause)
	}
	r.state, r.err, r.until = Waiting, why.Error(), now.Add(pause)
	return pause
}

// stopping: it was told to end.
func (r *record) stopping() { r.state = Stopping }
