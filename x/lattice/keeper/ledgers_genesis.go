package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
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
		if err := k.depart(ctx, o.Outbox.Total); err != nil {
			return err
		}
		for _, encoded := range o.Batches {
			batch, err := receipt.Decode(encoded)
			if err != nil {
				return err
			}
			if err := k.keep(ctx, o.Destination, batch.Height, encoded); err != nil {
				return err
			}
		}
	}
	for _, i := range gs.Inboxes {
		if err := k.Inboxes.Set(ctx, i.Source, i.Inbox); err != nil {
			return err
		}
		for _, c := range i.Inbox.Total {
			if err := k.move(ctx, c.Denom, c.Amount); err != nil {
				return err
			}
		}
	}
	return k.initStandings(ctx, gs)
}

// initStandings sets what genesis says of the main chain's word, and of the own committee.
func (k *Keeper) initStandings(ctx context.Context, gs *types.GenesisState) error {
	if gs.Term > 0 {
		if err := k.Term.Set(ctx, gs.Term); err != nil {
			return err
		}
	}
	if gs.FinalHeight > 0 {
		if err := k.Final.Set(ctx, gs.FinalHeight); err != nil {
			return err
		}
	}
	for _, s := range gs.Standings {
		if err := k.Standings.Set(ctx, s.Ledger, s); err != nil {
			return err
		}
	}
	for _, u := range gs.Unaudited {
		if err := k.addUnaudited(ctx, u.Source, u.Height, u.Utop); err != nil {
			return err
		}
	}
	for _, s := range gs.Settlements {
		if err := k.Settlements.Set(ctx, s.Parent, s); err != nil {
			return err
		}
	}
	for _, r := range gs.Returned {
		if err := k.Returned.Set(ctx, types.ReturnID(r.Receipt), r); err != nil {
			return err
		}
	}
	for _, b := range gs.Overdrafts {
		account, err := sendtx.Address(b.Address)
		if err != nil {
			return err
		}
		if err := k.Overdrafts.Set(ctx, account[:], b); err != nil {
			return err
		}
	}
	for _, c := range gs.Confirmed {
		if err := k.Confirmed.Set(ctx, collections.Join(c.Destination, c.Child), c.Cursor); err != nil {
			return err
		}
	}
	return nil
}

// exportStandings writes the same.
func (k *Keeper) exportStandings(ctx context.Context, gs *types.GenesisState) (err error) {
	if gs.Term, err = k.Term.Get(ctx); err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if gs.FinalHeight, err = k.Final.Get(ctx); err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err := k.Standings.Walk(ctx, nil, func(_ string, s types.Standing) (bool, error) {
		gs.Standings = append(gs.Standings, s)
		return false, nil
	}); err != nil {
		return err
	}
	if err := k.Unaudited.Walk(ctx, nil, func(key collections.Pair[string, uint64], utop uint64) (bool, error) {
		gs.Unaudited = append(gs.Unaudited, types.Unaudited{Source: key.K1(), Height: key.K2(), Utop: utop})
		return false, nil
	}); err != nil {
		return err
	}
	if err := k.Settlements.Walk(ctx, nil, func(_ string, s types.Settlement) (bool, error) {
		gs.Settlements = append(gs.Settlements, s)
		return false, nil
	}); err != nil {
		return err
	}
	if err := k.Returned.Walk(ctx, nil, func(_ []byte, r types.Returned) (bool, error) {
		gs.Returned = append(gs.Returned, r)
		return false, nil
	}); err != nil {
		return err
	}
	if err := k.Overdrafts.Walk(ctx, nil, func(_ []byte, b types.Balance) (bool, error) {
		gs.Overdrafts = append(gs.Overdrafts, b)
		return false, nil
	}); err != nil {
		return err
	}
	return k.Confirmed.Walk(ctx, nil, func(key collections.Pair[string, string], c types.Cursor) (bool, error) {
		gs.Confirmed = append(gs.Confirmed, types.Confirmed{Destination: key.K1(), Child: key.K2(), Cursor: c})
		return false, nil
	})
}

// exportLedgers writes what the shard knows of other ledgers.
func (k *Keeper) exportLedgers(ctx context.Context, gs *types.GenesisState) error {
	if err := k.exportStandings(ctx, gs); err != nil {
		return err
	}
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
