package keeper

import (
	"fmt"
	"io"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/lattice/types"
)

// InitGenesis fills the shard. The reader is of the accounts file, nil where genesis names none.
func (k *Keeper) InitGenesis(ctx sdk.Context, gs *types.GenesisState, file io.Reader) error {
	if err := gs.Validate(); err != nil {
		return err
	}
	if err := gs.CheckChain(ctx.ChainID()); err != nil {
		return err
	}
	if err := k.Params.Set(ctx, gs.Params); err != nil {
		return err
	}
	if err := k.Shard.Set(ctx, gs.Shard); err != nil {
		return err
	}
	if err := k.Routing.Set(ctx, gs.Routing); err != nil {
		return err
	}
	if err := k.initLedgers(ctx, gs); err != nil {
		return err
	}
	k.engine.Route(gs.Routing.Table())
	k.routed = gs.Routing.Version
	// The context of a chain that begins at 1 says 0.
	first := uint64(max(ctx.BlockHeight(), 1))
	root, err := k.engine.Seed(gs.Shard.Prefix(), first, func(a *lattice.Accounts) error { return fill(ctx, gs, file, a) })
	if err != nil {
		return err
	}
	held, accounts, err := k.held()
	if err != nil {
		return err
	}
	// Issued is what there ever was: what is held, and what was burned and lost before an export.
	issued := held.Add(gs.Lost...)
	if gs.Burned > 0 {
		issued = issued.Add(types.Coins(lattice.Balance{Utop: gs.Burned})...)
	}
	// What came from others was issued there. Of other coins than utop genesis says no more than what is here.
	in, out, err := k.moved(ctx)
	if err != nil {
		return err
	}
	issued, negative := issued.Add(out...).SafeSub(in.Add(gs.Overdrawn...)...)
	if negative {
		return fmt.Errorf("genesis holds less than came from other ledgers: %s of %s", held, in)
	}
	rules, err := k.Rules(ctx)
	if err != nil {
		return err
	}
	k.engine.Expect(rules)
	return k.Head.Set(ctx, types.Head{Root: root[:], Time: ctx.BlockTime().UnixNano(), Accounts: accounts, Burned: gs.Burned, Lost: gs.Lost, Issued: issued, Overdrawn: gs.Overdrawn})
}

func fill(ctx sdk.Context, gs *types.GenesisState, file io.Reader, a *lattice.Accounts) error {
	if err := fillFrom(ctx, gs, file, a); err != nil {
		return err
	}
	for i := range gs.Balances {
		r, err := gs.Record(i, ctx.BlockTime().UnixNano())
		if err != nil {
			return fmt.Errorf("balances: %s: %w", gs.Balances[i].Address, err)
		}
		if _, known, err := a.Get(r.Address); err != nil {
			return err
		} else if known {
			return fmt.Errorf("balances: %s is in the accounts file, too", gs.Balances[i].Address)
		}
		if err := a.Put(r); err != nil {
			return err
		}
	}
	for _, b := range gs.Buckets {
		if err := a.Restore(b.Number, b.Slots); err != nil {
			return err
		}
	}
	return nil
}

// fillFrom the accounts file, which comes first: balances and buckets in genesis must not repeat what it holds.
func fillFrom(ctx sdk.Context, gs *types.GenesisState, file io.Reader, a *lattice.Accounts) error {
	if gs.AccountsFile == nil && gs.Inherited == nil {
		return nil
	}
	if file == nil {
		return fmt.Errorf("%w: genesis names one, and there is none here", types.ErrAccountsFile)
	}
	if gs.Inherited != nil {
		if err := gs.Inherited.Read(file, a); err != nil {
			return fmt.Errorf("%w: %w", types.ErrAccountsFile, err)
		}
		return nil
	}
	if err := gs.AccountsFile.Read(file, func(n *types.NewAccount) error {
		r, err := gs.NewRecord(n, ctx.BlockTime().UnixNano())
		if err != nil {
			return err
		}
		return a.Put(r)
	}); err != nil {
		return fmt.Errorf("%w: %w", types.ErrAccountsFile, err)
	}
	return nil
}

