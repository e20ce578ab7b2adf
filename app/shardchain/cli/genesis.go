package cli

import (
	"encoding/json"
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
)

// maxBlock in bytes: ten thousand transfers.
const maxBlock = 4 << 20

// document is the genesis that all members share.
func document(chainID string, nodes []*home.Node, gs *latticetypes.GenesisState) (*genutiltypes.AppGenesis, error) {
	if err := gs.Validate(); err != nil {
		return nil, err
	}
	bz, err := codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).MarshalJSON(gs)
	if err != nil {
		return nil, err
	}
	state, err := json.Marshal(map[string]json.RawMessage{latticetypes.ModuleName: bz})
	if err != nil {
		return nil, err
	}
	doc := genutiltypes.NewAppGenesisWithVersion(chainID, state)
	doc.AppName = shardchain.Name
	doc.GenesisTime = time.Now().UTC() //nolint:forbidigo // written once into a file that all members share
	params := base.ConsensusParams()
	params.Block.MaxBytes = maxBlock
	doc.Consensus = &genutiltypes.ConsensusGenesis{Params: params}
	for _, n := range nodes {
		key, err := cryptocodec.ToCmtPubKeyInterface(n.ConsensusKey)
		if err != nil {
			return nil, err
		}
		doc.Consensus.Validators = append(doc.Consensus.Validators, cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: 1, Name: n.Moniker})
	}
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
