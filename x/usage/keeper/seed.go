package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	"github.com/topnetwork/top/x/usage/types"
)

// DeliverSeed takes the main chain's seed that the oldest claim waits for, from anyone: the light client proves that it is the main chain's, and the claim says which one it
// is. So nobody chooses among seeds, by whatever they bring or hold back.
func (k *Keeper) DeliverSeed(ctx context.Context, msg *types.MsgDeliverSeed) (*types.MsgDeliverSeedResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return nil, err
	}
	if chain.MainClientId == "" {
		return nil, errorsmod.Wrap(types.ErrSeed, "the main chain is not linked yet: its founder runs `relayer link`")
	}
	waiting, err := k.awaitsSeed(ctx)
	if err != nil {
		return nil, err
	}
	var seed sortitiontypes.PublishedSeed
	if err := seed.Unmarshal(msg.Value); err != nil {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "value: %s", err)
	}
	if err := seed.Validate(); err != nil {
		return nil, errorsmod.Wrapf(types.ErrInvalid, "value: %s", err)
	}
	if seed.Epoch != msg.Epoch || !waiting.ChallengedBy(seed) {
		m := waiting.Committed()
		return nil, errorsmod.Wrapf(types.ErrSeed, "seed of epoch %d: the oldest claim waits for the first that was sealed after main height %d and %d ns (query sortition seed-after on the main chain)",
			msg.Epoch, m.Height, m.Time)
	}
	err = k.clients.VerifyStored(sdk.UnwrapSDKContext(ctx), chain.MainClientId, msg.ProofHeight, sortitiontypes.StoreKey, sortitiontypes.PublishedSeedKey(msg.Epoch), msg.Value, msg.Proof)
	if err != nil {
		return nil, errorsmod.Wrapf(types.ErrSeed, "seed of epoch %d: %s", msg.Epoch, err)
	}
	if err := k.seed.Set(ctx, seed); err != nil {
		return nil, err
	}
	return &types.MsgDeliverSeedResponse{}, emit(ctx, &types.EventSeedDelivered{Epoch: seed.Epoch, Seed: bytes.Clone(seed.Seed)})
}

// awaitsSeed is the oldest claim that waits for a seed which is not here.
func (k *Keeper) awaitsSeed(ctx context.Context) (types.Claim, error) {
	var (
		c     types.Claim
		found bool
	)
	err := k.challengeQueue.Walk(ctx, nil, func(key queueKey) (bool, error) {
		c, found = k.readable(ctx, key)
		return found, nil
	})
	if err != nil {
		return c, err
	}
	if !found {
		return c, errorsmod.Wrap(types.ErrNotAwaited, "no claim waits for one")
	}
	seed, err := k.seed.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return c, nil
	}
	if err == nil && c.ChallengedBy(seed) {
		err = errorsmod.Wrapf(types.ErrNotAwaited, "that of epoch %d is here, its challenges are drawn in the next block", seed.Epoch)
	}
	return c, err
}
