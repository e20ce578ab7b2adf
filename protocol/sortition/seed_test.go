package sortition

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
)

func verified(t testing.TB, p KeyProof, alpha Seed) Output {
	output, err := ecvrf.Verify(p.Key, alpha[:], p.Proof)
	require.NoError(t, err)
	return output
}

// record is an epoch as honest nodes leave it: candidates 0…n−1 prove, the sealers seal unless they are absent.
func record(t testing.TB, n int, sealers []int, absent ...int) Record {
	r := Record{ChainID: "top-main-1", Epoch: 7, Seed: Seed{42}}
	alpha := Alpha(r.ChainID, r.Epoch, r.Seed)
	outputs := []Output{}
	for i := range n {
		proof := prove(t, i, alpha)
		r.Proofs = append(r.Proofs, KeyProof{Key: public(t, i), Proof: proof})
		outputs = append(outputs, verified(t, r.Proofs[i], alpha))
	}
	digest, err := Digest(alpha, outputs)
	require.NoError(t, err)
	chain := NewChain(r.ChainID, r.Epoch, digest)
	for _, i := range sealers {
		seal := KeyProof{Key: public(t, i)}
		if slices.Contains(absent, i) {
			chain = chain.Absent()
		} else {
			seal.Proof = prove(t, i, chain.Alpha())
			chain = chain.Seal(verified(t, seal, chain.Alpha()))
		}
		r.Seals = append(r.Seals, seal)
	}
	return r
}

func TestSeedDependsOnEverythingInItsRecord(t *testing.T) {
	base := record(t, 3, []int{0, 1, 2})
	want, err := base.Next()
	require.NoError(t, err)
	seeds := []Seed{want}
	for name, r := range map[string]Record{
		"one candidate more": record(t, 4, []int{0, 1, 2}),
		"other sealers":      record(t, 3, []int{1, 0, 2}),
		"one absent":         record(t, 3, []int{0, 1, 2}, 1),
		"the last absent":    record(t, 3, []int{0, 1, 2}, 2),
		"all absent":         record(t, 3, []int{0, 1, 2}, 0, 1, 2),
		"no proofs at all":   record(t, 0, []int{0, 1, 2}),
	} {
		seed, err := r.Next()
		require.NoError(t, err, name)
		require.NotContains(t, seeds, seed, name)
		seeds = append(seeds, seed)
	}
}

// The order in which blocks took the proofs is nothing to choose.
func TestOrderOfProofsDoesNotMatter(t *testing.T) {
	base := record(t, 6, []int{0})
	want, err := base.Next()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		r := base
		r.Proofs = rapid.Permutation(base.Proofs).Draw(t, "proofs")
		seed, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, want, seed)
	})
}

func TestRecordsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Record)
		err    error
	}{
		"another chain":            {func(r *Record) { r.ChainID = "top-main-2" }, ecvrf.ErrProof},
		"another epoch":            {func(r *Record) { r.Epoch++ }, ecvrf.ErrProof},
		"another seed":             {func(r *Record) { r.Seed[0]++ }, ecvrf.ErrProof},
		"another's proof":          {func(r *Record) { r.Proofs[0].Proof = r.Proofs[1].Proof }, ecvrf.ErrProof},
		"a proof twice":            {func(r *Record) { r.Proofs[0] = r.Proofs[1] }, ErrDuplicate},
		"a proof left out":         {func(r *Record) { r.Proofs = r.Proofs[1:] }, ecvrf.ErrProof},
		"small-order key":          {func(r *Record) { r.Proofs[0].Key = make([]byte, 32) }, ecvrf.ErrKey},
		"a seal out of order":      {func(r *Record) { r.Seals[0], r.Seals[1] = r.Seals[1], r.Seals[0] }, ecvrf.ErrProof},
		"an earlier seal withheld": {func(r *Record) { r.Seals[0].Proof = nil }, ecvrf.ErrProof},
		"no sealers":               {func(r *Record) { r.Seals = nil }, ErrTooFew},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, 3, []int{0, 1, 2})
			c.change(&r)
			_, err := r.Next()
			require.ErrorIs(t, err, c.err)
		})
	}
}

