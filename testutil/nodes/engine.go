package nodes

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	committeestypes "github.com/topnetwork/top/x/committees/types"
	sortitionkeeper "github.com/topnetwork/top/x/sortition/keeper"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// engine takes validator updates as CometBFT does, with CometBFT's own code: what it would stop at fails the test.
type engine struct {
	// last voted at the block before, now votes at this one, next will at the next.
	last, now, next *cmttypes.ValidatorSet
	// told counts the blocks that told of changes.
	told int
}

// Found begins the first committee with the nodes that are registered, as a genesis does.
func (n *Network) Found(t testing.TB) {
	t.Helper()
	n.Restart(t, committeestypes.DefaultGenesisState())
}

// Restart begins from an exported committee.
func (n *Network) Restart(t testing.TB, gs *committeestypes.GenesisState) {
	t.Helper()
	updates, err := n.Committees.InitGenesis(n.Ctx, gs)
	require.NoError(t, err)
	set := cmttypes.NewValidatorSet(changes(t, updates))
	n.engine = &engine{last: set, now: set, next: set}
}

// sizes of a committee; epochs of a test are too short for the parameters of a public network.
type sizes struct {
	*sortitionkeeper.Keeper
	n *Network
}

// Sizes of the main chain's committee.
func (s sizes) Sizes(ctx context.Context) (sortitiontypes.Params, bool, error) {
	if s.n.Public {
		return sortitiontypes.DefaultParams(), false, nil
	}
	return s.Keeper.Sizes(ctx)
}

// Sitting are who runs the chain.
func (n *Network) Sitting(ctx context.Context) ([]string, error) {
	if n.engine == nil {
		return nil, nil
	}
	return n.Committees.Sitting(ctx)
}

// rotate ends a block with what x/committees tells.
func (n *Network) rotate(t testing.TB) {
	t.Helper()
	if n.engine == nil {
		return
	}
	updates, err := n.Committees.EndBlock(n.Ctx)
	require.NoError(t, err)
	e := n.engine
	e.last, e.now, e.next = e.now, e.next, e.next.Copy()
	if len(updates) > 0 {
		e.told++
		require.NoError(t, e.next.UpdateWithChangeSet(changes(t, updates)))
	}
}

func changes(t testing.TB, updates []abci.ValidatorUpdate) []*cmttypes.Validator {
	t.Helper()
	list, err := cmttypes.PB2TM.ValidatorUpdates(updates)
	require.NoError(t, err)
	return list
}

// due tells whether a name was to sign the last block.
func (n *Network) due(name string) bool {
	if n.engine == nil {
		return n.Validator(name).IsBonded() && !n.Validator(name).IsJailed()
	}
	return n.engine.last.HasAddress(ConsAddress(name).Bytes())
}

// Voters of the block that is being made, in the order of their registration.
func (n *Network) Voters() []string { return n.namesIn(n.engine.now) }

// Told are those who vote at the next block, whom CometBFT was told of when the last block ended.
func (n *Network) Told() []string { return n.namesIn(n.engine.next) }

// Changes counts the blocks that told CometBFT something.
func (n *Network) Changes() int { return n.engine.told }

func (n *Network) namesIn(set *cmttypes.ValidatorSet) []string {
	var in []string
	for _, name := range n.names {
		if set.HasAddress(ConsAddress(name).Bytes()) {
			in = append(in, name)
		}
	}
	return in
}

// checkCommittees compares x/committees with CometBFT.
func (n *Network) checkCommittees(t require.TestingT) {
	if n.engine == nil {
		return
	}
	require.NoError(t, n.Committees.Invariants(n.Ctx))
	c, err := n.Committees.Committee(n.Ctx)
	require.NoError(t, err)
	require.Len(t, c.Members, n.engine.next.Size())
	for _, m := range c.Members {
		require.True(t, n.engine.next.HasAddress(m.ConsAddress().Bytes()))
	}
}

// consensusKey of a name.
func consensusKey(name string) *ed25519.PrivKey {
	seed := sha256.Sum256([]byte("consensus key of " + name))
	return ed25519.GenPrivKeyFromSecret(seed[:])
}

// ConsAddress of a name's consensus key.
func ConsAddress(name string) sdk.ConsAddress {
	return sdk.ConsAddress(consensusKey(name).PubKey().Address())
}

func newValidator(name string) *stakingtypes.Validator {
	key, err := codectypes.NewAnyWithValue(consensusKey(name).PubKey())
	if err != nil {
		panic(err)
	}
	return &stakingtypes.Validator{OperatorAddress: sdk.ValAddress(Account(name)).String(), ConsensusPubkey: key, Status: stakingtypes.Bonded}
}

// Remove a name's validator, as x/staking does when nothing is delegated to it and its unbonding time is over.
func (n *Network) Remove(t testing.TB, name string) {
	t.Helper()
	delete(n.Staking.validators, Operator(name))
	delete(n.Staking.own, Operator(name))
	require.NoError(t, n.Staking.hooks.AfterValidatorRemoved(n.Ctx, ConsAddress(name), sdk.ValAddress(Account(name))))
}

// GetBondedValidatorsByPower answers them with the largest first.
func (s *Staking) GetBondedValidatorsByPower(context.Context) ([]stakingtypes.Validator, error) {
	var bonded []stakingtypes.Validator
	for _, operator := range slices.Sorted(maps.Keys(s.validators)) {
		if v := s.validators[operator]; v.IsBonded() && !v.IsJailed() {
			bonded = append(bonded, *v)
		}
	}
	slices.SortStableFunc(bonded, func(a, b stakingtypes.Validator) int { return b.Tokens.BigInt().Cmp(a.Tokens.BigInt()) })
	return bonded, nil
}

// UnbondingTime is a minute.
func (s *Staking) UnbondingTime(context.Context) (time.Duration, error) { return time.Minute, nil }

// GetValidatorSigningInfo of x/slashing.
func (s *Staking) GetValidatorSigningInfo(_ context.Context, addr sdk.ConsAddress) (slashingtypes.ValidatorSigningInfo, error) {
	info, ok := s.signing[string(addr)]
	if !ok {
		return info, slashingtypes.ErrNoSigningInfoFound
	}
	return info, nil
}

// SetValidatorSigningInfo of x/slashing.
func (s *Staking) SetValidatorSigningInfo(_ context.Context, addr sdk.ConsAddress, info slashingtypes.ValidatorSigningInfo) error {
	s.signing[string(addr)] = info
	return nil
}

// DeleteMissedBlockBitmap of x/slashing, of which there is none here.
func (s *Staking) DeleteMissedBlockBitmap(context.Context, sdk.ConsAddress) error { return nil }
