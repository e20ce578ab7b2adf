package keeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// termsKept of each ledger: headers of older ones are too old to prove anything that still waits.
const termsKept = 8

// epoch of the main chain; 0 where there is none.
func (k *Keeper) epoch(ctx context.Context) (uint64, error) {
	params, err := k.Params.Get(ctx)
	if err != nil || params.MainEpochBlocks == 0 {
		return 0, err
	}
	epoch, err := k.main.Epoch(ctx, params.MainEpochBlocks)
	if errors.Is(err, lighttypes.ErrNoMainChain) {
		return 0, nil
	}
	return epoch, err
}

// standing of a ledger; one of which nothing is known goes on.
func (k *Keeper) standing(ctx context.Context, ledger string) (types.Standing, error) {
	s, err := k.Standings.Get(ctx, ledger)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Standing{Ledger: ledger}, nil
	}
	return s, err
}

// learn what the main chain's state says.
func (k *Keeper) learn(ctx sdk.Context, f *types.Fact) error {
	if err := k.main.Proven(ctx, f.Height, f.Store, f.Key, f.Value, f.Ops); err != nil {
		return err
	}
	is := func(key []byte) bool { return bytes.Equal(f.Key, key) }
	switch {
	case f.Store == zonestypes.StoreKey && is(zonestypes.TableKey()):
		return k.learnTable(ctx, f.Value)
	case f.Store != shardstypes.StoreKey || len(f.Key) == 0:
	case f.Key[0] == shardstypes.CommitteesKey.Bytes()[0]:
		var c shardstypes.Committee
		if err := c.Unmarshal(f.Value); err != nil {
			return fmt.Errorf("%w: %w", lattice.ErrMalformed, err)
		}
		if is(shardstypes.CommitteeKey(c.Shard, c.Term)) {
			return k.learnCommittee(ctx, &c)
		}
	case f.Key[0] == shardstypes.ShardsKey.Bytes()[0]:
		var s shardstypes.Shard
		if err := s.Unmarshal(f.Value); err != nil {
			return fmt.Errorf("%w: %w", lattice.ErrMalformed, err)
		}
		if is(shardstypes.ShardKey(s.Name)) {
			return k.learnShard(ctx, &s)
		}
	case f.Key[0] == shardstypes.AuditedHeadersKey.Bytes()[0]:
		var a shardstypes.Audited
		if err := a.Unmarshal(f.Value); err != nil {
			return fmt.Errorf("%w: %w", lattice.ErrMalformed, err)
		}
		if is(shardstypes.AuditedKey(a.Shard)) {
			return k.learnAudited(ctx, &a)
		}
	}
	return fmt.Errorf("%w: nothing is to be learnt from key %X of the store %q", lattice.ErrMalformed, f.Key, f.Store)
}

// known is the refusal of a fact that changes nothing.
func known(format string, args ...any) error {
	return fmt.Errorf("%w: %s", receipt.ErrReplay, fmt.Sprintf(format, args...))
}

// learnTable takes a newer routing table.
func (k *Keeper) learnTable(ctx sdk.Context, value []byte) error {
	var record zonestypes.RoutingTable
	if err := record.Unmarshal(value); err != nil {
		return fmt.Errorf("%w: %w", lattice.ErrMalformed, err)
	}
	mine, err := k.routing(ctx)
	if err != nil {
		return err
	}
	if record.Version <= mine.Version {
		return known("the routing table is of version %d, this one of %d", mine.Version, record.Version)
	}
	table := record.Table()
	if err := table.Check(); err != nil {
		return err
	}
	shard, err := k.Shard.Get(ctx)
	if err != nil {
		return err
	}
	for _, route := range table {
		if route.Name == ctx.ChainID() && route.Prefix != shard.Prefix() {
			return fmt.Errorf("%w: the table has %s at bits %s, it holds %s", lattice.ErrMalformed, route.Name, trie.Bits(route.Prefix), trie.Bits(shard.Prefix()))
		}
	}
	next := types.RoutingOf(table)
	next.Version = record.Version
	// The engine hears of it when the block is committed.
	return k.Routing.Set(ctx, next)
}

