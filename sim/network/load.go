package network

// arrive takes what clients have sent to a shard during a tick, by one of its members.
func (r *run) arrive(e event) {
	sh := r.shards[e.shard]
	r.add(event{at: r.now + tick, kind: arrives, shard: e.shard})
	count := poisson(r.rng, r.s.Rate/float64(r.s.Shards)*float64(tick)/float64(second))
	room := max(0, r.s.Waiting-sh.waiting)
	if r.s.Closed {
		count = room
	}
	r.tally.offer(r, count, max(0, count-room))
	count = min(count, room)
	sh.waiting += count
	for count > 0 {
		n := min(count, chunk)
		count -= n
		entry := r.rng.IntN(r.s.Members)
		h := r.hostOf(e.shard, entry)
		// A transfer of this tick was sent half a tick ago, and came by a link of its region.
		c := &cohort{entry: entry, created: r.now - tick/2 - r.client(h), left: n}
		if outside := micros(r.s.Outside * float64(n)); outside > 0 {
			h.work(r.now, outside, 1)
			h.worked -= outside
		}
		h.receivedBy += int64(float64(n) * r.c.TransferBytes)
		r.verify(e.shard, entry, c, n)
	}
}

// verify a cohort at a member.
func (r *run) verify(shard, member int, c *cohort, count int) {
	done := r.hostOf(shard, member).work(r.now, micros(r.a.Ingest*r.c.PerMember(r.s.Members)*float64(count)), 1)
	r.add(event{at: done, kind: verified, shard: shard, member: member, from: count, cohort: c})
}

// accept a cohort that is verified. The member that had it from clients tells all others: who is told verifies before it goes into a block.
func (r *run) accept(e event) {
	seat := &r.shards[e.shard].seats[e.member]
	seat.pending = append(seat.pending, e.cohort)
	if e.member != e.cohort.entry {
		return
	}
	from := r.hostOf(e.shard, e.member)
	bytes := int64(float64(e.from) * r.c.TransferBytes)
	for m := range r.s.Members {
		if m == e.member {
			continue
		}
		to := r.hostOf(e.shard, m)
		r.add(event{at: from.send(r.now, bytes) + r.delay(from, to), kind: gossiped, shard: e.shard, member: m, from: e.from, cohort: e.cohort})
	}
}

// ingest what another member tells.
func (r *run) ingest(e event) {
	h := r.hostOf(e.shard, e.member)
	h.receive(r.now, int64(float64(e.from)*r.c.TransferBytes))
	r.verify(e.shard, e.member, e.cohort, e.from)
}
