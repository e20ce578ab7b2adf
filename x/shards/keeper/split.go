package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/shards/types"
)

// Split lets a shard become two.
func (k *Keeper) Split(ctx context.Context, msg *types.MsgSplit) (*types.MsgSplitResponse, error) {
	if err := k.checkAuthority(ctx, msg.Authority); err != nil {
		return nil, err
	}
	s, err := k.Shard(ctx, msg.Shard)
	if err != nil {
		return nil, err
	}
	children, err := k.split(ctx, s)
	return &types.MsgSplitResponse{Children: children}, err
}

// split tells a shard to end: its record, which it sees by proof, names the two that go on. They form until its last header is anchored.
func (k *Keeper) split(ctx context.Context, s types.Shard) ([]string, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if s.Status != types.Status_STATUS_ACTIVE {
		return nil, errorsmod.Wrapf(types.ErrStatus, "%s is %s: an active shard splits", s.Name, s.Status)
	}
	if s.PrefixLen >= params.MaxDepth {
		return nil, errorsmod.Wrapf(types.ErrRefused, "%s has %d bits, and max_depth is %d", s.Name, s.PrefixLen, params.MaxDepth)
	}
	left, right := s.Prefix().Children()
	for _, p := range []lattice.Prefix{left, right} {
		child, err := k.form(ctx, p, s.Name)
		if err != nil {
			return nil, err
		}
		s.Children = append(s.Children, child)
	}
	return s.Children, k.setStatus(ctx, s, types.Status_STATUS_SPLITTING, "")
}

// form a shard of a prefix that begins with its parents' accounts, under a name that was never used.
func (k *Keeper) form(ctx context.Context, p lattice.Prefix, parents ...string) (string, error) {
	table, err := k.Zones.Table(ctx)
	if err != nil {
		return "", err
	}
	last, err := k.generations.Get(ctx, trie.Bits(p))
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return "", err
	}
	named, err := trie.NewShard(p, uint8(table.ZoneBits), last+1)
	if err != nil {
		return "", errorsmod.Wrap(types.ErrRefused, err.Error())
	}
	now, _, err := k.epoch(ctx)
	if err != nil {
		return "", err
	}
	s := types.NewShard(named, sdk.UnwrapSDKContext(ctx).BlockHeight(), now)
	s.Parents = parents
	return s.Name, errors.Join(k.shards.Set(ctx, s.Name, s), k.countGeneration(ctx, s))
}

// setStatus of a shard.
func (k *Keeper) setStatus(ctx context.Context, s types.Shard, status types.Status, reason string) error {
	now, _, err := k.epoch(ctx)
	if err != nil {
		return err
	}
	c := sdk.UnwrapSDKContext(ctx)
	s.Status, s.SinceHeight, s.SinceEpoch, s.Reason = status, c.BlockHeight(), now, reason
	if err := k.shards.Set(ctx, s.Name, s); err != nil {
		return err
	}
	return c.EventManager().EmitTypedEvent(&types.EventStatus{Shard: s.Name, Status: status.String(), Reason: reason})
}

// end a shard with the header of its empty block, which has the app hash after its last one. Whoever has its accounts then begins.
func (k *Keeper) end(ctx context.Context, s types.Shard, c types.Committee, last types.Anchor, p types.FinalProof) error {
	// The term that signed may have been decided since.
	s, err := k.Shard(ctx, s.Name)
	if err != nil {
		return err
	}
	if !s.Ends() {
		return errorsmod.Wrapf(types.ErrStatus, "%s is %s: it has no last header", s.Name, s.Status)
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(proofGas, "proof of a shard's end")
	if err := p.Verify(last.AppHash, last.Height-1); err != nil {
		return err
	}
	splits := s.Status == types.Status_STATUS_SPLITTING
	if splits {
		if err := p.Halves(last.LatticeRoot); err != nil {
			return err
		}
	}
	s.FinalHeight, s.FinalHash, s.FinalRoot = last.Height, last.HeaderHash, last.LatticeRoot
	if err := k.setStatus(ctx, s, types.Status_STATUS_RETIRED, ""); err != nil {
		return err
	}
	if !splits {
		return k.endPair(ctx, s)
	}
	for i, root := range [][]byte{p.Left, p.Right} {
		if err := k.activate(ctx, s.Children[i], root, c.Members, c.Standbys); err != nil {
			return err
		}
	}
	return errors.Join(k.inherit(ctx, s.Name, s.Children[0]), k.reroute(ctx, []string{s.Name}, s.Children))
}

// activate a shard that formed, with its first committee: who has its accounts already.
func (k *Keeper) activate(ctx context.Context, name string, root []byte, members []types.Member, standbys []string) error {
	s, err := k.Shard(ctx, name)
	if err != nil {
		return err
	}
	now, _, err := k.epoch(ctx)
	if err != nil {
		return err
	}
	s.GenesisRoot = root
	s.Status = types.Status_STATUS_ACTIVE
	if err := k.open(ctx, &s, types.Committee{Term: 1, Epoch: now, Members: members, Standbys: standbys, Seats: uint32(len(members))}); err != nil {
		return err
	}
	return k.setStatus(ctx, s, types.Status_STATUS_ACTIVE, "")
}

// reroute accounts from some shards to others.
func (k *Keeper) reroute(ctx context.Context, from, to []string) error {
	table, err := k.Zones.Table(ctx)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, name := range from {
		gone[name] = true
	}
	var routes []trie.Route
	for _, r := range table.Table() {
		if !gone[r.Name] {
			routes = append(routes, r)
		}
	}
	for _, name := range to {
		s, err := k.Shard(ctx, name)
		if err != nil {
			return err
		}
		routes = append(routes, trie.Route{Prefix: s.Prefix(), Name: name})
	}
	_, err = k.Zones.Replace(ctx, trie.Sorted(routes))
	return err
}
