package network

import "math"

// enter a height: the member whose turn it is proposes, and what has come already is worked at.
func (r *run) enter(shard, member int) {
	sh := r.shards[shard]
	seat := &sh.seats[member]
	seat.entered = true
	if (seat.height+sh.turn)%r.s.Members == member {
		r.propose(shard, member)
	}
	if b := sh.working[member]; b != nil {
		r.advance(shard, member, b)
	}
}

// propose a block of what this member has verified.
func (r *run) propose(shard, member int) {
	sh := r.shards[shard]
	seat := &sh.seats[member]
	b := &block{height: seat.height, proposer: member, by: make([]progress, r.s.Members)}
	bytes := headerBytes + commitBytes + signatureBytes*float64(r.s.Members)
	// Receipts go first, for half of a block at most: who waits for them has waited longer.
	room, n := maxBlockBytes/2.0, 0
	for _, d := range sh.inbox {
		if d.bytes > room && n > 0 {
			break
		}
		room -= d.bytes
		bytes += d.bytes
		b.receipts += d.count
		n++
	}
	b.deliveries, sh.inbox = sh.inbox[:n:n], sh.inbox[n:]
	r.fill(sh, seat, b, r.s.blockTransfers(r.c, bytes-headerBytes))
	b.bytes = int64(bytes + float64(b.count)*r.c.TransferBytes)
	sh.waiting -= b.count
	if sh.tip != nil {
		sh.tip.next = b
	}
	sh.tip = b
	for m := range sh.seats {
		if sh.working[m] == nil && sh.seats[m].height == b.height {
			sh.working[m] = b
		}
	}
	r.spread(shard, b)
	b.by[member].slices = b.slices
}

// fill a block with transfers in the order in which the member has verified them.
func (r *run) fill(sh *shard, seat *seat, b *block, room int) {
	kept := seat.pending[:0]
	for _, c := range seat.pending {
		if c.left == 0 {
			continue
		}
		if n := min(c.left, room); n > 0 {
			c.left -= n
			room -= n
			cross := 0
			if r.s.Shards > 1 {
				cross = sh.crossOf(n, r.s.Cross)
			}
			b.transfers = append(b.transfers, taken{cohort: c, count: n, cross: cross})
			b.count += n
			b.cross += cross
		}
		if c.left > 0 {
			kept = append(kept, c)
		}
	}
	clear(seat.pending[len(kept):])
	seat.pending = kept
}

// spread a block to all members. A small one goes from its proposer to each. Of a large one each member has a slice from the proposer and passes it on, as peers do who tell each other the parts that they have.
func (r *run) spread(shard int, b *block) {
	from, peers := r.hostOf(shard, b.proposer), r.s.Members-1
	parts := int(math.Ceil(float64(b.bytes) / partBytes))
	b.slices = max(1, min(parts, peers))
	if moment(float64(b.bytes)*float64(peers)*from.perByte) <= micros(r.s.World.quorumDelay()*1000) {
		b.slices = 1
	}
	for i := range peers {
		if b.slices > 1 && i == b.slices {
			break
		}
		to := (b.proposer + 1 + i) % r.s.Members
		r.add(event{at: from.send(r.now, b.sliceBytes()) + r.hop(from, r.hostOf(shard, to)), kind: sliced, shard: shard, member: to, from: b.proposer, block: b})
	}
	if b.slices == 1 && peers > 0 {
		from.send(r.now, int64(float64(b.bytes)*(r.a.PartCopies-1)))
	}
}

func (b *block) sliceBytes() int64 { return b.bytes / int64(b.slices) }

// slice of a block has come to a member's downlink.
func (r *run) slice(e event) {
	h := r.hostOf(e.shard, e.member)
	bytes := e.block.sliceBytes()
	done := h.receive(r.now, bytes)
	h.receive(r.now, int64(float64(bytes)*(r.a.PartCopies-1)))
	e.kind, e.at = received, done
	r.add(e)
}

// forward a slice that the proposer gave to this member alone.
func (r *run) forward(e event) {
	b := e.block
	if b.slices == 1 || e.from != b.proposer {
		return
	}
	from := r.hostOf(e.shard, e.member)
	for m := range r.s.Members {
		if m == e.member || m == b.proposer {
			continue
		}
		r.add(event{at: from.send(r.now, b.sliceBytes()) + r.hop(from, r.hostOf(e.shard, m)), kind: sliced, shard: e.shard, member: m, from: e.member, block: b})
	}
	from.send(r.now, int64(float64(b.sliceBytes())*(r.a.PartCopies-1)*float64(r.s.Members-2)))
}
