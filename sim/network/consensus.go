package network

import "github.com/topnetwork/top/protocol/committee"

// advance a member as far as it can go with the block of its height: check and prevote, precommit, decide, write.
func (r *run) advance(shard, member int, b *block) {
	sh := r.shards[shard]
	seat, p := &sh.seats[member], &b.by[member]
	if !seat.entered || sh.working[member] != b {
		return
	}
	quorum := committee.Quorum(r.s.Members)
	if !p.checking && p.slices >= b.slices {
		p.checking = true
		done := r.hostOf(shard, member).work(r.now, micros(r.a.Verify*r.fast(b)+r.a.BlockWork/2), r.pieces)
		r.add(event{at: done, kind: checked, shard: shard, member: member, block: b})
	}
	if p.checked && !p.precommitted && p.prevotes >= quorum {
		p.precommitted = true
		p.precommits++
		r.broadcast(shard, member, precommitted, b)
	}
	if p.checked && !p.decided && p.precommits >= quorum {
		p.decided, p.decidedAt = true, r.now
	}
	if p.decided && p.executed && !p.writing {
		p.writing = true
		done := r.hostOf(shard, member).work(r.now, micros(r.a.Commit*r.fast(b)+r.a.BlockWork/2), r.pieces)
		r.add(event{at: done, kind: committed, shard: shard, member: member, block: b})
	}
}

// fast is the CPU time in microseconds that the transfers and receipts of a block take of a member, all stages together.
func (r *run) fast(b *block) float64 {
	return r.c.PerMember(r.s.Members)*float64(b.count) + r.c.PerReceipt(r.s.Members)*float64(b.receipts)
}

// prevote for a block that is checked, and execute it before it is decided: nobody votes for two.
func (r *run) prevote(shard, member int, b *block) {
	b.by[member].prevotes++
	r.broadcast(shard, member, prevoted, b)
	if len(b.deliveries) == 0 {
		r.execute(shard, member, b)
	} else {
		// The slow side executes one transaction after the other; half of what one costs is before that, when it comes.
		done := r.hostOf(shard, member).work(r.now, micros(float64(len(b.deliveries))*r.c.withCommit(r.s.Members)/2), 1)
		r.add(event{at: done, kind: settled, shard: shard, member: member, block: b})
	}
	r.advance(shard, member, b)
}

func (r *run) execute(shard, member int, b *block) {
	done := r.hostOf(shard, member).work(r.now, micros(r.a.Execute*r.fast(b)), r.pieces)
	r.add(event{at: done, kind: executed, shard: shard, member: member, block: b})
}

// broadcast a vote to all other members.
func (r *run) broadcast(shard, member int, k kind, b *block) {
	from := r.hostOf(shard, member)
	for m := range r.s.Members {
		if m == member {
			continue
		}
		r.add(event{at: from.urge(r.now, int64(voteBytes*r.a.VoteCopies)) + r.hop(from, r.hostOf(shard, m)), kind: k, shard: shard, member: m, from: member, block: b})
	}
}

// vote that has come is verified, and all peers are told that it has.
func (r *run) vote(e event) {
	h := r.hostOf(e.shard, e.member)
	h.slip(r.now, micros(r.c.Check))
	h.receivedBy += int64(voteBytes*r.a.VoteCopies) + hasVoteBytes*int64(r.s.Members-1)
	h.sent += hasVoteBytes * int64(r.s.Members-1)
}

// close a block that a member has written. The first member to do so makes it known to auditors and routers.
func (r *run) close(shard, member int, b *block) {
	sh := r.shards[shard]
	if !b.committed {
		b.committed, b.committedAt = true, r.now
		r.tally.block(r, sh, b)
		if sh.outbox != nil {
			r.route(shard, sh.outbox)
		}
		sh.outbox = b
		r.copy(shard, b)
	}
	if r.counting() {
		h := r.hostOf(shard, member)
		for _, t := range b.transfers {
			if t.cohort.entry == member {
				r.tally.confirm.add(r.now-t.cohort.created+r.client(h), t.count-t.cross)
			}
		}
	}
	seat := &sh.seats[member]
	seat.height++
	seat.entered = false
	sh.working[member] = b.next
	r.add(event{at: max(r.now, b.by[member].decidedAt+micros(r.s.Pause*1000)), kind: entered, shard: shard, member: member})
}
