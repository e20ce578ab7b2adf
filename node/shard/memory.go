package shard

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A block leaves much behind that is short-lived, and the accounts are what stays: the collector runs when so much has come on top of them, however many there are, and not when there is twice as much.
const (
	headroom                  = 256 << 20
	leastPercent, mostPercent = 40, 400
	headroomPeriod            = 20 * time.Second
	// startPercent until the accounts are there: making or reading them leaves behind several times what stays.
	startPercent = 50
)

// collect keeps the collector's headroom until the context ends, unless GOGC says otherwise.
func collect(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(startPercent)
	ticker := time.NewTicker(headroomPeriod)
	defer ticker.Stop()
	last, first := startPercent, true
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if first {
				// What genesis or the reading of a million accounts left behind goes back to the system.
				debug.FreeOSMemory()
				first = false
			}
			sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
			metrics.Read(sample)
			// Setting it stops the world and starts a collection: small changes are not worth that.
			if next := collectAt(sample[0].Value.Uint64()); next > last+last/4 || next < last-last/4 {
				debug.SetGCPercent(next)
				last = next
			}
		}
	}
}

// collectAt this growth in percent of what lives.
func collectAt(live uint64) int {
	return int(min(max(100*headroom/max(live, 1), leastPercent), mostPercent))
}
