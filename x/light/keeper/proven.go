package keeper

import (
	"context"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"

	"github.com/topnetwork/top/x/light/types"
)

// Proven tells whether the main chain had the value under a raw key of a named store in its state after height − 1, which the kept header of height commits.
// A header that was trusted once stays so: its trusting period is for those that are proven from it.
func (k *Keeper) Proven(ctx context.Context, height int64, store string, key, value []byte, proof *cmtcrypto.ProofOps) error {
	h, err := k.provable(ctx, height)
	if err != nil {
		return err
	}
	return types.ProvenIn(h.AppHash, store, key, value, proof)
}

// ProvenAbsent tells the same of a key that is not there.
func (k *Keeper) ProvenAbsent(ctx context.Context, height int64, store string, key []byte, proof *cmtcrypto.ProofOps) error {
	h, err := k.provable(ctx, height)
	if err != nil {
		return err
	}
	return types.ProvenAbsentIn(h.AppHash, store, key, proof)
}

// provable header of a height: nothing is proven by a frozen client.
func (k *Keeper) provable(ctx context.Context, height int64) (types.Header, error) {
	if _, err := k.active(ctx); err != nil {
		return types.Header{}, err
	}
	return k.Header(ctx, height)
}
