// Package testnet makes and runs a main chain of several validators on one machine.
package testnet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/topnetwork/top/app/daemon"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/node/home"
)

// What each validator of a test network owns and stakes, in utop.
const (
	validatorBalance = 1_000_000_000_000
	validatorStake   = 500_000_000_000
)

// summaryFile in the output directory lets `testnet start` find the nodes.
const summaryFile = "testnet.json"

// Options of a test network.
type Options struct {
	Dir           string
	ChainID       string
	Validators    int
	BasePort      int
	TimeoutCommit time.Duration
	EpochBlocks   uint64
	VotingPeriod  time.Duration
	Accounts      []Balance
}

// Summary says where the nodes are and who validates; it is printed and stored.
type Summary struct {
	ChainID string           `json:"chain_id"`
	Nodes   []home.Endpoints `json:"nodes"`
	Keys    []Key            `json:"keys"`
}

// Key is a test account. These networks are for tests: the mnemonics are in the open.
type Key struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	Mnemonic string `json:"mnemonic"`
}

type network struct {
	ctx        context.Context
	app        *mainchain.App
	opts       Options
	keys       keyring.Keyring
	validators []validator
}

// Init writes the homes of a new network. It refuses a directory that already holds one.
func Init(ctx context.Context, app *mainchain.App, opts Options) (*Summary, error) {
	if opts.Validators < 1 || opts.Validators > 50 {
		return nil, fmt.Errorf("--validators is %d: a test network has 1 to 50", opts.Validators)
	}
	if opts.EpochBlocks == 0 {
		return nil, fmt.Errorf("--epoch-blocks is 0: an epoch has at least one block")
	}
	if _, err := os.Stat(filepath.Join(opts.Dir, summaryFile)); err == nil {
		return nil, fmt.Errorf("%s already holds a network: start it with `testnet start`, or remove the directory", opts.Dir)
	}
	ports, err := home.Allocate(opts.Validators, opts.BasePort)
	if err != nil {
		return nil, err
	}
	n := &network{ctx: ctx, app: app, opts: opts, keys: keyring.NewInMemory(app.Codec)}
	var peers []string
	for i, p := range ports {
		node, err := home.Prepare(filepath.Join(opts.Dir, fmt.Sprintf("node%d", i)), fmt.Sprintf("validator%d", i), daemon.CometConfig(), p)
		if err != nil {
			return nil, err
		}
		v, err := n.newValidator(node)
		if err != nil {
			return nil, err
		}
		n.validators = append(n.validators, v)
		peers = append(peers, node.Peer())
	}
	doc, err := n.genesis()
	if err != nil {
		return nil, err
	}
	summary := &Summary{ChainID: opts.ChainID}
	for _, v := range n.validators {
		if err := v.node.WriteGenesis(doc); err != nil {
			return nil, err
		}
		v.node.WriteConfig(home.Settings{Peers: peers, TimeoutCommit: opts.TimeoutCommit, App: daemon.AppConfig(), AppTemplate: daemon.AppConfigTemplate()})
		summary.Nodes = append(summary.Nodes, v.node.Endpoints())
		summary.Keys = append(summary.Keys, Key{Name: v.node.Moniker, Address: v.address.String(), Mnemonic: v.mnemonic})
	}
	bz, err := json.MarshalIndent(summary, "", "  ")
	if err != nil {
		return nil, err
	}
	return summary, os.WriteFile(filepath.Join(opts.Dir, summaryFile), bz, 0o600)
}

// Load reads the summary of a network that Init wrote.
func Load(dir string) (*Summary, error) {
	bz, err := os.ReadFile(filepath.Join(dir, summaryFile))
	if err != nil {
		return nil, fmt.Errorf("no test network in %s: make one with `testnet init-files --output-dir %s` (%w)", dir, dir, err)
	}
	var s Summary
	return &s, json.Unmarshal(bz, &s)
}
