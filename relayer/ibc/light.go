package ibc

import (
	"context"
	"fmt"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	rpcclient "github.com/cometbft/cometbft/rpc/client"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
)

// Latest is the newest height whose commit a node can prove.
func (e *Endpoint) Latest(ctx context.Context) (int64, error) { return e.latest(ctx) }

// HeaderTowards a height for a light client, of whatever kind, that trusts a header and the next validators that it names: that height, or the last one before it that two thirds of these have signed.
func (e *Endpoint) HeaderTowards(ctx context.Context, height, trusted int64, nextValidators []byte) (*ibctm.Header, error) {
	heights, err := e.routeFrom(ctx, e.nodes.ask, trusted, height, trustLevel)
	if err != nil {
		return nil, fmt.Errorf("headers of %s from %d to %d: %w", e.ChainID(), trusted, height, err)
	}
	if len(heights) == 0 {
		return nil, fmt.Errorf("header %d of %s is behind %d, which is trusted", height, e.ChainID(), trusted)
	}
	return e.header(ctx, heights[0], clienttypes.NewHeight(e.revision(), uint64(trusted)), nextValidators)
}

// Prove the value under a key of any of the chain's stores, in the state that the app hash of a height's header commits. The value is empty when the key is absent.
func (e *Endpoint) Prove(ctx context.Context, store string, key []byte, height int64, appHash []byte) (value []byte, ops *cmtcrypto.ProofOps, err error) {
	err = e.nodes.ask(ctx, func(at node) error {
		res, err := at.ABCIQueryWithOptions(ctx, "store/"+store+"/key", key, rpcclient.ABCIQueryOptions{Height: height - 1, Prove: true})
		if err != nil {
			return err
		}
		r := res.Response
		if r.Code != 0 || r.Height != height-1 || r.ProofOps == nil {
			return fmt.Errorf("answered height %d, code %d: %s", r.Height, r.Code, r.Log)
		}
		merkle, err := commitmenttypes.ConvertProofs(r.ProofOps)
		if err != nil {
			return err
		}
		if err := verify(merkle, appHash, store, key, r.Value); err != nil {
			return fmt.Errorf("the proof does not fit the header: %w", err)
		}
		value, ops = r.Value, r.ProofOps
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("proof on %s at %d: %w", e.ChainID(), height-1, err)
	}
	return value, ops, nil
}
