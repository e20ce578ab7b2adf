package ibc

import (
	"context"
	"errors"
	"fmt"
	"time"

	rpcclient "github.com/cometbft/cometbft/rpc/client"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	commitmenttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types/v2"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
)

// view is a height of a chain from which proofs are taken.
type view struct {
	height int64
	time   time.Time
	// root of the state after height − 1, which the header of height names.
	root []byte
}

// view of the newest height.
func (e *Endpoint) view(ctx context.Context) (view, error) {
	height, err := e.latest(ctx)
	if err != nil {
		return view{}, err
	}
	v := view{height: height}
	err = e.nodes.ask(ctx, func(at node) error {
		commit, err := e.commit(ctx, at, height)
		if err == nil {
			v.time, v.root = commit.Time, commit.AppHash
		}
		return err
	})
	if err != nil {
		return view{}, fmt.Errorf("newest header of %s: %w", e.ChainID(), err)
	}
	return v, nil
}

// proof of a key in the chain's IBC store that verifies against the view's root. value is empty when the key is absent, and the proof is one of absence then.
func (e *Endpoint) proof(ctx context.Context, key []byte, v view) (value, proof []byte, err error) {
	return e.proofIn(ctx, ibcexported.StoreKey, key, v)
}

// proofIn any of the chain's stores.
func (e *Endpoint) proofIn(ctx context.Context, store string, key []byte, v view) (value, proof []byte, err error) {
	err = e.nodes.ask(ctx, func(at node) error {
		value, proof, err = proofFrom(ctx, at, store, key, v)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("proof on %s at %d: %w", e.ChainID(), v.height-1, err)
	}
	return value, proof, nil
}

func proofFrom(ctx context.Context, at node, store string, key []byte, v view) (value, proof []byte, err error) {
	res, err := at.ABCIQueryWithOptions(ctx, "store/"+store+"/key", key, rpcclient.ABCIQueryOptions{Height: v.height - 1, Prove: true})
	if err != nil {
		return nil, nil, err
	}
	r := res.Response
	if r.Code != 0 || r.Height != v.height-1 {
		return nil, nil, fmt.Errorf("answered height %d, code %d: %s", r.Height, r.Code, r.Log)
	}
	if r.ProofOps == nil {
		return nil, nil, errors.New("there is no proof in the answer")
	}
	merkle, err := commitmenttypes.ConvertProofs(r.ProofOps)
	if err != nil {
		return nil, nil, err
	}
	if err := verify(merkle, v.root, store, key, r.Value); err != nil {
		return nil, nil, fmt.Errorf("the proof does not fit the header: %w", err)
	}
	proof, err = merkle.Marshal()
	return r.Value, proof, err
}

// verify a proof as the other chain's light client will.
func verify(proof commitmenttypes.MerkleProof, root []byte, store string, key, value []byte) error {
	path := commitmenttypesv2.NewMerklePath([]byte(store), key)
	against := commitmenttypes.NewMerkleRoot(root)
	if len(value) == 0 {
		return proof.VerifyNonMembership(commitmenttypes.GetSDKSpecs(), against, path)
	}
	return proof.VerifyMembership(commitmenttypes.GetSDKSpecs(), against, path, value)
}

// proofHeight is a height of the chain as light clients name it.
func (e *Endpoint) proofHeight(height int64) clienttypes.Height {
	return clienttypes.NewHeight(e.revision(), uint64(height))
}
