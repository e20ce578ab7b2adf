package launch

import (
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/genesis"
	"github.com/topnetwork/top/node/home"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// document is the chain's genesis: its operators validate and govern, and the founder may link the main chain.
func document(app *servicechain.App, opts Options, f *founder, operators []operator, nodes []*home.Node) (*genutiltypes.AppGenesis, error) {
	founding := genesis.Founding{
		ChainID: opts.ChainID, VotingPeriod: opts.VotingPeriod, Accounts: opts.GenesisAccounts,
		Chain: usagetypes.Chain{ServiceType: opts.Type, MainChainId: f.mainChainID, EpochBlocks: f.epochBlocks, Operator: f.key.Address()},
	}
	for i, n := range nodes {
		founding.Operators = append(founding.Operators, operatorstypes.Operator{
			Address: operators[i].Address, Moniker: n.Moniker, ConsensusKey: n.ConsensusKey.Bytes(), Power: 1,
		})
	}
	return genesis.Document(app, founding)
}
