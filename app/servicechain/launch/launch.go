// Package launch founds a service chain: keys, genesis, node configuration and the registration on the main chain. Every step looks first at what is
// already there, so that an interrupted launch is finished by running it again, and a finished one changes nothing.
package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

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

// plan is what a launch has decided before its first irreversible step; kept in the chain's directory.
type plan struct {
	ChainID string       `json:"chain_id"`
	Type    string       `json:"type"`
	Ports   []home.Ports `json:"ports"`
}

const (
	planFile    = "launch.json"
	genesisFile = "genesis.json"
)

// Launch founds the chain or finishes founding it.
func Launch(ctx context.Context, app *servicechain.App, opts Options) (*Summary, error) {
	p, err := openPlan(opts)
	if err != nil {
		return nil, err
	}
	founder, err := openFounder(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer founder.Close()

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
	summary := &Summary{ChainID: opts.ChainID}
	for _, n := range nodes {
		if err := n.WriteGenesis(doc); err != nil {
			return nil, err
		}
		if err := n.WriteConfig(home.Settings{ChainID: opts.ChainID, Peers: peers, TimeoutCommit: opts.TimeoutCommit, App: servicechain.NodeConfig()}); err != nil {
			return nil, err
		}
		summary.Nodes = append(summary.Nodes, n.Endpoints())
	}
	// Last, because it costs a deposit: everything it announces exists by now.
	return summary, founder.register(ctx, opts)
}

// openPlan reads the plan of an earlier run, or makes one. A different chain in the same directory is refused.
func openPlan(opts Options) (*plan, error) {
	file := filepath.Join(opts.Dir, planFile)
	bz, err := os.ReadFile(file)
	if err == nil {
		var p plan
		if err := json.Unmarshal(bz, &p); err != nil {
			return nil, fmt.Errorf("%s is damaged (%w): remove it and the node folders beside it to start over", file, err)
		}
		if p.ChainID != opts.ChainID || p.Type != opts.Type || len(p.Ports) != opts.Validators {
			return nil, fmt.Errorf("%s holds %s (%s, %d validators); choose another --home for %s (%s, %d validators)",
				opts.Dir, p.ChainID, p.Type, len(p.Ports), opts.ChainID, opts.Type, opts.Validators)
		}
		return &p, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ports, err := home.Allocate(opts.Validators, opts.BasePort)
	if err != nil {
		return nil, err
	}
	p := &plan{ChainID: opts.ChainID, Type: opts.Type, Ports: ports}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, err
	}
	return p, writeJSON(file, p)
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
