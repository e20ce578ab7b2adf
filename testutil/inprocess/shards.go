package inprocess

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/protocol/trie"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// InitShards begins the chain with one zone of shards, in which the only validator sits everywhere and nobody audits. Their genesis files give so many utop to accounts, which the gate holds; change may spoil what it knows.
func (c *Chain) InitShards(t testing.TB, table trie.Table, issued uint64, change func(*gatetypes.GenesisState), names ...string) {
	t.Helper()
	state, cdc := c.Genesis(t, names...), c.App.Codec
	zones := zonestypes.DefaultGenesisState()
	zones.Tables = []zonestypes.RoutingTable{{Version: 1, Routes: zonestypes.RoutesOf(table)}}
	shards := shardstypes.DefaultGenesisState()
	shards.Params = shardstypes.DevnetParams(1)
	gate := gatetypes.DefaultGenesisState()
	gate.Issued = issued
	var bank banktypes.GenesisState
	cdc.MustUnmarshalJSON(state[banktypes.ModuleName], &bank)
	coins := sdk.NewCoins(sdk.NewInt64Coin(base.Denom, int64(issued)))
	bank.Balances = append(bank.Balances, banktypes.Balance{Address: authtypes.NewModuleAddress(gatetypes.ModuleName).String(), Coins: coins})
	bank.Supply = bank.Supply.Add(coins...)
	if change != nil {
		change(gate)
	}
	state[zonestypes.ModuleName], state[shardstypes.ModuleName] = cdc.MustMarshalJSON(zones), cdc.MustMarshalJSON(shards)
	state[gatetypes.ModuleName], state[banktypes.ModuleName] = cdc.MustMarshalJSON(gate), cdc.MustMarshalJSON(&bank)
	bz, err := json.Marshal(state)
	require.NoError(t, err)
	require.NoError(t, c.InitChain(bz))
}
