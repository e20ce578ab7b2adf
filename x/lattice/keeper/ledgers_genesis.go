package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/lattice/types"
)

// initLedgers sets what genesis says of other ledgers.
func (k *Keeper) initLedgers(ctx context.Context, gs *types.GenesisState) error {
	for _, m := range gs.Members {
		if err := k.Members.Set(ctx, collections.Join(m.Ledger, m.Term), m); err != nil {
			return err
		}
	}
	for _, o := range gs.Outboxes {
		if err := k.Outboxes.Set(ctx, o.Destination, o.Outbox); err != nil {
			return err
		}
		for _, encoded := range o.Batches {
			batch, err := receipt.Decode(encoded)
			if err != nil {
				return err
			}
			if err := k.Batches.Set(ctx, collections.Join(o.Destination, batch.Height), encoded); err != nil {
				return err
			}
		}
	}
	for _, i := range gs.Inboxes {
		if err := k.Inboxes.Set(ctx, i.Source, i.Inbox); err != nil {
			return err
		}
	}
	return nil
}

// exportLedgers writes what the shard knows of other ledgers.
func (k *Keeper) exportLedgers(ctx context.Context, gs *types.GenesisState) error {
	if err := k.Members.Walk(ctx, nil, func(_ collections.Pair[string, uint64], m types.Members) (bool, error) {
		gs.Members = append(gs.Members, m)
		return false, nil
	}); err != nil {
		return err
	}
	if err := k.Inboxes.Walk(ctx, nil, func(source string, i types.Inbox) (bool, error) {
		gs.Inboxes = append(gs.Inboxes, types.NamedInbox{Source: source, Inbox: i})
		return false, nil
	}); err != nil {
		return err
	}
	return k.Outboxes.Walk(ctx, nil, func(destination string, o types.Outbox) (bool, error) {
		named := types.NamedOutbox{Destination: destination, Outbox: o}
		waiting := collections.NewPrefixedPairRange[string, uint64](destination)
		err := k.Batches.Walk(ctx, waiting, func(_ collections.Pair[string, uint64], batch []byte) (bool, error) {
			named.Batches = append(named.Batches, batch)
			return false, nil
		})
		gs.Outboxes = append(gs.Outboxes, named)
		return false, err
	})
}

// moved coins: all that ever left for other ledgers, and all that ever came from them.
func (k *Keeper) moved(ctx context.Context) (sent, received sdk.Coins, err error) {
	if err := k.Outboxes.Walk(ctx, nil, func(_ string, o types.Outbox) (bool, error) {
		sent = sent.Add(o.Total...)
		return false, nil
	}); err != nil {
		return nil, nil, err
	}
	err = k.Inboxes.Walk(ctx, nil, func(_ string, i types.Inbox) (bool, error) {
		received = received.Add(i.Total...)
		return false, nil
	})
	return sent, received, err
}
