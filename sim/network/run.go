package network

import (
	"math"
	"math/rand/v2"
)

// tick in which transfers come together: members tell each other of new ones that often (node/shard, gossipInterval).
const tick = 20 * millisecond

// chunk of transfers that is verified together at most: the batch route's.
const chunk = 500

// run of a scenario.
type run struct {
	queue
	s      Scenario
	c      Constants
	a      Assumptions
	rng    *rand.Rand
	hosts  []host
	shards []*shard
	main   mainChain
	// counting from this moment on.
	from   moment
	pieces int
	tally  tally
}

// Play a scenario.
func Play(s Scenario, c Constants, a Assumptions) (Outcome, error) {
	r, err := play(s, c, a)
	if err != nil {
		return Outcome{}, err
	}
	return r.outcome(), nil
}

func play(s Scenario, c Constants, a Assumptions) (*run, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	r := &run{s: s, c: c, a: a, rng: newRand(s.Seed), from: moment(s.Warm * float64(second)), pieces: a.pieces(s.Cores)}
	perByte := 8 / s.Gbps
	for i := range s.Hosts + s.AuditHosts() {
		r.hosts = append(r.hosts, host{region: i % len(s.World.Regions), cores: make([]moment, s.Cores), perByte: perByte})
	}
	for i := range s.Shards {
		sh := &shard{seats: make([]seat, s.Members), working: make([]*block, s.Members), zone: i / s.ZoneShards, turn: i}
		// Shards have begun at different times.
		begun := r.stagger(second)
		for m := range sh.seats {
			sh.seats[m] = seat{host: (i*s.Members + m) % s.Hosts, height: 1}
			r.add(event{at: begun, kind: entered, shard: i, member: m})
		}
		r.shards = append(r.shards, sh)
		r.add(event{at: r.stagger(tick), kind: arrives, shard: i})
	}
	r.beginMain()
	end := r.from + moment(s.Seconds*float64(second))
	counting := false
	for {
		if !counting && (len(r.events) == 0 || r.events[0].at >= r.from) {
			counting = true
			r.tally.start(r)
		}
		e, ok := r.next(end)
		if !ok {
			break
		}
		r.handle(e)
	}
	r.now = end
	return r, nil
}

// stagger what happens over and over, so that shards do not do it all at once.
func (r *run) stagger(period moment) moment { return r.rng.Int64N(max(1, period)) }

func (r *run) handle(e event) {
	switch e.kind {
	case arrives:
		r.arrive(e)
	case gossiped:
		r.ingest(e)
	case verified:
		r.accept(e)
	case sliced:
		r.slice(e)
	case received:
		r.forward(e)
		e.block.by[e.member].slices++
		r.advance(e.shard, e.member, e.block)
	case checked:
		e.block.by[e.member].checked = true
		r.prevote(e.shard, e.member, e.block)
	case prevoted:
		r.vote(e)
		e.block.by[e.member].prevotes++
		r.advance(e.shard, e.member, e.block)
	case precommitted:
		r.vote(e)
		e.block.by[e.member].precommits++
		r.advance(e.shard, e.member, e.block)
	case settled:
		r.execute(e.shard, e.member, e.block)
	case executed:
		e.block.by[e.member].executed = true
		r.advance(e.shard, e.member, e.block)
	case committed:
		r.close(e.shard, e.member, e.block)
	case entered:
		r.enter(e.shard, e.member)
	case delivered:
		r.deliver(e)
	case copied:
		r.reexecute(e)
	case audited:
		if r.counting() {
			r.tally.lag.add(r.now-e.block.committedAt, e.block.count+e.block.receipts)
		}
	case anchors, reports, rotates, mainBlock:
		r.mainEvent(e)
	}
}

func (r *run) counting() bool { return r.now >= r.from }

// hostOf a member.
func (r *run) hostOf(shard, member int) *host { return &r.hosts[r.shards[shard].seats[member].host] }

// delay between two hosts.
func (r *run) delay(a, b *host) moment {
	if a == b {
		return r.s.World.delay(r.rng, a.region, a.region) / 10
	}
	return r.s.World.delay(r.rng, a.region, b.region)
}

// client's link to a member, in its own region.
func (r *run) client(h *host) moment { return r.s.World.delay(r.rng, h.region, h.region) }

// hop of a message of consensus: its link, and half to one and a half of a step.
func (r *run) hop(a, b *host) moment {
	return r.delay(a, b) + moment(r.s.Step*(0.5+r.rng.Float64())*float64(millisecond))
}

// micros of CPU time.
func micros(us float64) moment { return moment(us * float64(microsecond)) }

// poisson number of a mean; beyond fifty the normal law is near enough.
func poisson(rng *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())))
	}
	limit, product, n := math.Exp(-mean), 1.0, 0
	for {
		if product *= rng.Float64(); product <= limit {
			return n
		}
		n++
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x746f70)) }
