package network

import "sort"

// route the receipts of a block, which the next one has just proven: one delivery for each shard that has some.
func (r *run) route(shard int, b *block) {
	shards := r.s.deliveredTo(b.cross)
	if shards == 0 {
		return
	}
	sums, sum := make([]int, len(b.transfers)), 0
	for i, t := range b.transfers {
		sum += t.cross
		sums[i] = sum
	}
	offset, each, more := r.rng.IntN(r.s.Shards-1), b.cross/shards, b.cross%shards
	for i := range shards {
		count := each
		if i < more {
			count++
		}
		to := (shard + 1 + (offset+i)%(r.s.Shards-1)) % r.s.Shards
		// Of the receipts of a delivery one is followed, any with the same chance.
		which := r.rng.IntN(b.cross)
		one := b.transfers[sort.SearchInts(sums, which+1)].cohort
		d := &delivery{count: count, created: one.created, bytes: provenBytes(r.s.Members) + receiptBytes*float64(count)}
		entry := r.rng.IntN(r.s.Members)
		source, dest := r.hostOf(shard, r.rng.IntN(r.s.Members)), r.hostOf(to, entry)
		// A router is as far away as another host: it looks now and then, asks for the proof, and hands it in.
		look := r.stagger(micros(r.s.Router * 1000))
		router := &r.hosts[r.rng.IntN(r.s.Hosts)]
		left := source.send(r.now, int64(d.bytes))
		r.add(event{at: left + look + 2*r.delay(source, router) + r.delay(router, dest), kind: delivered, shard: to, member: entry, batch: d})
	}
}

// deliver receipts: the member that has them tells the others, and all check them.
func (r *run) deliver(e event) {
	sh, d := r.shards[e.shard], e.batch
	if d.hops == 0 && r.s.Members > 1 {
		from := r.hostOf(e.shard, e.member)
		left := from.send(r.now, int64(d.bytes)*int64(r.s.Members-1))
		d.hops++
		e.at = left + micros(r.s.World.quorumDelay()*1000)
		r.add(e)
		return
	}
	cost := micros(r.a.Ingest*r.c.PerReceipt(r.s.Members)*float64(d.count) + r.c.withCommit(r.s.Members)/2)
	for m := range sh.seats {
		h := r.hostOf(e.shard, m)
		h.receivedBy += int64(d.bytes)
		h.work(r.now, cost, 1)
	}
	sh.inbox = append(sh.inbox, d)
}

// copy a block to the auditors of its shard's zone.
func (r *run) copy(shard int, b *block) {
	first := r.s.Hosts + r.shards[shard].zone*r.s.Auditors
	for a := range r.s.Auditors {
		from, to := r.hostOf(shard, r.rng.IntN(r.s.Members)), &r.hosts[first+a]
		r.add(event{at: from.send(r.now, b.bytes) + r.delay(from, to), kind: copied, shard: shard, member: first + a, block: b})
	}
}

// reexecute a block as an auditor: signatures, transfers and receipts are checked as in a shard of one member.
func (r *run) reexecute(e event) {
	h, b := &r.hosts[e.member], e.block
	got := h.receive(r.now, b.bytes)
	work := r.c.PerMember(1)*float64(b.count) + r.c.PerReceipt(1)*float64(b.receipts) + r.c.withCommit(r.s.Members)*float64(len(b.deliveries)+1) + r.a.BlockWork
	r.add(event{at: h.work(got, micros(work), r.pieces), kind: audited, shard: e.shard, member: e.member, block: b})
}
