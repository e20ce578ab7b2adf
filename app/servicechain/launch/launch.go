// Package launch founds a service chain: keys, genesis, node configuration and the registration on the main chain. Every step looks first at what is
// already there, so that an interrupted launch is finished by running it again, and a finished one changes nothing: settings that were edited since are kept, options
// that would be ignored and keys that the genesis does not name are refused.
package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/home"
)

// Options of a launch.
type Options struct {
	Dir        string
	ChainID    string
	Type       string
	Validators int
	BasePort   int
	// MainGRPC is a main-chain node, host:port.
	MainGRPC string
	// OperatorMnemonicFile holds the founder's mnemonic: it registers the chain and runs its first validator.
	OperatorMnemonicFile string
	// GenesisAccounts exist from the start, e.g. the relayer's.
	GenesisAccounts []string
	TimeoutCommit   time.Duration
	VotingPeriod    time.Duration
	// Deposit for the registration, in utop.
	Deposit uint64
}

// Summary of a launched chain, printed as JSON.
type Summary struct {
	ChainID string           `json:"chain_id"`
	Nodes   []home.Endpoints `json:"nodes"`
}

const genesisFile = "genesis.json"

// Launch founds the chain or finishes founding it.
func Launch(ctx context.Context, app *servicechain.App, opts Options) (*Summary, error) {
	p, err := readPlan(opts)
	if err != nil {
		return nil, err
	}
	founder, err := openFounder(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer founder.Close()
	if p == nil {
		p, err = makePlan(ctx, app, opts, founder)
	} else {
		err = p.checkMain(opts, founder)
	}
	if err != nil {
		return nil, err
	}
	if err := checkComplete(opts.Dir, len(p.Ports)); err != nil {
		return nil, err
	}
	operators, err := openOperators(opts.Dir, founder, len(p.Ports))
	if err != nil {
		return nil, err
	}
	nodes := make([]*home.Node, len(p.Ports))
	peers := make([]string, len(p.Ports))
	for i, ports := range p.Ports {
		n, err := home.Prepare(filepath.Join(opts.Dir, fmt.Sprintf("node%d", i)), fmt.Sprintf("operator%d", i), config.DefaultComet(), ports)
		if err != nil {
			return nil, err
		}
		nodes[i], peers[i] = n, n.Peer()
	}
	doc, err := openGenesis(app, opts, founder, operators, nodes)
	if err != nil {
		return nil, err
	}
	if err := checkValidators(app, doc, operators, nodes); err != nil {
		return nil, err
	}
	summary := &Summary{ChainID: opts.ChainID}
	for _, n := range nodes {
		if err := configure(n, doc, opts, peers); err != nil {
			return nil, err
		}
		summary.Nodes = append(summary.Nodes, n.Endpoints())
	}
	// Last, because it costs a deposit: everything it announces exists by now, and can start.
	return summary, founder.register(ctx, opts)
}

// configure writes what a node lacks and refuses settings with which it could not start.
func configure(n *home.Node, doc *genutiltypes.AppGenesis, opts Options, peers []string) error {
	if err := n.WriteGenesis(doc); err != nil {
		return err
	}
	err := n.WriteConfig(home.Settings{
		ChainID: opts.ChainID, Peers: peers, TimeoutCommit: opts.TimeoutCommit, App: servicechain.NodeConfig(), Keep: true,
	})
	if err != nil {
		return err
	}
	if err := config.CheckHome(n.Home, opts.ChainID, base.OperatorDenom); err != nil {
		return fmt.Errorf("%s: %w", n.Home, err)
	}
	n.Ports, err = home.ReadPorts(n.Home)
	return err
}

// openGenesis reads the genesis of an earlier run, or builds it. All nodes get the same bytes.
func openGenesis(app *servicechain.App, opts Options, f *founder, operators []operator, nodes []*home.Node) (*genutiltypes.AppGenesis, error) {
	file := filepath.Join(opts.Dir, genesisFile)
	if _, err := os.Stat(file); err == nil {
		return genutiltypes.AppGenesisFromFile(file)
	}
	doc, err := document(app, opts, f, operators, nodes)
	if err != nil {
		return nil, err
	}
	return doc, writeJSON(file, doc)
}

// writeJSON replaces a file in one step: a reader sees the old content or the new, never half.
func writeJSON(file string, v any) error {
	bz, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, bz, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}
