package claim

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew: a change of the protocol")

// vectors is what another implementation checks itself against. Bytes are hex.
type vectors struct {
	Leaves []leafVector `json:"leaves"`
	// Roots[i] is the root over the first i + 1 leaves.
	Roots []rootVector `json:"roots"`
	// Proof is of leaf 2 under the last root.
	Proof     []nodeVector  `json:"proof_of_leaf_2"`
	Points    []pointVector `json:"points"`
	Debits    []debitVector `json:"debits"`
	DebitRoot string        `json:"debit_root_top1provider_epoch_7"`
	// TwoClaims is the debit root of that claim and one of epoch 8 with the same debits.
	TwoClaims string `json:"debit_root_epochs_7_and_8"`
	// Challenge is of the last root, as that of epoch 7 on top-msg-1, by a seed of zeros.
	Challenge string `json:"challenge_top-msg-1_top1provider_epoch_7"`
}

type leafVector struct {
	Key      string `json:"key"`
	Amount   uint64 `json:"amount"`
	Evidence string `json:"evidence"`
	Hash     string `json:"hash"`
}

type rootVector struct {
	Hash  string `json:"hash"`
	Sum   uint64 `json:"sum"`
	Count uint64 `json:"count"`
}

type nodeVector struct {
	rootVector
	First string `json:"first"`
	Last  string `json:"last"`
	Left  bool   `json:"left"`
}

// pointVector has its numbers as texts: JSON readers lose digits above 2^53.
type pointVector struct {
	Seed   string   `json:"seed"`
	Sum    uint64   `json:"sum,string"`
	Points []string `json:"points"`
}

type debitVector struct {
	Payer      string `json:"payer"`
	SessionKey string `json:"session_key"`
	Amount     uint64 `json:"amount"`
}

func TestVectors(t *testing.T) {
	leaves := testLeaves(2, 620, 1, 4000, 75, 19)
	var got vectors
	for i, l := range leaves {
		hash := l.node().Hash
		got.Leaves = append(got.Leaves, leafVector{
			Key: hex.EncodeToString(l.Key), Amount: l.Amount, Evidence: hex.EncodeToString(l.Evidence[:]), Hash: hex.EncodeToString(hash[:]),
		})
		got.Roots = append(got.Roots, newRootVector(build(t, leaves[:i+1]).Root()))
	}
	for _, n := range prove(t, build(t, leaves), 2) {
		got.Proof = append(got.Proof, nodeVector{
			rootVector: newRootVector(n.root()), First: hex.EncodeToString(n.First), Last: hex.EncodeToString(n.Last), Left: n.Left,
		})
	}
	for i, sum := range []uint64{1, 4715, 1 << 40, 1<<63 + 1, 1<<64 - 1} {
		seed := [32]byte{31: byte(i)}
		v := pointVector{Seed: hex.EncodeToString(seed[:]), Sum: sum}
		for _, p := range Points(seed, sum, 8) {
			text, err := json.Marshal(p)
			require.NoError(t, err)
			v.Points = append(v.Points, string(text))
		}
		got.Points = append(got.Points, v)
	}
	debits := Debits(leaves)
	for _, d := range debits {
		got.Debits = append(got.Debits, debitVector{Payer: hex.EncodeToString(d.Payer), SessionKey: hex.EncodeToString(d.SessionKey), Amount: d.Amount})
	}
	seven, eight := ClaimDebits{Provider: "top1provider", Epoch: 7, Debits: debits}.Root(), ClaimDebits{Provider: "top1provider", Epoch: 8, Debits: debits}.Root()
	got.DebitRoot = hex.EncodeToString(seven[:])
	both := DebitRoot([][32]byte{seven, eight})
	got.TwoClaims = hex.EncodeToString(both[:])
	challenge := Challenge([32]byte{}, "top-msg-1", "top1provider", 7, build(t, leaves).Root().Hash)
	got.Challenge = hex.EncodeToString(challenge[:])

	b, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	b = append(b, '\n')
	const file = "testdata/vectors.json"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, b, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(b), "the protocol's bytes changed")
}

func newRootVector(r Root) rootVector {
	return rootVector{Hash: hex.EncodeToString(r.Hash[:]), Sum: r.Sum, Count: r.Count}
}
