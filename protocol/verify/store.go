package verify

import (
	"bytes"
	"fmt"

	ics23 "github.com/cosmos/ics23/go"
)

// Path from a key to a header's app hash: the key's proof in its store, an IAVL tree, and the store's in the multistore (cosmos-sdk store/v2 rootmulti).
// Only single proofs are read: decompressing a stranger's batch can go out of bounds (ics23 v0.11, decompressExist).
type Path struct {
	InStore, InMultistore *ics23.CommitmentProof
}

// DecodePath of the data of the two proof operations that an ABCI query with a proof answers, the store's first.
func DecodePath(operations ...[]byte) (Path, error) {
	if len(operations) != 2 {
		return Path{}, fmt.Errorf("%w: %d operations, want two", ErrProof, len(operations))
	}
	p := Path{InStore: &ics23.CommitmentProof{}, InMultistore: &ics23.CommitmentProof{}}
	for i, proof := range []*ics23.CommitmentProof{p.InStore, p.InMultistore} {
		if err := proof.Unmarshal(operations[i]); err != nil {
			return Path{}, fmt.Errorf("%w: operation %d: %w", ErrProof, i, err)
		}
	}
	return p, nil
}

// Holds tells whether the named store had the value under the key in the state that the app hash commits. An empty value cannot be proven.
func (p Path) Holds(appHash []byte, store string, key, value []byte) error {
	exists := p.InStore.GetExist()
	if exists == nil {
		return fmt.Errorf("%w: the first operation proves no single key", ErrProof)
	}
	root, err := exists.Calculate()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err := exists.Verify(ics23.IavlSpec, root, key, value); err != nil {
		return fmt.Errorf("%w: key %x is not proven in store %q with this value: %w", ErrProof, key, store, err)
	}
	return p.storeHas(appHash, store, root)
}

// Lacks tells whether the named store had nothing under the key in the state that the app hash commits. Of an empty store nothing can be proven.
func (p Path) Lacks(appHash []byte, store string, key []byte) error {
	absent := p.InStore.GetNonexist()
	if absent == nil {
		return fmt.Errorf("%w: the first operation proves no key's absence", ErrProof)
	}
	root, err := absent.Calculate()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err := absent.Verify(ics23.IavlSpec, root, key); err != nil {
		return fmt.Errorf("%w: key %x is not proven to be absent from store %q: %w", ErrProof, key, store, err)
	}
	return p.storeHas(appHash, store, root)
}

// storeHas the root in the multistore of the app hash.
func (p Path) storeHas(appHash []byte, store string, root []byte) error {
	exists := p.InMultistore.GetExist()
	if exists == nil {
		return fmt.Errorf("%w: the second operation proves no single store", ErrProof)
	}
	if !bytes.Equal(exists.Key, []byte(store)) {
		return fmt.Errorf("%w: the proof is of store %q, want %q", ErrProof, exists.Key, store)
	}
	if err := exists.Verify(ics23.TendermintSpec, appHash, []byte(store), root); err != nil {
		return fmt.Errorf("%w: store %q is not in the app hash %x: %w", ErrProof, store, appHash, err)
	}
	return nil
}
