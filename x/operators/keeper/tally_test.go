package keeper_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdktestutil "github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/operators"
	"github.com/topnetwork/top/x/operators/keeper"
	"github.com/topnetwork/top/x/operators/types"
)

// chain has three operators of power 10, 20 and 30, and a store for votes.
func chain(t *testing.T) (sdk.Context, *keeper.Keeper, govkeeper.Keeper) {
	t.Helper()
	keys := storetypes.NewKVStoreKeys(types.StoreKey, "votes")
	cdc := moduletestutil.MakeTestEncodingConfig(operators.AppModule{}).Codec
	ctx := sdktestutil.DefaultContextWithKeys(keys, nil, nil)
	k := keeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[types.StoreKey]), books.Authority())
	sb := collections.NewSchemaBuilder(runtime.NewKVStoreService(keys["votes"]))
	votes := collections.NewMap(sb, collections.NewPrefix(1), "votes", collections.PairKeyCodec(collections.Uint64Key, sdk.AccAddressKey), codec.CollValue[govv1.Vote](cdc))
	updates, err := k.InitGenesis(ctx, genesis())
	require.NoError(t, err)
	require.Len(t, updates, 3)
	return ctx, k, govkeeper.Keeper{Votes: votes}
}

func genesis() *types.GenesisState {
	gs := types.DefaultGenesisState()
	for i, name := range []string{"one", "two", "three"} {
		gs.Operators = append(gs.Operators, types.Operator{Address: books.Address(name), ConsensusKey: books.Public(name), Power: int64(i+1) * 10, Moniker: name})
	}
	slices.SortFunc(gs.Operators, func(a, b types.Operator) int { return strings.Compare(a.Address, b.Address) })
	return gs
}

func TestOperatorsTally(t *testing.T) {
	ctx, k, gov := chain(t)
	vote := func(proposal uint64, voter string, options ...*govv1.WeightedVoteOption) {
		require.NoError(t, gov.Votes.Set(ctx, collections.Join(proposal, books.Account(voter)), govv1.Vote{ProposalId: proposal, Voter: books.Address(voter), Options: options}))
	}
	half := math.LegacyNewDecWithPrec(5, 1)
	vote(1, "one", govv1.NewWeightedVoteOption(govv1.OptionNo, math.LegacyOneDec()))
	vote(1, "three", govv1.NewWeightedVoteOption(govv1.OptionYes, half), govv1.NewWeightedVoteOption(govv1.OptionAbstain, half))
	vote(1, "stranger", govv1.NewWeightedVoteOption(govv1.OptionNoWithVeto, math.LegacyOneDec()))
	vote(2, "two", govv1.NewWeightedVoteOption(govv1.OptionNo, math.LegacyOneDec()))

	voted, total, results, err := k.CalculateVoteResultsAndVotingPower(ctx, gov, govv1.Proposal{Id: 1})
	require.NoError(t, err)
	require.Equal(t, math.LegacyNewDec(40), voted, "a stranger has no power")
	require.Equal(t, math.NewInt(60), total)
	require.Equal(t, math.LegacyNewDec(15), results[govv1.OptionYes])
	require.Equal(t, math.LegacyNewDec(15), results[govv1.OptionAbstain])
	require.Equal(t, math.LegacyNewDec(10), results[govv1.OptionNo])
	require.Equal(t, math.LegacyZeroDec(), results[govv1.OptionNoWithVeto])

	for voter, left := range map[string]uint64{"one": 1, "three": 1, "stranger": 1} {
		has, err := gov.Votes.Has(ctx, collections.Join(left, books.Account(voter)))
		require.NoError(t, err)
		require.False(t, has, "counted votes are removed")
	}
	has, err := gov.Votes.Has(ctx, collections.Join(uint64(2), books.Account("two")))
	require.NoError(t, err)
	require.True(t, has, "another proposal's votes stay")
}

func TestGenesis(t *testing.T) {
	ctx, k, _ := chain(t)
	exported, err := k.ExportGenesis(ctx)
	require.NoError(t, err)
	require.Equal(t, genesis(), exported)
	for name, change := range map[string]func(*types.GenesisState){
		"unsorted":        func(gs *types.GenesisState) { gs.Operators[0], gs.Operators[1] = gs.Operators[1], gs.Operators[0] },
		"a key twice":     func(gs *types.GenesisState) { gs.Operators[0].ConsensusKey = gs.Operators[1].ConsensusKey },
		"no power":        func(gs *types.GenesisState) { gs.Operators[0].Power = 0 },
		"too much power":  func(gs *types.GenesisState) { gs.Operators[0].Power = 1 << 62 },
		"a short key":     func(gs *types.GenesisState) { gs.Operators[0].ConsensusKey = []byte{1} },
		"no such address": func(gs *types.GenesisState) { gs.Operators[0].Address = "one" },
	} {
		gs := genesis()
		change(gs)
		require.ErrorIs(t, gs.Validate(), types.ErrInvalidGenesis, name)
	}
	require.NoError(t, genesis().Validate())
}
