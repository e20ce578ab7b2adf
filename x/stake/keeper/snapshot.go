package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/x/stake/types"
)

// deposits of a node in x/staking, in utop.
type deposits struct {
	own, delegated uint64
	bonded, jailed bool
}

// deposits reads what stands behind an operator's validator; nothing where there is none.
func (k *Keeper) deposits(ctx context.Context, operator string) (deposits, error) {
	account, err := sdk.AccAddressFromBech32(operator)
	if err != nil {
		return deposits{}, err
	}
	validator, err := k.staking.GetValidator(ctx, sdk.ValAddress(account))
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return deposits{}, nil
	}
	if err != nil {
		return deposits{}, err
	}
	d := deposits{bonded: validator.IsBonded(), jailed: validator.IsJailed()}
	total := validator.GetTokens()
	own := math.ZeroInt()
	switch delegation, err := k.staking.GetDelegation(ctx, account, sdk.ValAddress(account)); {
	case err == nil:
		own = validator.TokensFromShares(delegation.Shares).TruncateInt()
	case !errors.Is(err, stakingtypes.ErrNoDelegation):
		return deposits{}, err
	}
	// No balance exceeds 64 bits: the supply does not.
	d.own, d.delegated = own.Uint64(), total.Sub(own).Uint64()
	return d, nil
}

// Deposited tells whether an operator's own deposit still is what the epoch's parameters ask of validators: who sits must have it to lose.
func (k *Keeper) Deposited(ctx context.Context, operator string) (bool, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return false, err
	}
	// What governance raised counts from the next snapshot on, as for the draw.
	switch s, err := k.running(ctx); {
	case err == nil:
		params = s.Params
	case !errors.Is(err, collections.ErrNotFound):
		return false, err
	}
	return k.DepositedBy(ctx, params, operator)
}

// DepositedBy other parameters. Founders who registered no node are not asked.
func (k *Keeper) DepositedBy(ctx context.Context, params types.Params, operator string) (bool, error) {
	rule, open := params.Rule(types.Role_ROLE_VALIDATOR)
	if has, err := k.nodes.Has(ctx, operator); err != nil || !has || !open {
		return err == nil, err
	}
	// What it has delegated to itself.
	d, err := k.deposits(ctx, operator)
	return d.own >= rule.MinDepositUtop, err
}

// weigh makes a node's entry from its state and deposits now.
func (k *Keeper) weigh(ctx context.Context, params types.Params, n types.Node) (types.Entry, error) {
	d, err := k.deposits(ctx, n.Operator)
	if err != nil {
		return types.Entry{}, err
	}
	factors := params.Factors.Rule()
	e := types.Entry{
		Operator: n.Operator, VrfKey: n.VrfKey, Own: d.own, Delegated: d.delegated, Bonded: d.bonded, Jailed: d.jailed,
		Reputation: factors.BoundReputation(n.Reputation), Computing: factors.BoundComputing(n.Computing), Rating: n.Rating,
	}
	e.Weights, err = e.Weigh(params, n.Roles)
	return e, err
}

// beginSnapshot opens the snapshot of an epoch at its first block. It is of the stakes at the beginning of this block, however many blocks it takes: what changes
// before its turn is taken in first (preserve), so that no coin counts for two nodes. Its parameters are those of this block too, so that all are weighed alike.
func (k *Keeper) beginSnapshot(ctx context.Context, params types.Params, e uint64) error {
	if err := k.snapshots.Set(ctx, e, types.Snapshot{Epoch: e, Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), Params: params}); err != nil {
		return err
	}
	return k.cursor.Set(ctx, "")
}

// continueSnapshot takes up to limit nodes into the running snapshot.
func (k *Keeper) continueSnapshot(ctx context.Context, limit int) error {
	from, err := k.cursor.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s, err := k.running(ctx)
	if err != nil {
		return err
	}
	var batch []types.Node
	next := ""
	if err := k.nodes.Walk(ctx, new(collections.Range[string]).StartInclusive(from), func(operator string, n types.Node) (bool, error) {
		if len(batch) == limit {
			next = operator
			return true, nil
		}
		batch = append(batch, n)
		return false, nil
	}); err != nil {
		return err
	}
	for _, n := range batch {
		if err := k.take(ctx, &s, n); err != nil {
			return err
		}
	}
	if next != "" {
		if err := k.cursor.Set(ctx, next); err != nil {
			return err
		}
		return k.snapshots.Set(ctx, s.Epoch, s)
	}
	s.Completed = sdk.UnwrapSDKContext(ctx).BlockHeight()
	if err := k.cursor.Remove(ctx); err != nil {
		return err
	}
	if err := k.snapshots.Set(ctx, s.Epoch, s); err != nil {
		return err
	}
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventSnapshotCompleted{Epoch: s.Epoch, Nodes: s.Nodes})
}

// take adds a node to a snapshot, unless it is in it or was registered after the snapshot began.
func (k *Keeper) take(ctx context.Context, s *types.Snapshot, n types.Node) error {
	key := collections.Join(s.Epoch, n.Operator)
	if has, err := k.entries.Has(ctx, key); err != nil || has || n.RegisteredHeight >= s.Height {
		return err
	}
	entry, err := k.weigh(ctx, s.Params, n)
	if err != nil {
		return err
	}
	s.Nodes++
	return k.entries.Set(ctx, key, entry)
}

// preserve takes a node into the running snapshot before its stake changes.
func (k *Keeper) preserve(ctx context.Context, operator string) error {
	from, err := k.cursor.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) || (err == nil && operator < from) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := k.nodes.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s, err := k.running(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		// The epoch has ended before its snapshot did, and the next is not begun.
		return nil
	}
	if err != nil {
		return err
	}
	if err := k.take(ctx, &s, n); err != nil {
		return err
	}
	return k.snapshots.Set(ctx, s.Epoch, s)
}

// running is the snapshot that is being taken: that of the current epoch.
func (k *Keeper) running(ctx context.Context) (types.Snapshot, error) {
	blocks, err := k.epochs.EpochBlocks(ctx)
	if err != nil {
		return types.Snapshot{}, err
	}
	return k.snapshots.Get(ctx, epoch.At(sdk.UnwrapSDKContext(ctx).BlockHeight(), blocks))
}

// prune removes snapshots older than history_epochs, a capped number of entries per block.
func (k *Keeper) prune(ctx context.Context, params types.Params, now uint64) error {
	if now < params.HistoryEpochs {
		return nil
	}
	left := int(params.SnapshotPerBlock)
	var old []uint64
	if err := k.snapshots.Walk(ctx, new(collections.Range[uint64]).EndInclusive(now-params.HistoryEpochs), func(e uint64, _ types.Snapshot) (bool, error) {
		old = append(old, e)
		return len(old) == left, nil
	}); err != nil {
		return err
	}
	for _, e := range old {
		var keys []entryKey
		if err := k.entries.Walk(ctx, collections.NewPrefixedPairRange[uint64, string](e), func(key entryKey, _ types.Entry) (bool, error) {
			keys = append(keys, key)
			return len(keys) == left, nil
		}); err != nil {
			return err
		}
		for _, key := range keys {
			if err := k.entries.Remove(ctx, key); err != nil {
				return err
			}
		}
		if left -= len(keys); left <= 0 {
			s, err := k.snapshots.Get(ctx, e)
			if err != nil {
				return err
			}
			s.Nodes -= uint64(len(keys))
			return k.snapshots.Set(ctx, e, s)
		}
		if err := k.snapshots.Remove(ctx, e); err != nil {
			return err
		}
	}
	return nil
}
