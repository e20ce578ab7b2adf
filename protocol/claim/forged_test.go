package claim_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
)

const (
	chainID = "top-msg-1"
	inEpoch = 7
	// total of every claim here, in utop.
	total = 1_000_000
	// draws is how many seeds each claim is challenged with, samples how many points each seed draws.
	draws   = 10_000
	samples = 4
)

func testKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(key ed25519.PrivateKey) []byte { return key.Public().(ed25519.PublicKey) }

// account stands for decoding a bech32 address.
func account(address string) []byte {
	h := sha256.Sum256([]byte(address))
	return h[:claim.PayerLen]
}

// bill is one leaf of a claim: what stands in the tree, and the best evidence its provider can show.
type bill struct {
	leaf     claim.Leaf
	evidence *voucher.Evidence
}

// newEvidence is a session number i of amount utop (1 utop per message), signed by both sides after change.
func newEvidence(i int, amount uint64, change func(*voucher.Evidence)) *voucher.Evidence {
	payer := fmt.Sprint("top1payer", i%20)
	provider, client := testKey("provider"), testKey(payer)
	e := &voucher.Evidence{
		Offer: &voucher.Offer{
			ChainId: chainID, Service: "messaging", Provider: "top1provider", ProviderKey: public(provider),
			Prices:   []*voucher.Price{{Measure: "message", Utop: 1}},
			TickUtop: 1, FloatUtop: 100, VoucherUtop: 100, Epoch: inEpoch, Nonce: uint64(i),
		},
		Open: &voucher.Open{Payer: payer, SessionKey: public(client), Anchor: make([]byte, 32), MaxTicks: 1 << 20, CapUtop: total},
		Voucher: &voucher.Voucher{
			ChainId: chainID, Number: 1, Epoch: inEpoch, Usage: []*voucher.Usage{{Measure: "message", Quantity: amount}}, AmountUtop: amount,
		},
	}
	if change != nil {
		change(e)
	}
	e.Offer.Sign(provider)
	hash := e.Offer.Hash()
	e.Open.OfferHash = hash[:]
	e.Open.Sign(client)
	id := e.Open.SessionID()
	e.Voucher.SessionId = id[:]
	e.Voucher.SignClient(client)
	e.Voucher.SignProvider(provider)
	return e
}

// leafOf makes the leaf that evidence proves, as x/usage does for a sampled leaf.
func leafOf(t testing.TB, e *voucher.Evidence) claim.Leaf {
	key, err := claim.LeafKey(account(e.Open.Payer), e.Open.SessionKey, e.Voucher.SessionId)
	require.NoError(t, err)
	return claim.Leaf{Key: key, Amount: e.Voucher.AmountUtop, Evidence: e.Hash()}
}

func honest(t testing.TB, i int, amount uint64) bill {
	e := newEvidence(i, amount, nil)
	return bill{leaf: leafOf(t, e), evidence: e}
}

// forge puts amount utop into a claim that no client signed for, in one of the ways a provider might try.
func forge(t testing.TB, i int, amount uint64) bill {
	change := func(f func(e *voucher.Evidence)) bill {
		e := newEvidence(i, amount, f)
		return bill{leaf: leafOf(t, e), evidence: e}
	}
	provider := testKey("provider")
	switch i % 8 {
	case 0: // The leaf is worth more than its voucher.
		b := honest(t, i, amount/2)
		b.leaf.Amount = amount
		return b
	case 1: // The provider signs for the client.
		b := honest(t, i, amount)
		b.evidence.Voucher.SignClient(provider)
		b.evidence.Voucher.SignProvider(provider)
		b.leaf = leafOf(t, b.evidence)
		return b
	case 2: // The amount is raised after the client signed.
		b := honest(t, i, amount/2)
		b.evidence.Voucher.Usage[0].Quantity, b.evidence.Voucher.AmountUtop = amount, amount
		b.evidence.Voucher.SignProvider(provider)
		b.leaf = leafOf(t, b.evidence)
		return b
	case 3: // The price is raised after the client signed.
		b := honest(t, i, amount)
		b.evidence.Offer.Prices[0].Utop = 2
		b.evidence.Offer.Sign(provider)
		b.leaf = leafOf(t, b.evidence)
		return b
	case 4: // A voucher of an earlier epoch.
		return change(func(e *voucher.Evidence) { e.Offer.Epoch, e.Voucher.Epoch = inEpoch-1, inEpoch-1 })
	case 5: // A voucher of another chain.
		return change(func(e *voucher.Evidence) { e.Offer.ChainId, e.Voucher.ChainId = "top-msg-2", "top-msg-2" })
	case 6: // More than the client's cap.
		return change(func(e *voucher.Evidence) { e.Open.CapUtop = amount - 1 })
	default: // The amount is not what the usage costs.
		return change(func(e *voucher.Evidence) { e.Voucher.Usage[0].Quantity-- })
	}
}

// split divides sum into n unequal parts above 0.
func split(sum uint64, n int) []uint64 {
	parts := make([]uint64, n)
	left := sum
	for i := range n - 1 {
		parts[i] = 2 * sum * uint64(i+1) / uint64(n*(n+1))
		left -= parts[i]
	}
	parts[n-1] = left
	return parts
}

func treeOf(t testing.TB, bills []bill) (*claim.Tree, []claim.Leaf) {
	slices.SortFunc(bills, func(a, b bill) int { return bytes.Compare(a.leaf.Key, b.leaf.Key) })
	leaves := make([]claim.Leaf, len(bills))
	for i, b := range bills {
		leaves[i] = b.leaf
	}
	tree, err := claim.Build(leaves)
	require.NoError(t, err)
	require.EqualValues(t, total, tree.Root().Sum)
	return tree, leaves
}