// Absence is not the output of anybody: "absent" in front of a length of 6, an output in front of one of 64.
func TestSealAndAbsenceDiffer(t *testing.T) {
	c := NewChain("top-main-1", 7, Seed{1})
	var padded Output
	copy(padded[:], "absent")
	require.NotEqual(t, c.Absent().Value, c.Seal(padded).Value)
	require.Equal(t, uint64(1), c.Absent().Index)
}

// reachable counts the seeds among which colluding sealers choose: all that they can compute when the first of them has to decide whether to publish. Each colluder
// knows the outputs of its friends; an honest sealer's output stops the calculation, for nobody can compute it.
func reachable(t testing.TB, c Chain, sealers []int, bad map[int]bool) map[Seed]bool {
	if len(sealers) == 0 {
		return map[Seed]bool{c.Value: true}
	}
	if !bad[sealers[0]] {
		return nil
	}
	alpha := c.Alpha()
	output, err := ecvrf.Verify(public(t, sealers[0]), alpha[:], prove(t, sealers[0], alpha))
	require.NoError(t, err)
	seeds := reachable(t, c.Seal(output), sealers[1:], bad)
	for s := range reachable(t, c.Absent(), sealers[1:], bad) {
		seeds[s] = true
	}
	return seeds
}

// The bound on bias: b colluders at the tail choose among 2^b seeds, those before an honest sealer choose nothing.
func TestBiasIsOneBitPerColluderAtTheTail(t *testing.T) {
	sealers := []int{0, 1, 2, 3, 4, 5}
	for _, c := range []struct {
		bad  []int
		want int
	}{
		{nil, 1},
		{[]int{0, 1, 2, 3, 4}, 1},
		{[]int{5}, 2},
		{[]int{0, 1, 2, 4, 5}, 4},
		{[]int{3, 4, 5}, 8},
		{sealers, 64},
	} {
		bad := map[int]bool{}
		for _, b := range c.bad {
			bad[b] = true
		}
		// Before the tail everyone has published; the tail begins after the last honest sealer.
		chain, tail := NewChain("top-main-1", 7, Seed{3}), sealers
		for i, s := range sealers {
			if !bad[s] {
				tail = sealers[i+1:]
			}
		}
		for range len(sealers) - len(tail) {
			chain = chain.Seal(Output{1})
		}
		require.Len(t, reachable(t, chain, tail, bad), c.want, "%v", c.bad)
	}
}

// With a third of the stake and sixteen sealers, an epoch's tail holds Σ f^b = 1/2 colluder on average, and by chance all sixteen are theirs once in 43 million epochs.
func TestExpectedBias(t *testing.T) {
	candidates := []Candidate{}
	for i := range 300 {
		candidates = append(candidates, Candidate{Operator: string(rune('A'+i%3)) + string(rune('0'+i/3)), Weight: 10})
	}
	const epochs = 4000
	bits := 0
	for e := range uint64(epochs) {
		sealers, err := Sealers("top-main-1", e, Seed{1}, candidates, 16)
		require.NoError(t, err)
		for i := len(sealers) - 1; i >= 0 && sealers[i][0] == 'A'; i-- {
			bits++
		}
	}
	// The deviation of one epoch's tail is about 0.85, of the mean 0.013.
	require.InDelta(t, 0.5, float64(bits)/epochs, 0.055)
}

func TestSealersAreCanonical(t *testing.T) {
	candidates := []Candidate{{"c", 3}, {"a", 1}, {"b", 0}, {"d", 5}}
	want, err := Sealers("top-main-1", 1, Seed{1}, candidates, 10)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"a", "c", "d"}, want)
	slices.Reverse(candidates)
	got, err := Sealers("top-main-1", 1, Seed{1}, candidates, 10)
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = Sealers("top-main-1", 1, Seed{1}, append(candidates, Candidate{"a", 9}), 10)
	require.ErrorIs(t, err, ErrDuplicate)
}
