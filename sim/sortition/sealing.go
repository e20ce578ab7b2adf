package sortition

import (
	"crypto/sha512"
	"slices"

	"github.com/topnetwork/top/protocol/sortition"
)

// strategy is what colluders do with the choice they have.
type strategy struct {
	// passive ones do what is asked of them.
	passive bool
	// tails prefers seeds whose next epoch has more of them at the tail, then seats; otherwise seats alone count.
	tails bool
	// digests is among how many sets of their own proofs to withhold they choose before the collection closes; less than two is none but the empty one.
	digests int
	// honestSealing leaves the choice at the tail alone, to see what withheld proofs do by themselves.
	honestSealing bool
	// veto: with a third of the committee that makes the blocks, they let no block pass that has a seal they do not like. They see it before.
	veto bool
}

// game is a network with colluders, whose elections follow each other by seeds that they bend.
type game struct {
	rules      Rules
	coalition  coalition
	candidates []sortition.Candidate
	bad        map[string]bool
	// prove is the VRF: the output of a node's key for an alpha.
	prove func(node string, alpha sortition.Seed) sortition.Output

	// The epoch that is played: its seed, who seals, who sits, what the candidates proved.
	epoch   uint64
	seed    sortition.Seed
	sealers []string
	sitting []string
	outputs []sortition.Output
	seen    map[sortition.Seed]end
}

// ideal is a VRF as RFC 9381 wants it to look to who does not hold the key: a function at random. The real one takes a thousand times as long (TestSeedsAreThoseOfTheRecord
// plays with it).
func ideal(node string, alpha sortition.Seed) sortition.Output {
	return sha512.Sum512(append([]byte(node), alpha[:]...))
}

func newGame(o Options, name string, c coalition) (*game, error) {
	candidates := pool(c.candidates, 1_000_000)
	g := &game{rules: o.Rules, coalition: c, candidates: candidates, bad: colluders(candidates, c.bad), prove: ideal, seed: o.start("bias/" + name)}
	var err error
	g.sealers, err = g.drawSealers(g.epoch, g.seed)
	return g, err
}

func (g *game) drawSealers(epoch uint64, seed sortition.Seed) ([]string, error) {
	return g.rules.Sealers(chainID, epoch, seed, g.candidates, g.coalition.sealers)
}

// tail is how many of the last sealers collude.
func (g *game) tail(sealers []string) int {
	for i := range sealers {
		if !g.bad[sealers[len(sealers)-1-i]] {
			return i
		}
	}
	return len(sealers)
}

// end is one way in which the epoch can end.
type end struct {
	seed    sortition.Seed
	members []string
	seats   int
	sealers []string
	tail    int
}

func (s strategy) prefers(a, b end) bool {
	if s.tails && a.tail != b.tail {
		return a.tail > b.tail
	}
	return a.seats > b.seats
}

// enough ends a search in which nothing can be gained but seats.
func (s strategy) enough(g *game, e end) bool { return s.tails && e.tail == g.coalition.sealers }

// play one epoch to its end and begin the next.
func (g *game) play(s strategy) (end, error) {
	g.seen = map[sortition.Seed]end{}
	alpha := sortition.Alpha(chainID, g.epoch, g.seed)
	g.outputs = g.outputs[:0]
	for _, c := range g.candidates {
		g.outputs = append(g.outputs, g.prove(c.Operator, alpha))
	}
	chain, withheld, err := g.collect(s, alpha)
	if err != nil {
		return end{}, err
	}
	for i, sealer := range g.sealers {
		present, absent := chain.Seal(g.prove(sealer, chain.Alpha())), chain.Absent()
		chain = present
		if free := g.tail(g.sealers[i:]) == len(g.sealers)-i; s.passive || s.honestSealing && g.tail(g.sealers) < len(g.sealers) || !free && !s.veto {
			continue
		}
		with, err := g.foresee(s, present, g.sealers[i+1:], withheld)
		if err != nil {
			return end{}, err
		}
		without, err := g.foresee(s, absent, g.sealers[i+1:], withheld)
		if err != nil {
			return end{}, err
		}
		if s.prefers(without, with) {
			chain = absent
		}
	}
	e, err := g.end(s, chain.Value, withheld)
	if err == nil && !s.tails {
		err = g.next(&e)
	}
	if err != nil {
		return end{}, err
	}
	g.epoch, g.seed, g.sitting, g.sealers = g.epoch+1, e.seed, e.members, e.sealers
	return e, nil
}

