package mainchain

import (
	"errors"
	"fmt"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/baseapp"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// FirstShard of a network, as the main chain's genesis makes it.
type FirstShard struct {
	Shard shardstypes.Shard
	// Validators of its genesis: the committee of its first term.
	Validators []cmttypes.GenesisValidator
	// Committee has the same members, and standbys.
	Committee shardstypes.Committee
	// Auditors of its zone.
	Auditors shardstypes.Auditors
}

// FirstShards makes the main chain of a genesis in memory and answers its routing table and each shard's first committee, in the order of the table: what the shards' own genesis files need. Nothing
// for a network without shards.
func FirstShards(doc *genutiltypes.AppGenesis) (zonestypes.RoutingTable, []FirstShard, error) {
	app := New(base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New(), BaseApp: []func(*baseapp.BaseApp){baseapp.SetChainID(doc.ChainID)}}, true)
	request := &abci.RequestInitChain{ChainId: doc.ChainID, Time: doc.GenesisTime, AppStateBytes: doc.AppState, InitialHeight: max(1, doc.InitialHeight)}
	if doc.Consensus != nil && doc.Consensus.Params != nil {
		params := doc.Consensus.Params.ToProto()
		request.ConsensusParams = &params
	}
	if _, err := app.InitChain(request); err != nil {
		return zonestypes.RoutingTable{}, nil, fmt.Errorf("the main chain's genesis: %w", err)
	}
	ctx := app.NewContext(false).WithBlockHeight(request.InitialHeight)
	table, err := app.Zones.Table(ctx)
	if errors.Is(err, zonestypes.ErrNotFound) {
		return table, nil, nil
	}
	if err != nil {
		return table, nil, err
	}
	first := make([]FirstShard, len(table.Routes))
	for i, r := range table.Routes {
		f := &first[i]
		if f.Shard, err = app.Shards.Shard(ctx, r.Name); err != nil {
			return table, nil, err
		}
		if f.Committee, err = app.Shards.Committee(ctx, r.Name, 0); err != nil {
			return table, nil, err
		}
		if f.Auditors, err = app.Shards.Auditors(ctx, f.Shard.Zone, 0); err != nil && !errors.Is(err, shardstypes.ErrNotFound) {
			return table, nil, err
		}
		f.Validators = f.Committee.GenesisValidators()
	}
	return table, first, nil
}
