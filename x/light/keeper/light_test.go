package keeper_test

import (
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdktestutil "github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/testutil/headers"
	"github.com/topnetwork/top/x/light/keeper"
	"github.com/topnetwork/top/x/light/types"
)

const mainChain = "top-main-1"

var (
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cdc   = codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
)

// shard with a light client, and the main chain that it follows.
type shard struct {
	*keeper.Keeper

	ctx   sdk.Context
	chain *headers.Chain
}

func empty() (sdk.Context, *keeper.Keeper) {
	keys := storetypes.NewKVStoreKeys(types.StoreKey)
	ctx := sdktestutil.DefaultContextWithKeys(keys, nil, nil).WithBlockTime(start)
	return ctx, keeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[types.StoreKey]))
}

func genesis(chain *headers.Chain, trusted int64) *types.GenesisState {
	params := types.DefaultParams()
	params.MainChainId = mainChain
	return &types.GenesisState{Params: params, Headers: []types.Header{types.HeaderOf(chain.Header(trusted))}}
}

// mainChainOf a committee that changes with the height.
func mainChainOf(committee func(height int64) []ed25519.PrivKey) *headers.Chain {
	return &headers.Chain{ID: mainChain, Power: 1000, Start: start, Committee: committee}
}

// steady committee of nine.
func steady(int64) []ed25519.PrivKey { return headers.Keys(0, 9) }

// begun shard that trusts height 1.
func begun(t testing.TB, chain *headers.Chain) *shard {
	t.Helper()
	s := &shard{chain: chain}
	s.ctx, s.Keeper = empty()
	require.NoError(t, s.InitGenesis(s.ctx, genesis(chain, 1)))
	return s
}

// to a height from a trusted one, at the header's time.
func (s *shard) to(trusted, height int64) (bool, error) {
	return s.Update(s.ctx, s.chain.Time(height), s.chain.Update(trusted, height))
}

// state as an export has it.
func (s *shard) state(t testing.TB) *types.GenesisState {
	t.Helper()
	gs, err := s.ExportGenesis(s.ctx)
	require.NoError(t, err)
	return gs
}
