package voucher

// Float is how far a provider lets the cost run ahead of the ticks, in utop: one tick at first, × 4/3 (rounded up) after each paid round, never above limit.
// Trust grows with what was paid; the factor is that of Mysterium's invoices. Any arguments are safe: the sum cannot overflow and at most 155 rounds count.
func Float(tick, limit, rounds uint64) uint64 {
	if tick == 0 || tick >= limit {
		return min(tick, limit)
	}
	f := tick
	for range rounds {
		// ⌈f / 3⌉, so that a float of 1 grows too.
		step := (f-1)/3 + 1
		if limit-f <= step {
			return limit
		}
		f += step
	}
	return f
}
