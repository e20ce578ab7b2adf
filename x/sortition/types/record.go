package types

import "github.com/topnetwork/top/protocol/sortition"

// Chain is the state of the sealing after the decided sealers; only of a record with a digest.
func (r Record) Chain(chainID string) sortition.Chain {
	chain := sortition.NewChain(chainID, r.Epoch, sortition.Seed(r.Digest))
	if r.Decided > 0 {
		chain.Index, chain.Value = uint64(r.Decided), sortition.Seed(r.Sealers[r.Decided-1].Chain)
	}
	return chain
}

// Turn tells whose turn it is to seal, as index from 1 on; false when nobody's.
func (r Record) Turn() (uint32, bool) {
	return r.Decided + 1, len(r.Digest) > 0 && int(r.Decided) < len(r.Sealers)
}

// Published is the record as protocol/sortition checks it, with the seals that are decided.
func (r Record) Published(chainID string, proofs []Proof) sortition.Record {
	out := sortition.Record{ChainID: chainID, Epoch: r.Epoch, Seed: sortition.Seed(r.Seed)}
	for _, p := range proofs {
		out.Proofs = append(out.Proofs, sortition.KeyProof{Key: p.Key, Proof: p.Proof})
	}
	for _, s := range r.Sealers[:r.Decided] {
		out.Seals = append(out.Seals, sortition.KeyProof{Key: s.Key, Proof: s.Proof})
	}
	return out
}
