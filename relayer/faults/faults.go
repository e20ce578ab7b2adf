// Package faults keeps a log readable while something is broken: each fault is told once, until it is over.
package faults

import (
	"regexp"
	"sync"
)

// maxTold faults are remembered per subject; beyond that some are told again.
const maxTold = 32

// figures of a text: heights, ages and hashes change from try to try, the fault does not.
var figures = regexp.MustCompile(`[0-9A-Fa-f]{16,}|[0-9]+`)

// Told are the faults of which the log knows. The zero value knows of none.
type Told struct {
	mu   sync.Mutex
	told map[string]map[string]bool
}

// News tells whether a subject fails in a way in which it has not failed since it last worked; err is nil when it works.
func (t *Told) News(subject string, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		delete(t.told, subject)
		return false
	}
	if t.told == nil {
		t.told = map[string]map[string]bool{}
	}
	known := t.told[subject]
	if known == nil || len(known) >= maxTold {
		known = map[string]bool{}
		t.told[subject] = known
	}
	cause := figures.ReplaceAllString(err.Error(), "#")
	news := !known[cause]
	known[cause] = true
	return news
}
