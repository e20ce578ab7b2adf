package sortition

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew: a change of the protocol")

// vectors is what another implementation checks itself against (tests/sortition does, in JavaScript). Bytes are hex; 64-bit numbers are texts, since JSON readers lose
// digits above 2^53.
type vectors struct {
	Possession []possessionVector `json:"possession"`
	Record     recordVector       `json:"record"`
	Streams    []streamVector     `json:"streams"`
	Sealers    sealersVector      `json:"sealers"`
	Elections  []electionVector   `json:"elections"`
}

type possessionVector struct {
	ChainID  string `json:"chain_id"`
	Operator string `json:"operator"`
	Secret   string `json:"secret"`
	Key      string `json:"key"`
	Alpha    string `json:"alpha"`
	Proof    string `json:"proof"`
}

type recordVector struct {
	ChainID string        `json:"chain_id"`
	Epoch   uint64        `json:"epoch,string"`
	Seed    string        `json:"seed"`
	Alpha   string        `json:"alpha"`
	Proofs  []proofVector `json:"proofs"`
	Digest  string        `json:"digest"`
	Seals   []proofVector `json:"seals"`
	Next    string        `json:"next_seed"`
}

// proofVector of an absent sealer has a key only. Chain is the chain's value after it.
type proofVector struct {
	Key    string `json:"key"`
	Proof  string `json:"proof,omitempty"`
	Output string `json:"output,omitempty"`
	Chain  string `json:"chain,omitempty"`
}

type streamVector struct {
	Seed string `json:"seed"`
	// Below are the bounds of successive draws; "0" stands for 2^64.
	Below []string `json:"below"`
	Drawn []string `json:"drawn"`
}

type candidateVector struct {
	Operator string `json:"operator"`
	Weight   uint64 `json:"weight,string"`
}

type sealersVector struct {
	ChainID    string            `json:"chain_id"`
	Epoch      uint64            `json:"epoch,string"`
	Seed       string            `json:"seed"`
	Candidates []candidateVector `json:"candidates"`
	Count      int               `json:"count"`
	Sealers    []string          `json:"sealers"`
}

type electionVector struct {
	Case       string            `json:"case"`
	Committee  string            `json:"committee"`
	Epoch      uint64            `json:"epoch,string"`
	Seed       string            `json:"seed"`
	Size       int               `json:"size"`
	Standbys   int               `json:"standbys"`
	Candidates []candidateVector `json:"candidates"`
	Sitting    []string          `json:"sitting"`
	Exclude    []string          `json:"exclude"`
	Members    []string          `json:"members"`
	Drawn      []string          `json:"standbys_drawn"`
	Held       []string          `json:"held"`
	Kept       bool              `json:"kept"`
}

