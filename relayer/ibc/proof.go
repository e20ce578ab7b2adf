package ibc

import (
	"context"
	"fmt"

	rpcclient "github.com/cometbft/cometbft/rpc/client"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
)

// proof of a key in the chain's IBC store that verifies against the header of height: it is taken from the state after height − 1.
// value is empty when the key is absent, and the proof is one of absence then.
func (e *Endpoint) proof(ctx context.Context, key []byte, height int64) (value, proof []byte, err error) {
	res, err := e.rpc.ABCIQueryWithOptions(ctx, "store/"+ibcexported.StoreKey+"/key", key, rpcclient.ABCIQueryOptions{Height: height - 1, Prove: true})
	if err != nil {
		return nil, nil, fmt.Errorf("proof on %s: %w", e.ChainID(), err)
	}
	r := res.Response
	if r.Code != 0 || r.Height != height-1 {
		return nil, nil, fmt.Errorf("proof on %s at %d: answered height %d, code %d: %s", e.ChainID(), height-1, r.Height, r.Code, r.Log)
	}
	merkle, err := commitmenttypes.ConvertProofs(r.ProofOps)
	if err != nil {
		return nil, nil, fmt.Errorf("proof on %s at %d: %w", e.ChainID(), height-1, err)
	}
	proof, err = merkle.Marshal()
	return r.Value, proof, err
}

// proofHeight is a height of the chain as light clients name it.
func (e *Endpoint) proofHeight(height int64) clienttypes.Height {
	return clienttypes.NewHeight(e.revision(), uint64(height))
}
