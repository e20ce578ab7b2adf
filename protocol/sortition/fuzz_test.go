package sortition

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever stands in place of a published proof or seal: no panic, and the record either fails or is the genuine one. Nobody moves the seed but by absence.
func FuzzRecord(f *testing.F) {
	genuine := record(f, 3, []int{0, 1})
	want, err := genuine.Next()
	require.NoError(f, err)
	absent, err := record(f, 3, []int{0, 1}, 1).Next()
	require.NoError(f, err)
	f.Add(genuine.Proofs[1].Key, genuine.Proofs[1].Proof, genuine.Seals[1].Proof)
	f.Add(genuine.Proofs[1].Key, genuine.Proofs[1].Proof, []byte{})
	f.Add(genuine.Proofs[0].Key, genuine.Proofs[0].Proof, genuine.Seals[0].Proof)
	f.Add([]byte{}, []byte{}, []byte{0})
	f.Fuzz(func(t *testing.T, key, proof, seal []byte) {
		r := genuine
		r.Proofs = slices.Clone(r.Proofs)
		r.Proofs[1] = KeyProof{Key: key, Proof: proof}
		r.Seals = slices.Clone(r.Seals)
		r.Seals[1].Proof = seal
		seed, err := r.Next()
		if err != nil {
			require.Zero(t, seed)
			return
		}
		if len(seal) == 0 {
			require.Equal(t, absent, seed)
		} else {
			require.Equal(t, want, seed)
		}
	})
}

// A stranger's registration never panics, and only the holder's proof is taken.
func FuzzPossession(f *testing.F) {
	const chain = "top-main-1"
	proof, err := ProvePossession(chain, name(1), secret(1))
	require.NoError(f, err)
	f.Add(name(1), public(f, 1), proof)
	f.Add(name(2), public(f, 1), proof)
	f.Add("", []byte{}, []byte{})
	key := public(f, 1)
	f.Fuzz(func(t *testing.T, operator string, public, p []byte) {
		if VerifyPossession(chain, operator, public, p) == nil {
			require.Equal(t, name(1), operator)
			require.Equal(t, key, public)
		}
	})
}

// Whatever an election is asked: it is refused, or the same members come out again, nobody twice, as many as there are seats or as sat.
func FuzzElection(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6}, []byte{0, 1}, []byte{}, uint8(3), uint8(2), uint64(7), []byte("seed"))
	f.Add([]byte{9, 9, 9, 9, 0, 9, 9, 9}, []byte{0, 1, 2, 3, 7}, []byte{1, 2}, uint8(6), uint8(0), uint64(0), []byte{})
	f.Add([]byte{1}, []byte{5, 5}, []byte{0}, uint8(0), uint8(200), uint64(1), []byte{1})
	f.Fuzz(func(t *testing.T, weights, sitting, exclude []byte, size, standbys uint8, epoch uint64, seed []byte) {
		e := Election{Committee: Committee{Name: "top-shard-1", Size: int(size), Standbys: int(standbys)}, Epoch: epoch}
		copy(e.Seed[:], seed)
		for i, w := range weights {
			e.Candidates = append(e.Candidates, Candidate{Operator: name(i), Weight: uint64(w) << (w % 60)})
		}
		for _, i := range sitting {
			e.Committee.Sitting = append(e.Committee.Sitting, name(int(i)))
		}
		for _, i := range exclude {
			e.Exclude = append(e.Exclude, name(int(i)))
		}
		out, err := e.Run()
		again, errAgain := e.Run()
		require.Equal(t, err, errAgain)
		require.Equal(t, out, again)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, m := range append(slices.Clone(out.Members), out.Standbys...) {
			require.False(t, seen[m], "%s twice", m)
			seen[m] = true
		}
		require.LessOrEqual(t, len(out.Members), max(int(size), len(sitting)))
		require.LessOrEqual(t, len(out.Standbys), int(standbys))
		if len(e.Committee.Sitting) > 0 {
			rotation := max(1, len(e.Committee.Sitting)/6)
			require.LessOrEqual(t, len(out.Joined), rotation)
			require.LessOrEqual(t, len(out.Left), rotation)
		}
	})
}
