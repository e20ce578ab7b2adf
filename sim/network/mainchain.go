package network

// message to the main chain: what executing it takes, and its size.
type message struct {
	came  moment
	work  moment
	bytes float64
}

// mainChain takes messages into blocks, as many as a core executes in the time between two.
type mainChain struct {
	queue []message
	// asked of it since counting began: what executing takes, bytes, and messages.
	asked    moment
	bytes    float64
	messages int
	lag      histogram
}

// proofChecks is what a candidate's proof costs beside the transaction, in signatures: an ECVRF verification takes as long as three.
const proofChecks = 3

// beginMain makes shards, auditors and candidates speak to the main chain, each at its turn within the period.
func (r *run) beginMain() {
	every := func(period float64, count int, k kind) {
		for i := range count {
			r.add(event{at: moment(period * float64(second) * (float64(i) + 0.5) / float64(count)), kind: k, shard: i})
		}
	}
	every(r.s.Anchor, r.s.Shards, anchors)
	every(r.s.Epoch, r.s.Shards, rotates)
	every(r.s.Audit, r.s.AuditHosts(), reports)
	r.add(event{at: r.mainInterval(), kind: mainBlock})
}

// mainInterval between two blocks of the main chain: its pause and three rounds of messages.
func (r *run) mainInterval() moment {
	return micros((r.s.MainPause + 3*r.s.World.quorumDelay()) * 1000)
}

func (r *run) mainEvent(e event) {
	c, n := r.c, float64(r.s.Members)
	tell := func(us, bytes float64) {
		r.main.queue = append(r.main.queue, message{came: r.now, work: micros(us), bytes: bytes})
		if r.counting() {
			r.main.asked += micros(us)
			r.main.bytes += bytes
			r.main.messages++
		}
	}
	header := headerBytes + commitBytes + signatureBytes*n
	switch e.kind {
	case anchors:
		// A router puts the headers of several shards into one transaction.
		share := 1 / float64(r.s.AnchorsPerTx)
		tell(c.withCommit(r.s.Members)-c.SDK*(1-share), header+txBytes*share)
		e.at = r.now + moment(r.s.Anchor*float64(second))
	case reports:
		tell(c.SDK+c.Check, txBytes+auditBytes*float64(min(r.s.ZoneShards, r.s.Shards)))
		e.at = r.now + moment(r.s.Audit*float64(second))
	case rotates:
		for range 2 {
			tell(c.withCommit(r.s.Members), header+txBytes)
		}
		// Proofs of candidates, spread over shards to be spread over the epoch.
		share := float64(r.s.Candidates) / float64(r.s.Shards)
		tell(share*(c.SDK+proofChecks*c.Check), share*c.ProofBytes)
		e.at = r.now + moment(r.s.Epoch*float64(second))
	case mainBlock:
		e.at = r.now + r.mainTake()
	}
	r.add(e)
}

// mainTake the next block's messages; it answers when the block after it comes.
func (r *run) mainTake() moment {
	m, interval := &r.main, r.mainInterval()
	var work moment
	bytes, n := 0.0, 0
	for n < len(m.queue) && work < interval && bytes < maxBlockBytes {
		next := m.queue[n]
		work += next.work
		bytes += next.bytes
		n++
		if r.counting() {
			m.lag.add(r.now+next.work-next.came, 1)
		}
	}
	m.queue = m.queue[n:]
	return max(interval, work)
}

// epochBurst is how long one core executes what an epoch's end brings at once, in seconds: two headers of each shard.
func (s Scenario) epochBurst(c Constants) float64 {
	return 2 * float64(s.Shards) * c.withCommit(s.Members) / 1e6
}

// JoinBytes that a member loads when it joins a shard: its accounts.
func (s Scenario) JoinBytes(c Constants) float64 {
	return s.Accounts / float64(s.Shards) * c.BytesPerAccount
}