func TestVectors(t *testing.T) {
	got := vectors{
		Possession: []possessionVector{newPossessionVector(t, 0), newPossessionVector(t, 7)},
		Record:     newRecordVector(t, record(t, 5, []int{3, 1, 4, 0}, 1)),
		Streams:    newStreamVectors(),
	}
	pool := make([]Candidate, 40)
	for i := range pool {
		pool[i] = Candidate{Operator: name(i * 37 % 40), Weight: uint64(i%7) * uint64(i*i+1) * 1_000_000_007}
	}
	// One weight above 2^53, where numbers of JavaScript end.
	pool[39].Weight = 1<<60 + 1
	seed := Seed(newEncoder("test").str("a seed").hash())
	sealers, err := Sealers("top-main-1", 9, seed, pool, 16)
	require.NoError(t, err)
	got.Sealers = sealersVector{ChainID: "top-main-1", Epoch: 9, Seed: hex.EncodeToString(seed[:]), Candidates: candidateVectors(pool), Count: 16, Sealers: sealers}

	e := Election{Committee: Committee{Name: "top-shard-1", Size: 13, Standbys: 5}, Epoch: 11, Seed: seed, Candidates: pool}
	add := func(what string) []string {
		out := run(t, e)
		got.Elections = append(got.Elections, newElectionVector(what, e, out))
		return out.Members
	}
	e.Committee.Sitting = add("a new committee")
	e.Epoch++
	e.Committee.Sitting = add("two of thirteen seats rotate")
	e.Epoch++
	e.Committee.Size = 21
	e.Committee.Sitting = add("the committee grows")
	e.Epoch++
	e.Exclude = e.Committee.Sitting[:5]
	e.Committee.Sitting = add("five are excluded: two leave, three are held")
	e.Epoch++
	e.Exclude = nil
	e.Candidates = pool[:20]
	add("too few candidates: everyone sits on")
	e.Epoch = math.MaxUint64
	e.Candidates = pool
	e.Committee.Size, e.Committee.Standbys = 7, 0
	add("the committee shrinks, in the last epoch")

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

func newPossessionVector(t *testing.T, i int) possessionVector {
	v := possessionVector{ChainID: "top-main-1", Operator: name(i), Secret: hex.EncodeToString(secret(i)), Key: hex.EncodeToString(public(t, i))}
	alpha := possessionAlpha(v.ChainID, v.Operator, public(t, i))
	proof, err := ProvePossession(v.ChainID, v.Operator, secret(i))
	require.NoError(t, err)
	v.Alpha, v.Proof = hex.EncodeToString(alpha[:]), hex.EncodeToString(proof)
	return v
}

// newRecordVector follows the record step by step, beside Record.Next.
func newRecordVector(t *testing.T, r Record) recordVector {
	alpha := Alpha(r.ChainID, r.Epoch, r.Seed)
	v := recordVector{ChainID: r.ChainID, Epoch: r.Epoch, Seed: hex.EncodeToString(r.Seed[:]), Alpha: hex.EncodeToString(alpha[:])}
	outputs := []Output{}
	for _, p := range r.Proofs {
		output := verified(t, p, alpha)
		outputs = append(outputs, output)
		v.Proofs = append(v.Proofs, proofVector{Key: hex.EncodeToString(p.Key), Proof: hex.EncodeToString(p.Proof), Output: hex.EncodeToString(output[:])})
	}
	digest, err := Digest(alpha, outputs)
	require.NoError(t, err)
	v.Digest = hex.EncodeToString(digest[:])
	chain := NewChain(r.ChainID, r.Epoch, digest)
	for _, s := range r.Seals {
		seal := proofVector{Key: hex.EncodeToString(s.Key), Proof: hex.EncodeToString(s.Proof)}
		if len(s.Proof) == 0 {
			chain = chain.Absent()
		} else {
			output := verified(t, s, chain.Alpha())
			seal.Output = hex.EncodeToString(output[:])
			chain = chain.Seal(output)
		}
		seal.Chain = hex.EncodeToString(chain.Value[:])
		v.Seals = append(v.Seals, seal)
	}
	next, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, chain.Value, next)
	v.Next = hex.EncodeToString(next[:])
	return v
}

func newStreamVectors() []streamVector {
	streams := []streamVector{}
	for i, bounds := range [][]uint64{{0, 0, 0, 0, 0}, {1, 2, 3, 10, 1000, 1 << 40}, {1<<63 + 1, 1<<63 + 1, 1<<63 + 1, 1<<63 + 1, math.MaxUint64}} {
		seed := Seed{31: byte(i)}
		v, s := streamVector{Seed: hex.EncodeToString(seed[:])}, NewStream(seed)
		for _, n := range bounds {
			v.Below = append(v.Below, strconv.FormatUint(n, 10))
			v.Drawn = append(v.Drawn, strconv.FormatUint(s.Below(n), 10))
		}
		streams = append(streams, v)
	}
	return streams
}

func candidateVectors(pool []Candidate) []candidateVector {
	v := []candidateVector{}
	for _, c := range pool {
		v = append(v, candidateVector(c))
	}
	return v
}

func newElectionVector(what string, e Election, out Outcome) electionVector {
	return electionVector{
		Case: what, Committee: e.Committee.Name, Epoch: e.Epoch, Seed: fmt.Sprintf("%x", e.Seed), Size: e.Committee.Size, Standbys: e.Committee.Standbys,
		Candidates: candidateVectors(e.Candidates), Sitting: e.Committee.Sitting, Exclude: e.Exclude,
		Members: out.Members, Drawn: out.Standbys, Held: out.Held, Kept: out.Kept,
	}
}