// collect closes the collection. Colluders who withhold proofs take the set with the best end that they can foresee.
func (g *game) collect(s strategy, alpha sortition.Seed) (sortition.Chain, []int, error) {
	digest, err := sortition.Digest(alpha, g.outputs)
	chosen, withheld := sortition.NewChain(chainID, g.epoch, digest), []int(nil)
	if err != nil || s.digests < 2 {
		return chosen, nil, err
	}
	best, err := g.foresee(s, chosen, g.sealers, nil)
	for _, set := range g.sets(s.digests)[1:] {
		if err != nil || s.enough(g, best) {
			break
		}
		published := []sortition.Output{}
		for i, o := range g.outputs {
			if !slices.Contains(set, i) {
				published = append(published, o)
			}
		}
		if digest, err = sortition.Digest(alpha, published); err != nil {
			break
		}
		chain := sortition.NewChain(chainID, g.epoch, digest)
		var e end
		if e, err = g.foresee(s, chain, g.sealers, set); err == nil && s.prefers(e, best) {
			best, chosen, withheld = e, chain, set
		}
	}
	return chosen, withheld, err
}

// sets are the first n sets of colluders: none, each one, each two.
func (g *game) sets(n int) [][]int {
	var bad []int
	for i, c := range g.candidates {
		if g.bad[c.Operator] {
			bad = append(bad, i)
		}
	}
	sets := [][]int{nil}
	for _, i := range bad {
		sets = append(sets, []int{i})
	}
	for i := range bad {
		for j := range i {
			sets = append(sets, []int{bad[j], bad[i]})
		}
	}
	return sets[:min(n, len(sets))]
}

// foresee is the best end that colluders can compute: each seal of theirs given or not, those of honest sealers left out, for nobody can compute these.
func (g *game) foresee(s strategy, chain sortition.Chain, rest []string, withheld []int) (end, error) {
	if len(rest) == 0 {
		return g.end(s, chain.Value, withheld)
	}
	best, err := g.foresee(s, chain.Absent(), rest[1:], withheld)
	if err != nil || !g.bad[rest[0]] || s.enough(g, best) {
		return best, err
	}
	other, err := g.foresee(s, chain.Seal(g.prove(rest[0], chain.Alpha())), rest[1:], withheld)
	if err == nil && s.prefers(other, best) {
		best = other
	}
	return best, err
}

// end holds the election by a seed and, for who cares, draws the sealers after it. Who withheld a proof is no candidate.
func (g *game) end(s strategy, seed sortition.Seed, withheld []int) (end, error) {
	if e, ok := g.seen[seed]; ok {
		return e, nil
	}
	candidates := g.candidates
	if len(withheld) > 0 {
		candidates = nil
		for i, c := range g.candidates {
			if !slices.Contains(withheld, i) {
				candidates = append(candidates, c)
			}
		}
	}
	out, err := g.rules.Elect(sortition.Election{
		Committee: sortition.Committee{Name: shard, Size: g.coalition.size, Sitting: g.sitting}, Epoch: g.epoch + 2, Seed: seed, Candidates: candidates,
	})
	if err != nil {
		return end{}, err
	}
	e := end{seed: seed, members: out.Members}
	for _, m := range out.Members {
		if g.bad[m] {
			e.seats++
		}
	}
	if s.tails {
		if err := g.next(&e); err != nil {
			return end{}, err
		}
	}
	g.seen[seed] = e
	return e, nil
}

// next draws the sealers of the epoch after an end.
func (g *game) next(e *end) (err error) {
	e.sealers, err = g.drawSealers(g.epoch+1, e.seed)
	e.tail = g.tail(e.sealers)
	return err
}