// challenge counts the seeds under which a claim is caught: some sampled point is not proven.
func challenge(t testing.TB, root claim.Root, proven func(point uint64) bool) int {
	caught := 0
	for i := range draws {
		seed := sha256.Sum256(fmt.Append(nil, "seed ", i))
		points := claim.Points(seed, root.Sum, samples)
		require.Len(t, points, samples)
		if slices.ContainsFunc(points, func(p uint64) bool { return !proven(p) }) {
			caught++
		}
	}
	return caught
}

// requireRate holds a count of caught claims against 1 − (1 − φ)^k, within three standard deviations.
func requireRate(t testing.TB, share float64, caught int) {
	p := 1 - math.Pow(1-share, samples)
	rate, sigma := float64(caught)/draws, math.Sqrt(p*(1-p)/draws)
	t.Logf("false share %.4f: caught %.4f, expected %.4f ± %.4f", share, rate, p, 3*sigma)
	require.InDelta(t, p, rate, 3*sigma)
	// What the provider gets on average by forfeit alone is less than its honest part: S (1 − φ)^k < S (1 − φ).
	require.Less(t, (1-rate)*total, (1-share)*total)
}

// Forged leaves worth a share φ of a claim are caught with probability 1 − (1 − φ)^k, however many or few leaves the share is spread over.
func TestForgedLeavesAreCaught(t *testing.T) {
	for _, test := range []struct {
		share  float64
		forged uint64
		leaves int
	}{
		{0.01, total / 100, 8},
		{0.10, total / 10, 64},
		{0.50, total / 2, 16},
		{0.50, total / 2, 200},
	} {
		t.Run(fmt.Sprintf("%.0f%% in %d leaves", 100*test.share, test.leaves), func(t *testing.T) {
			t.Parallel()
			var bills []bill
			for i, amount := range split(total-test.forged, 150) {
				bills = append(bills, honest(t, i, amount))
			}
			for i, amount := range split(test.forged, test.leaves) {
				bills = append(bills, forge(t, 1000+i, amount))
			}
			tree, leaves := treeOf(t, bills)

			// Evidence does not depend on the point: each is verified once.
			sound := make([]bool, len(bills))
			shown := make([]claim.Leaf, len(bills))
			var unsound uint64
			for i, b := range bills {
				shown[i] = leafOf(t, b.evidence)
				sound[i] = voucher.VerifyEvidence(b.evidence, chainID, inEpoch) == nil
				if !sound[i] || shown[i].Amount != leaves[i].Amount {
					unsound += leaves[i].Amount
				}
			}
			require.Equal(t, test.forged, unsound)

			root := tree.Root()
			caught := challenge(t, root, func(point uint64) bool {
				index, err := tree.At(point)
				require.NoError(t, err)
				path, err := tree.Prove(index)
				require.NoError(t, err)
				_, err = claim.Verify(root, point, shown[index], path)
				return err == nil && sound[index]
			})
			requireRate(t, test.share, caught)
		})
	}
}

// Blaming another payer for a share φ of a claim is caught at the same rate: the sampled leaf's payer is not the one debited at that point.
func TestFalseDebitsAreCaught(t *testing.T) {
	var bills []bill
	for i, amount := range split(total, 150) {
		bills = append(bills, honest(t, i, amount))
	}
	tree, leaves := treeOf(t, bills)
	truth := claim.Debits(leaves)
	require.Len(t, truth, 20)

	agree := func(debits []claim.Debit) func(point uint64) bool {
		return func(point uint64) bool {
			index, err := tree.At(point)
			require.NoError(t, err)
			d, err := claim.DebitAt(debits, point)
			require.NoError(t, err)
			key := leaves[index].Key
			return bytes.Equal(d.Payer, key.Payer()) && bytes.Equal(d.SessionKey, key.SessionKey())
		}
	}
	require.Zero(t, challenge(t, tree.Root(), agree(truth)), "an honest claim is never caught")

	for _, share := range []float64{0.01, 0.10, 0.50} {
		wrong := uint64(share * total)
		t.Run(fmt.Sprintf("%.0f%% to a stranger", 100*share), func(t *testing.T) {
			t.Parallel()
			// The first wrong utop are debited to someone who never opened a session here.
			debits := []claim.Debit{{Payer: make([]byte, 20), SessionKey: make([]byte, 32), Amount: wrong}}
			left := wrong
			for _, d := range truth {
				cut := min(left, d.Amount)
				left -= cut
				if d.Amount -= cut; d.Amount > 0 {
					debits = append(debits, d)
				}
			}
			requireRate(t, share, challenge(t, tree.Root(), agree(debits)))
		})
		t.Run(fmt.Sprintf("%.0f%% to a client of the claim", 100*share), func(t *testing.T) {
			t.Parallel()
			// wrong utop of the last payers' debits go to a payer before them. Sums and order stay right, boundaries move.
			debits := slices.Clone(truth)
			last := len(debits) - 1
			for left := wrong; left > 0; last-- {
				cut := min(left, debits[last].Amount)
				debits[last].Amount -= cut
				left -= cut
			}
			debits[last].Amount += wrong

			// A moved boundary misplaces at least the amount moved, at every boundary it passes.
			proven, misplaced := agree(debits), 0
			for point := range uint64(total) {
				if !proven(point) {
					misplaced++
				}
			}
			require.GreaterOrEqual(t, misplaced, int(wrong))
			requireRate(t, float64(misplaced)/total, challenge(t, tree.Root(), proven))
		})
	}
}
