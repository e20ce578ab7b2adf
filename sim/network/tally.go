package network

import "math"

// histogram of times, in bins that are one percent wide each.
type histogram struct {
	bins  map[int]int
	total int
	least moment
}

const binsPerE = 100

func (h *histogram) add(t moment, weight int) {
	if weight <= 0 {
		return
	}
	if h.bins == nil {
		h.bins = map[int]int{}
	}
	if h.total == 0 || t < h.least {
		h.least = t
	}
	h.bins[int(math.Floor(math.Log(float64(max(1, t)))*binsPerE))] += weight
	h.total += weight
}

// percentile in milliseconds; 0 where there is nothing.
func (h *histogram) percentile(p float64) float64 {
	if h.total == 0 {
		return 0
	}
	low, high := math.MaxInt, math.MinInt
	for bin := range h.bins {
		low, high = min(low, bin), max(high, bin)
	}
	want, seen := int(math.Ceil(p/100*float64(h.total))), 0
	for bin := low; bin <= high; bin++ {
		if seen += h.bins[bin]; seen >= want {
			return math.Exp((float64(bin)+0.5)/binsPerE) / float64(millisecond)
		}
	}
	return math.Exp((float64(high)+0.5)/binsPerE) / float64(millisecond)
}

// tally of a run. Transfers are counted from its beginning, and again since counting began.
type tally struct {
	offered, refused, local, credited, sent int
	before                                  struct{ offered, refused, local, credited, sent int }
	confirm, cross, interval, lag           histogram
	blocks, deliveries                      int
	// waiting when counting began.
	waiting int
}

// start counting.
func (t *tally) start(r *run) {
	t.before.offered, t.before.refused, t.before.local, t.before.credited, t.before.sent = t.offered, t.refused, t.local, t.credited, t.sent
	for i := range r.hosts {
		h := &r.hosts[i]
		h.worked, h.sent, h.receivedBy = 0, 0, 0
	}
	for _, sh := range r.shards {
		t.waiting += sh.waiting
	}
}

func (t *tally) offer(_ *run, count, refused int) {
	t.offered += count
	t.refused += refused
}

// block that is committed: what does not cross is done, what has come is credited.
func (t *tally) block(r *run, sh *shard, b *block) {
	t.local += b.count - b.cross
	t.sent += b.cross
	t.credited += b.receipts
	if r.counting() {
		t.blocks++
		t.deliveries += len(b.deliveries)
		if sh.lastBlock > 0 {
			t.interval.add(r.now-sh.lastBlock, 1)
		}
		for _, d := range b.deliveries {
			t.cross.add(r.now-d.created, d.count)
		}
	}
	sh.lastBlock = r.now
}
