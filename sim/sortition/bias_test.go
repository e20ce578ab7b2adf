package sortition

import (
	"crypto/sha256"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/sim/finding"
)

const seals = "bias.seals.bad30.seats"

func bendSeals(t *testing.T, rules Rules, sealers, epochs int, s strategy) finding.Finding {
	o := real()
	o.Rules = rules
	return ask(t, func(tell report) error {
		return o.bend(tell, "seals", 300_000, sealers, epochs, s, seats(perTail, false))
	})[seals]
}

// Colluders who choose do win, and no more than the bound; those who do not choose win nothing.
func TestWithheldSealsStayWithinTheBound(t *testing.T) {
	chosen := bendSeals(t, Real(), biasSealers, 1_500, strategy{})
	require.False(t, chosen.Broken())
	require.Greater(t, chosen.Value, 0.04)
	passive := bendSeals(t, Real(), biasSealers, 1_500, strategy{passive: true})
	require.Less(t, math.Abs(passive.Value), passive.Conditions["noise"].(float64))
}

// The bound breaks where the rules are wrong: a draw that favours colluders, sealers in an order that suits them, more power over seals than the tail has.
func TestBiasIsSeenWhereRulesAreWrong(t *testing.T) {
	bad := colluders(pool(biasCandidates, 1), 60)
	isBad := func(name string) bool { return bad[name] }
	rules := Real()
	rules.Elect = favouring(isBad, 100)
	require.True(t, bendSeals(t, rules, biasSealers, 800, strategy{}).Broken(), "an election that favours")

	rules = Real()
	rules.Sealers = func(id string, epoch uint64, seed sortition.Seed, candidates []sortition.Candidate, count int) ([]string, error) {
		sealers, err := sortition.Sealers(id, epoch, seed, candidates, count)
		slices.SortStableFunc(sealers, func(a, b string) int { return colludersLast(isBad(a), isBad(b)) })
		return sealers, err
	}
	require.True(t, bendSeals(t, rules, biasSealers, 800, strategy{}).Broken(), "colluders seal last")

	require.True(t, bendSeals(t, Real(), stallSealers, 200, strategy{veto: true}).Broken(), "honest seals kept out")
}

func colludersLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// Who looks at the next epoch's sealers has longer tails than chance gives, within the bound for any strategy, and breaks the one for blind chance.
func TestTailsCarryOver(t *testing.T) {
	play := func(n choices) finding.Finding {
		return ask(t, func(tell report) error {
			return real().bend(tell, "tails", 400_000, biasSealers, 1_000, strategy{tails: true}, bitsAndOwned(n))
		})["bias.tails.bad40.bits"]
	}
	require.False(t, play(perTail).Broken())
	require.True(t, play(one).Broken())
}

// Who has all sealers once, and grinds over withheld proofs, keeps them.
func TestWhoOwnsTheSeedKeepsIt(t *testing.T) {
	found := ask(t, func(tell report) error {
		return real().bend(tell, "grind", 400_000, 3, 200, strategy{tails: true, digests: 32}, bitsAndOwned(func(b int) float64 { return 32 * perTail(b) }))
	})
	require.Empty(t, broken(found))
	require.Greater(t, found["bias.grind.bad40.owned"].Value, 0.95)
}

// Proofs withheld before honest sealers speak choose nothing, and cost candidacies.
func TestWithheldProofsChooseNothing(t *testing.T) {
	found := ask(t, func(tell report) error {
		return real().bend(tell, "proofs", 300_000, biasSealers, 300, strategy{digests: 4, honestSealing: true}, seats(one, false))
	})
	require.Empty(t, broken(found))
}

// The game's epochs are the protocol's: with real keys, some choice of seals in a published record gives the seed that the colluders chose.
func TestSeedsAreThoseOfTheRecord(t *testing.T) {
	g, err := newGame(real(), "record", coalition{candidates: 12, bad: 6, size: 6, sealers: 3})
	require.NoError(t, err)
	secret := func(node string) []byte { s := sha256.Sum256([]byte(node)); return s[:] }
	keyProof := func(node string, alpha sortition.Seed) sortition.KeyProof {
		key, err := ecvrf.PublicKey(secret(node))
		require.NoError(t, err)
		proof, err := ecvrf.Prove(secret(node), alpha[:])
		require.NoError(t, err)
		return sortition.KeyProof{Key: key, Proof: proof}
	}
	g.prove = func(node string, alpha sortition.Seed) sortition.Output {
		p := keyProof(node, alpha)
		output, err := ecvrf.Verify(p.Key, alpha[:], p.Proof)
		require.NoError(t, err)
		return output
	}
	withheld := 0
	for range 6 {
		record := sortition.Record{ChainID: chainID, Epoch: g.epoch, Seed: g.seed}
		alpha := sortition.Alpha(chainID, g.epoch, g.seed)
		for _, c := range g.candidates {
			record.Proofs = append(record.Proofs, keyProof(c.Operator, alpha))
		}
		sealers := g.sealers
		e, err := g.play(strategy{})
		require.NoError(t, err)
		digest, err := sortition.Digest(alpha, g.outputs)
		require.NoError(t, err)
		matches := 0
		for given := range 1 << len(sealers) {
			chain := sortition.NewChain(chainID, record.Epoch, digest)
			record.Seals = nil
			for i, s := range sealers {
				if given>>i&1 == 0 {
					record.Seals, chain = append(record.Seals, sortition.KeyProof{}), chain.Absent()
					continue
				}
				record.Seals, chain = append(record.Seals, keyProof(s, chain.Alpha())), chain.Seal(g.prove(s, chain.Alpha()))
			}
			seed, err := record.Next()
			require.NoError(t, err)
			if seed == e.seed {
				matches++
				withheld += len(sealers) - ones(given)
				for i, s := range sealers {
					require.True(t, given>>i&1 == 1 || g.bad[s], "an honest seal is missing")
				}
			}
		}
		require.Equal(t, 1, matches)
	}
	require.NotZero(t, withheld, "nothing was ever withheld; take other epochs")
}

func ones(bits int) (n int) {
	for ; bits != 0; bits &= bits - 1 {
		n++
	}
	return n
}