// held coins of all accounts, and how many there are.
func (k *Keeper) held() (sdk.Coins, uint64, error) {
	held := map[string]lattice.Amount{}
	var denoms []string
	var utop, accounts uint64
	err := k.engine.Walk(func(r lattice.Record) (err error) {
		accounts++
		if utop+r.Utop < utop {
			return fmt.Errorf("%w: all accounts together hold more than 64 bits of utop", lattice.ErrMalformed)
		}
		utop += r.Utop
		for _, c := range r.Coins {
			if _, ok := held[c.Denom]; !ok {
				denoms = append(denoms, c.Denom)
			}
			if held[c.Denom], err = held[c.Denom].Add(c.Amount); err != nil {
				return err
			}
		}
		return nil
	})
	coins := types.Coins(lattice.Balance{Utop: utop})
	for _, d := range denoms {
		coins = coins.Add(types.OtherCoins([]lattice.Coin{{Denom: d, Amount: held[d]}})...)
	}
	return coins, accounts, err
}

// CheckSupply tells whether what is held, burned, lost and sent to other ledgers is what was issued and what came from them.
func (k *Keeper) CheckSupply(ctx sdk.Context) error {
	head, err := k.Head.Get(ctx)
	if err != nil {
		return err
	}
	held, accounts, err := k.held()
	if err != nil {
		return err
	}
	got := held.Add(head.Lost...).Add(types.Coins(lattice.Balance{Utop: head.Burned})...)
	in, out, err := k.moved(ctx)
	if err != nil {
		return err
	}
	if !got.Add(out...).Equal(head.Issued.Add(in...).Add(head.Overdrawn...)) || accounts != head.Accounts {
		return fmt.Errorf("accounts hold %s, %d utop are burned, %s lost, %s more were sent to other ledgers than came: that is not the %s that were issued, the %s that came more than were sent and the %s that were overdrawn (%d accounts of %d)", held, head.Burned, head.Lost, out, head.Issued, in, head.Overdrawn, accounts, head.Accounts)
	}
	return nil
}

// ExportGenesis as one document, with all accounts in their places.
func (k *Keeper) ExportGenesis(ctx sdk.Context) (*types.GenesisState, error) {
	gs, _, err := k.slowSide(ctx)
	if err != nil {
		return nil, err
	}
	return gs, k.engine.Buckets(func(number uint32, slots lattice.Slots) error {
		gs.Buckets = append(gs.Buckets, types.Bucket{Number: number, Slots: slots})
		return nil
	})
}

// Export the same with the accounts in a file of their own, as a shard leaves them to its children: it takes no more memory than a bucket.
func (k *Keeper) Export(ctx sdk.Context, accounts io.Writer) (*types.GenesisState, error) {
	gs, head, err := k.slowSide(ctx)
	if err != nil {
		return nil, err
	}
	return gs, k.inherited(gs, lattice.Hash(head.Root), accounts)
}

// slowSide of the shard as genesis has it: everything but accounts; and its head.
func (k *Keeper) slowSide(ctx sdk.Context) (gs *types.GenesisState, head types.Head, err error) {
	gs = &types.GenesisState{}
	if gs.Params, err = k.Params.Get(ctx); err != nil {
		return nil, head, err
	}
	if gs.Shard, err = k.Shard.Get(ctx); err != nil {
		return nil, head, err
	}
	if gs.Routing, err = k.routing(ctx); err != nil {
		return nil, head, err
	}
	if head, err = k.Head.Get(ctx); err != nil {
		return nil, head, err
	}
	gs.Burned, gs.Lost, gs.Overdrawn = head.Burned, head.Lost, head.Overdrawn
	if err := k.exportLedgers(ctx, gs); err != nil {
		return nil, head, err
	}
	return gs, head, nil
}
