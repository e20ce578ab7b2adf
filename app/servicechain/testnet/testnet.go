// Package testnet makes and runs a service chain of several validators on one machine. Unlike `launch` it asks no main chain and registers nothing: such a
// chain is for trying out the daemon.
package testnet

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/cosmos/go-bip39"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/genesis"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/sdk/chain"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// Options of a test network.
type Options struct {
	Dir           string
	ChainID       string
	Type          string
	MainChainID   string
	EpochBlocks   uint64
	Validators    int
	BasePort      int
	TimeoutCommit time.Duration
	VotingPeriod  time.Duration
}

// Init writes the homes of a new network. It refuses a directory that already holds one.
func Init(app *servicechain.App, opts Options) (*localchain.Summary, error) {
	if opts.Validators < 1 || opts.Validators > 50 {
		return nil, fmt.Errorf("--validators is %d: a test network has 1 to 50", opts.Validators)
	}
	if err := localchain.CheckEmpty(opts.Dir); err != nil {
		return nil, err
	}
	ports, err := home.Allocate(opts.Validators, opts.BasePort)
	if err != nil {
		return nil, err
	}
	summary := &localchain.Summary{ChainID: opts.ChainID}
	nodes := make([]*home.Node, len(ports))
	peers := make([]string, len(ports))
	for i, p := range ports {
		name := fmt.Sprintf("operator%d", i)
		if nodes[i], err = home.Prepare(filepath.Join(opts.Dir, fmt.Sprintf("node%d", i)), name, config.DefaultComet(), p); err != nil {
			return nil, err
		}
		peers[i] = nodes[i].Peer()
		key, err := newKey(name)
		if err != nil {
			return nil, err
		}
		summary.Keys = append(summary.Keys, key)
	}
	doc, err := document(app, opts, nodes, summary.Keys)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if err := n.WriteGenesis(doc); err != nil {
			return nil, err
		}
		if err := n.WriteConfig(home.Settings{ChainID: opts.ChainID, Peers: peers, TimeoutCommit: opts.TimeoutCommit, App: servicechain.NodeConfig()}); err != nil {
			return nil, err
		}
		summary.Nodes = append(summary.Nodes, n.Endpoints())
	}
	return summary, summary.Save(opts.Dir)
}

// document is the genesis that all nodes share; the first operator may link the main chain.
func document(app *servicechain.App, opts Options, nodes []*home.Node, keys []localchain.Key) (*genutiltypes.AppGenesis, error) {
	f := genesis.Founding{
		ChainID: opts.ChainID, VotingPeriod: opts.VotingPeriod,
		Chain: usagetypes.Chain{ServiceType: opts.Type, MainChainId: opts.MainChainID, EpochBlocks: opts.EpochBlocks, Operator: keys[0].Address},
	}
	for i, n := range nodes {
		f.Operators = append(f.Operators, operatorstypes.Operator{Address: keys[i].Address, Moniker: n.Moniker, ConsensusKey: n.ConsensusKey.Bytes(), Power: 1})
	}
	return genesis.Document(app, f)
}

func newKey(name string) (localchain.Key, error) {
	entropy, err := bip39.NewEntropy(256)
	if err != nil {
		return localchain.Key{}, err
	}
	mnemonic, err := bip39.NewMnemonic(entropy)
	if err != nil {
		return localchain.Key{}, err
	}
	key, err := chain.FromMnemonic(mnemonic)
	if err != nil {
		return localchain.Key{}, err
	}
	return localchain.Key{Name: name, Address: key.Address(), Mnemonic: mnemonic}, nil
}
