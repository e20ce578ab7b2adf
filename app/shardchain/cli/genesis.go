package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/node/home"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// maxBlock in bytes: ten thousand transfers.
const maxBlock = 4 << 20

// document is the genesis that all members share, of a shard without a main chain.
func document(chainID string, nodes []*home.Node, gs *latticetypes.GenesisState) (*genutiltypes.AppGenesis, error) {
	validators := make([]cmttypes.GenesisValidator, len(nodes))
	for i, n := range nodes {
		key, err := cryptocodec.ToCmtPubKeyInterface(n.ConsensusKey)
		if err != nil {
			return nil, err
		}
		validators[i] = cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: 1, Name: n.Moniker}
	}
	return documentOf(chainID, validators, gs, lighttypes.DefaultGenesisState())
}

// documentOf a shard with its first committee, its accounts, and what it trusts of the main chain.
func documentOf(chainID string, validators []cmttypes.GenesisValidator, gs *latticetypes.GenesisState, light *lighttypes.GenesisState) (*genutiltypes.AppGenesis, error) {
	if err := errors.Join(gs.Validate(), light.Validate()); err != nil {
		return nil, err
	}
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	bz, err := cdc.MarshalJSON(gs)
	if err != nil {
		return nil, err
	}
	lightBz, err := cdc.MarshalJSON(light)
	if err != nil {
		return nil, err
	}
	state, err := json.Marshal(map[string]json.RawMessage{latticetypes.ModuleName: bz, lighttypes.ModuleName: lightBz})
	if err != nil {
		return nil, err
	}
	doc := genutiltypes.NewAppGenesisWithVersion(chainID, state)
	doc.AppName = shardchain.Name
	doc.GenesisTime = time.Now().UTC() //nolint:forbidigo // written once into a file that all members share
	params := base.ConsensusParams()
	params.Block.MaxBytes = maxBlock
	doc.Consensus = &genutiltypes.ConsensusGenesis{Params: params, Validators: validators}
	return doc, nil
}

// account of genesis.
func account(address, coins string) (latticetypes.Balance, error) {
	parsed, err := sdk.ParseCoinsNormalized(coins)
	if err != nil {
		return latticetypes.Balance{}, fmt.Errorf("%s: coins %q: %w", address, coins, err)
	}
	return latticetypes.Balance{Address: address, Coins: parsed}, nil
}
