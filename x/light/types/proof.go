package types

import (
	"bytes"

	errorsmod "cosmossdk.io/errors"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/topnetwork/top/protocol/verify"
)

// ProvenIn tells whether an SDK chain's state that the app hash commits has the value under the raw key of a named store. The app hash of header h commits the state after h − 1.
// The proof is what an ABCI query of /store/NAME/key with prove answers. Empty values cannot be proven.
func ProvenIn(appHash []byte, store string, key, value []byte, proof *cmtcrypto.ProofOps) error {
	path, err := pathOf(store, key, value, proof)
	if err != nil {
		return err
	}
	if err := path.Holds(appHash, store, key, value); err != nil {
		return errorsmod.Wrap(ErrProof, err.Error())
	}
	return nil
}

// ProvenAbsentIn tells the same of a key that is not there. Of an empty store nothing can be proven.
func ProvenAbsentIn(appHash []byte, store string, key []byte, proof *cmtcrypto.ProofOps) error {
	path, err := pathOf(store, key, nil, proof)
	if err != nil {
		return err
	}
	if err := path.Lacks(appHash, store, key); err != nil {
		return errorsmod.Wrap(ErrProof, err.Error())
	}
	return nil
}

// pathOf exactly two operations, the key's in the store and the store's in the multistore: one more would make a leaf of what is a root.
func pathOf(store string, key, value []byte, proof *cmtcrypto.ProofOps) (verify.Path, error) {
	if err := checkProof(store, key, value, proof); err != nil {
		return verify.Path{}, err
	}
	want := []cmtcrypto.ProofOp{{Type: storetypes.ProofOpIAVLCommitment, Key: key}, {Type: storetypes.ProofOpSimpleMerkleCommitment, Key: []byte(store)}}
	if len(proof.Ops) != len(want) {
		return verify.Path{}, errorsmod.Wrapf(ErrProof, "%d operations, want %d: the key in the store and the store in the multistore", len(proof.Ops), len(want))
	}
	for i, op := range proof.Ops {
		if op.Type != want[i].Type || !bytes.Equal(op.Key, want[i].Key) {
			return verify.Path{}, errorsmod.Wrapf(ErrProof, "operation %d is %s of key %x, want %s of %x", i, op.Type, op.Key, want[i].Type, want[i].Key)
		}
	}
	path, err := verify.DecodePath(proof.Ops[0].Data, proof.Ops[1].Data)
	if err != nil {
		return verify.Path{}, errorsmod.Wrap(ErrProof, err.Error())
	}
	return path, nil
}