// learnCommittee takes a ledger's newer term, or where a known one began.
func (k *Keeper) learnCommittee(ctx sdk.Context, c *shardstypes.Committee) error {
	m := types.Members{Ledger: c.Shard, Term: c.Term, FirstHeight: c.FirstHeight, Epoch: c.Epoch}
	for _, member := range c.Members {
		if m.Power != 0 && m.Power != member.Power {
			return fmt.Errorf("%w: members of term %d of %s have different powers", lattice.ErrMalformed, c.Term, c.Shard)
		}
		m.Keys, m.Power = append(m.Keys, member.PubKey), member.Power
	}
	if err := m.Validate(); err != nil {
		return err
	}
	terms, err := k.terms(ctx, c.Shard)
	if err != nil && !errors.Is(err, errLedger) {
		return err
	}
	for _, t := range terms {
		if t.Term == m.Term && (t.FirstHeight > 0 || m.FirstHeight == 0) {
			return known("term %d of %s", m.Term, m.Ledger)
		}
	}
	if len(terms) > 0 && m.Term+termsKept <= terms[0].Term {
		return known("term %d of %s is long over", m.Term, m.Ledger)
	}
	if err := k.Members.Set(ctx, collections.Join(m.Ledger, m.Term), m); err != nil {
		return err
	}
	sitting, err := k.term(ctx)
	if err != nil {
		return err
	}
	for _, t := range terms {
		// Who sits here is needed to know who leaves.
		if t.Term+termsKept <= m.Term && (t.Ledger != ctx.ChainID() || t.Term < sitting) {
			if err := k.Members.Remove(ctx, collections.Join(t.Ledger, t.Term)); err != nil {
				return err
			}
		}
	}
	return nil
}

// learnShard takes what has become of a ledger. If it is this one, and it is to end, this block is its last one that changes anything.
func (k *Keeper) learnShard(ctx sdk.Context, s *shardstypes.Shard) error {
	retired := s.Status == shardstypes.Status_STATUS_RETIRED
	if s.Name == ctx.ChainID() && (retired || s.Status == shardstypes.Status_STATUS_FROZEN) {
		return k.learnFreeze(ctx, s)
	}
	if s.Name == ctx.ChainID() {
		if s.Status != shardstypes.Status_STATUS_SPLITTING && s.Status != shardstypes.Status_STATUS_MERGING {
			return known("this shard goes on")
		}
		if has, err := k.Final.Has(ctx); err != nil || has {
			return errors.Join(err, known("this shard ends already"))
		}
		if settling, err := k.settling(ctx); err != nil || settling {
			return errors.Join(err, lattice.ErrSettling)
		}
		// What it leaves to whom depends on how many go on from it.
		if err := k.Standings.Set(ctx, s.Name, types.Standing{Ledger: s.Name, Children: s.Children}); err != nil {
			return err
		}
		return k.Final.Set(ctx, uint64(ctx.BlockHeight()))
	}
	standing, err := k.standing(ctx, s.Name)
	if err != nil {
		return err
	}
	if !retired && s.Status != shardstypes.Status_STATUS_FROZEN || standing.Ended && (!retired || len(standing.Children) > 0 || len(s.Children) == 0) {
		return known("%s stands as is known", s.Name)
	}
	if !standing.Ended {
		if standing.Taken, err = k.taken(ctx, s.Name); err != nil {
			return err
		}
	}
	standing.Ended, standing.FinalHeight, standing.FinalHash = true, s.FinalHeight, s.FinalHash
	if retired {
		// Those that a frozen shard names may come to have its accounts.
		standing.Children = s.Children
	}
	return k.Standings.Set(ctx, s.Name, standing)
}

// learnFreeze: the main chain goes on from an earlier block of this shard. Nothing that is sent from now on would count, so nothing is taken.
func (k *Keeper) learnFreeze(ctx sdk.Context, s *shardstypes.Shard) error {
	if has, err := k.Final.Has(ctx); err != nil || has {
		return errors.Join(err, known("this shard has ended already"))
	}
	if !types.Obedient {
		return known("this shard goes on whatever the main chain says")
	}
	if err := k.Standings.Set(ctx, s.Name, types.Standing{Ledger: s.Name, Ended: true, FinalHeight: s.FinalHeight, FinalHash: s.FinalHash}); err != nil {
		return err
	}
	return k.Final.Set(ctx, uint64(ctx.BlockHeight()))
}

// learnAudited takes how far a ledger's auditors have confirmed it: what came from there up to then counts no more against the bound.
func (k *Keeper) learnAudited(ctx sdk.Context, a *shardstypes.Audited) error {
	standing, err := k.standing(ctx, a.Shard)
	if err != nil {
		return err
	}
	if a.Height <= standing.AuditedHeight {
		return known("%s is audited up to height %d", a.Shard, standing.AuditedHeight)
	}
	standing.AuditedHeight, standing.AuditedHash = a.Height, a.HeaderHash
	if err := k.Standings.Set(ctx, a.Shard, standing); err != nil {
		return err
	}
	return k.release(ctx, a.Shard, a.Height)
}
