package sortition

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
)

// Output is what a VRF proof verifies to.
type Output = [ecvrf.OutputSize]byte

// Alpha is what candidates prove in epoch e, over the seed that is in force.
func Alpha(chainID string, epoch uint64, seed Seed) Seed {
	return newEncoder(domainAlpha).str(chainID).u64(epoch).seed(seed).hash()
}

// Digest closes the collection: a hash over alpha and all outputs, sorted, so that the order in which blocks took them is nothing to choose. It may be of no output at
// all: the seals still make a new seed, and the elections keep sitting members.
func Digest(alpha Seed, outputs []Output) (Seed, error) {
	sorted := slices.SortedFunc(slices.Values(outputs), func(a, b Output) int { return bytes.Compare(a[:], b[:]) })
	e := newEncoder(domainDigest).seed(alpha).u64(uint64(len(sorted)))
	for i := range sorted {
		if i > 0 && sorted[i-1] == sorted[i] {
			return Seed{}, fmt.Errorf("%w: an output stands twice; count each key once", ErrDuplicate)
		}
		e.bytes(sorted[i][:])
	}
	return e.hash(), nil
}

// Sealers draws, by weight, the ordered list of those who seal an epoch. It depends on the seed in force before collection begins, so no proof can choose the sealers.
func Sealers(chainID string, epoch uint64, seed Seed, candidates []Candidate, count int) ([]string, error) {
	sorted, err := canonical(candidates)
	if err != nil {
		return nil, err
	}
	return draw(drawStream(purposeSealers, chainID, epoch, seed), sorted, count)
}

// Chain is the state of the sealing: the number of sealers that were heard or given up, and the value so far.
type Chain struct {
	ChainID string
	Epoch   uint64
	Digest  Seed
	Index   uint64
	Value   Seed
}

// NewChain begins the sealing of a digest.
func NewChain(chainID string, epoch uint64, digest Seed) Chain {
	return Chain{ChainID: chainID, Epoch: epoch, Digest: digest, Value: digest}
}

// Alpha is what the next sealer proves. It names everything before, so nobody can compute it, or any later one, in advance.
func (c Chain) Alpha() Seed {
	return newEncoder(domainSeal).str(c.ChainID).u64(c.Epoch).seed(c.Digest).u64(c.Index + 1).seed(c.Value).hash()
}

// Seal is the chain after the next sealer's output, from a proof over Alpha.
func (c Chain) Seal(output Output) Chain { return c.next(output[:]) }

// Absent is the chain after a sealer who was not heard within its blocks.
func (c Chain) Absent() Chain { return c.next([]byte("absent")) }

func (c Chain) next(what []byte) Chain {
	c.Value = newEncoder(domainChain).seed(c.Value).bytes(what).hash()
	c.Index++
	return c
}

// KeyProof is a proof with the key that it is of.
type KeyProof struct{ Key, Proof []byte }

// Record is all that the main chain published about the making of a seed: anyone checks it and makes the seed again.
type Record struct {
	ChainID string
	Epoch   uint64
	// Seed was in force when the epoch began.
	Seed Seed
	// Proofs are those of the candidates, in any order.
	Proofs []KeyProof
	// Seals are those of the sealers, in their order; an empty proof stands for absence.
	Seals []KeyProof
}

// Next verifies every proof and every seal and returns seed(e + 1).
func (r Record) Next() (Seed, error) {
	if len(r.Seals) == 0 {
		return Seed{}, fmt.Errorf("%w: no sealers; whoever proves last would choose the seed", ErrTooFew)
	}
	chain, err := r.Chain()
	return chain.Value, err
}

// Chain verifies every proof and every seal so far.
func (r Record) Chain() (Chain, error) {
	alpha := Alpha(r.ChainID, r.Epoch, r.Seed)
	outputs := make([]Output, len(r.Proofs))
	for i, p := range r.Proofs {
		var err error
		if outputs[i], err = ecvrf.Verify(p.Key, alpha[:], p.Proof); err != nil {
			return Chain{}, fmt.Errorf("proof %d: %w", i, err)
		}
	}
	digest, err := Digest(alpha, outputs)
	if err != nil {
		return Chain{}, err
	}
	chain := NewChain(r.ChainID, r.Epoch, digest)
	for i, s := range r.Seals {
		if len(s.Proof) == 0 {
			chain = chain.Absent()
			continue
		}
		alpha := chain.Alpha()
		output, err := ecvrf.Verify(s.Key, alpha[:], s.Proof)
		if err != nil {
			return Chain{}, fmt.Errorf("seal %d: %w", i+1, err)
		}
		chain = chain.Seal(output)
	}
	return chain, nil
}
