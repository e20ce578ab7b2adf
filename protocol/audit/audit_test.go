package audit

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the vectors anew")

// vector of what other programs must sign.
type vector struct {
	Network   string `json:"network"`
	Shard     string `json:"shard"`
	Height    uint64 `json:"height"`
	Hash      string `json:"header_hash"`
	Confirm   bool   `json:"confirm"`
	Secret    string `json:"secret"`
	SignBytes string `json:"sign_bytes"`
	Signature string `json:"signature"`
}

func vectors() (list []vector) {
	for i, c := range []Audit{
		{Network: "top-main-1", Shard: "top-z0.s-1", Height: 1, Confirm: true},
		{Network: "top-main-1", Shard: "top-z1.s11-1", Height: 1 << 40},
		{Network: "top-main-2", Shard: "top-z7.s1110101010-18446744073709551615", Height: 1<<64 - 1, Confirm: true},
	} {
		c.HeaderHash = []byte(strings.Repeat(string(rune('a'+i)), HashSize))
		secret := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('k'+i)), ed25519.SeedSize)))
		list = append(list, vector{
			Network: c.Network, Shard: c.Shard, Height: c.Height, Hash: hex.EncodeToString(c.HeaderHash), Confirm: c.Confirm,
			Secret: hex.EncodeToString(secret.Seed()), SignBytes: hex.EncodeToString(c.SignBytes()), Signature: hex.EncodeToString(ed25519.Sign(secret, c.SignBytes())),
		})
	}
	return list
}

// A byte that changes is a new domain.
func TestVectors(t *testing.T) {
	const file = "testdata/vectors.json"
	if *update {
		raw, err := json.MarshalIndent(vectors(), "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(raw, '\n'), 0o644))
	}
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var want []vector
	require.NoError(t, json.Unmarshal(raw, &want))
	require.Equal(t, want, vectors())
}

// A signature counts for what was signed alone.
func TestSignaturesCountOnce(t *testing.T) {
	secret := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	key := secret.Public().(ed25519.PublicKey)
	a := Audit{Network: "top-main-1", Shard: "top-z0.s0-1", Height: 7, HeaderHash: make([]byte, HashSize), Confirm: true}
	signature := ed25519.Sign(secret, a.SignBytes())
	require.NoError(t, a.Verify(key, signature))
	for name, change := range map[string]func(*Audit){
		"network": func(a *Audit) { a.Network = "top-main-2" },
		"shard":   func(a *Audit) { a.Shard = "top-z0.s0-2" },
		"moved":   func(a *Audit) { a.Network, a.Shard = "top-main-1t", "op-z0.s0-1" },
		"height":  func(a *Audit) { a.Height++ },
		"hash":    func(a *Audit) { a.HeaderHash = append([]byte{1}, a.HeaderHash[1:]...) },
		"verdict": func(a *Audit) { a.Confirm = false },
	} {
		other := a
		change(&other)
		require.ErrorIs(t, other.Verify(key, signature), ErrSignature, name)
	}
	require.ErrorIs(t, a.Verify(key[1:], signature), ErrMalformed)
	for name, change := range map[string]func(*Audit){
		"network": func(a *Audit) { a.Network = "" },
		"shard":   func(a *Audit) { a.Shard = strings.Repeat("s", maxName+1) },
		"height":  func(a *Audit) { a.Height = 0 },
		"hash":    func(a *Audit) { a.HeaderHash = nil },
	} {
		other := a
		change(&other)
		require.ErrorIs(t, other.Verify(key, signature), ErrMalformed, name)
	}
}
