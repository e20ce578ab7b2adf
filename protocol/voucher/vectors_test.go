package voucher_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew: a change of the protocol")

// vectors is what another implementation checks itself against. Bytes are hex.
type vectors struct {
	ProviderSeed string `json:"provider_seed"`
	ClientSeed   string `json:"client_seed"`
	Offer        signed `json:"offer"`
	Open         signed `json:"open"`
	// Voucher's hash is of the client's sign bytes.
	Voucher           signed `json:"voucher"`
	ProviderSignBytes string `json:"voucher_provider_sign_bytes"`
	ProviderSignature string `json:"voucher_provider_signature"`
	Evidence          string `json:"evidence"`
	EvidenceHash      string `json:"evidence_hash"`
	ProviderKeyProof  string `json:"provider_key_sign_bytes"`
	HashChain         chain  `json:"hash_chain"`
	// Float[i] is after i paid rounds, for a tick of 10 and a limit of 2000 utop.
	Float []uint64 `json:"float_10_2000"`
}

type signed struct {
	Proto     string `json:"proto"`
	SignBytes string `json:"sign_bytes"`
	Hash      string `json:"hash"`
	Signature string `json:"signature"`
}

type chain struct {
	Seed      string            `json:"seed"`
	Length    uint64            `json:"length"`
	Anchor    string            `json:"anchor"`
	Preimages map[uint64]string `json:"preimages"`
}

func TestVectors(t *testing.T) {
	s := newSession()
	require.NoError(t, s.verify())
	offerHash, sessionID, evidenceHash, anchor := s.offer.Hash(), s.open.SessionID(), s.evidence().Hash(), s.chain.Anchor()
	got := vectors{
		ProviderSeed:      hex.EncodeToString(s.provider.Seed()),
		ClientSeed:        hex.EncodeToString(s.client.Seed()),
		Offer:             newSigned(t, s.offer, s.offer.SignBytes(), offerHash, s.offer.Signature),
		Open:              newSigned(t, s.open, s.open.SignBytes(), sessionID, s.open.Signature),
		Voucher:           newSigned(t, s.voucher, s.voucher.SignBytes(), sha256.Sum256(s.voucher.SignBytes()), s.voucher.ClientSignature),
		ProviderSignBytes: hex.EncodeToString(s.voucher.ProviderSignBytes()),
		ProviderSignature: hex.EncodeToString(s.voucher.ProviderSignature),
		Evidence:          hex.EncodeToString(encode(t, s.evidence())),
		EvidenceHash:      hex.EncodeToString(evidenceHash[:]),
		ProviderKeyProof:  hex.EncodeToString(voucher.ProviderKeySignBytes("top-main-1", chainID, "top1provider", public(s.provider))),
		HashChain:         chain{Seed: hex.EncodeToString(append([]byte{1}, make([]byte, 31)...)), Length: 1000, Anchor: hex.EncodeToString(anchor[:])},
	}
	got.HashChain.Preimages = map[uint64]string{}
	for _, index := range []uint64{1, 2, 31, 32, 33, 500, 999, 1000} {
		got.HashChain.Preimages[index] = hex.EncodeToString(s.preimage(t, index))
	}
	for rounds := range uint64(22) {
		got.Float = append(got.Float, voucher.Float(10, 2000, rounds))
	}
	compare(t, "testdata/vectors.json", got)
}

func newSigned(t *testing.T, m message, signBytes []byte, hash [32]byte, signature []byte) signed {
	return signed{
		Proto: hex.EncodeToString(encode(t, m)), SignBytes: hex.EncodeToString(signBytes),
		Hash: hex.EncodeToString(hash[:]), Signature: hex.EncodeToString(signature),
	}
}

func compare(t *testing.T, file string, got vectors) {
	b, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	b = append(b, '\n')
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, b, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(b), "the protocol's bytes changed")
}

// The published evidence, decoded from its bytes, verifies.
func TestPublishedEvidenceVerifies(t *testing.T) {
	b, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(b, &v))
	raw, err := hex.DecodeString(v.Evidence)
	require.NoError(t, err)
	var e voucher.Evidence
	require.NoError(t, e.Unmarshal(raw))
	require.NoError(t, voucher.VerifyEvidence(&e, chainID, inEpoch))
	hash := e.Hash()
	require.Equal(t, v.EvidenceHash, hex.EncodeToString(hash[:]))
}
