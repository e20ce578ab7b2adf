package mainchain_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/testutil/inprocess"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// The main chain's genesis says with whom each shard begins: the chain itself comes to the same.
func TestFirstShards(t *testing.T) {
	c := inprocess.Unborn()
	state := c.Genesis(t, "ann")
	doc := func() *genutiltypes.AppGenesis {
		bz, err := json.Marshal(state)
		require.NoError(t, err)
		return &genutiltypes.AppGenesis{ChainID: inprocess.ChainID, GenesisTime: time.Unix(1_800_000_000, 0).UTC(), InitialHeight: 1, AppState: bz, Consensus: &genutiltypes.ConsensusGenesis{Params: base.ConsensusParams()}}
	}
	_, first, err := mainchain.FirstShards(doc())
	require.NoError(t, err)
	require.Empty(t, first, "a network without shards")

	zones := zonestypes.DefaultGenesisState()
	zones.Tables = []zonestypes.RoutingTable{{Version: 1, ZoneBits: 1, Routes: []zonestypes.Route{{PrefixLen: 1, Name: "top-z0.s0-1"}, {PrefixBits: 1, PrefixLen: 1, Name: "top-z1.s1-1"}}}}
	shards := shardstypes.DefaultGenesisState()
	shards.Params = shardstypes.DevnetParams(4)
	state[zonestypes.ModuleName], state[shardstypes.ModuleName] = c.App.Codec.MustMarshalJSON(zones), c.App.Codec.MustMarshalJSON(shards)
	table, first, err := mainchain.FirstShards(doc())
	require.NoError(t, err)
	require.Len(t, table.Routes, 2)
	require.Len(t, first, 2)
	bz, err := json.Marshal(state)
	require.NoError(t, err)
	require.NoError(t, c.InitChain(bz))
	c.Block(t)
	for _, f := range first {
		require.NotEmpty(t, f.Validators)
		own, err := c.App.Shards.Committee(c.Context(), f.Shard.Name, 1)
		require.NoError(t, err)
		require.Equal(t, own.Members, f.Committee.Members)
		require.Equal(t, own.ValidatorsHash, shardstypes.SetOf(f.Committee.Members).Hash())
	}
	require.NoError(t, c.App.Shards.Invariants(c.Context()))
}
