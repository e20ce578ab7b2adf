package keeper

import (
	"context"
	"errors"
	"fmt"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	lighttypes "github.com/topnetwork/top/x/light/types"

	"github.com/topnetwork/top/x/lattice/types"
)

// mainChain is its id as a ledger; empty where there is none.
func (k *Keeper) mainChain(ctx context.Context) (string, error) {
	main, err := k.main.MainChain(ctx)
	if errors.Is(err, lighttypes.ErrNoMainChain) {
		return "", nil
	}
	return main, err
}

// forMain tells whether a receipt is for the main chain: what is sent to its gate, and what came from there and goes back.
func forMain(r *receipt.Receipt) bool {
	if r.Return {
		return r.Main
	}
	return r.To == receipt.GateAddress()
}

// checkOrigin of a ledger's receipts: only the main chain sends for accounts of its own, and what comes back to this shard was sent by accounts of shards.
func checkOrigin(receipts []receipt.Receipt, ofMain bool) error {
	for i := range receipts {
		if r := &receipts[i]; r.Main != (ofMain && !r.Return) {
			return fmt.Errorf("%w: receipt %d is of an account that its source does not speak for", lattice.ErrMalformed, i)
		}
	}
	return nil
}

// provenByMain tells whether the main chain's gate has a key with a value.
func (k *Keeper) provenByMain(ctx context.Context, key, value []byte, proof *types.Proof) error {
	return k.main.Proven(ctx, proof.MainHeight, gatetypes.StoreKey, key, value, proof.Ops)
}
