// Package testnet makes a main chain of several validators, on one machine or on many, and runs one on this.
package testnet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/home"
)

// What each validator of a test network owns and stakes, in utop.
const (
	validatorBalance = 1_000_000_000_000
	validatorStake   = 500_000_000_000
)

// minEpochBlocks: one block each to collect in, to seal in and to elect.
const minEpochBlocks = 3

// Options of a test network.
type Options struct {
	Dir        string
	ChainID    string
	Validators int
	BasePort   int
	// StartingIP is the address of the first validator's machine, each other's is the next one; empty where all are on this machine.
	StartingIP    string
	TimeoutCommit time.Duration
	EpochBlocks   uint64
	// Committee and Standbys bound how many of the validators sit at a time and how many stand by.
	Committee, Standbys uint32
	// SignedBlocksWindow is how many blocks absence is counted over: who misses more than half of them is jailed.
	SignedBlocksWindow int64
	VotingPeriod       time.Duration
	Accounts           []Balance
	Shards             Shards
}

type network struct {
	ctx        context.Context
	app        *mainchain.App
	opts       Options
	keys       keyring.Keyring
	validators []validator
}

// Init writes the homes of a new network. It refuses a directory that already holds one.
func Init(ctx context.Context, app *mainchain.App, opts Options) (*localchain.Summary, error) {
	if opts.Validators < 1 || opts.Validators > 50 {
		return nil, fmt.Errorf("--validators is %d: a test network has 1 to 50", opts.Validators)
	}
	if opts.EpochBlocks < minEpochBlocks {
		return nil, fmt.Errorf("--epoch-blocks is %d: an epoch has at least %d, to collect proofs, seal and elect", opts.EpochBlocks, minEpochBlocks)
	}
	if opts.Committee < 1 {
		return nil, errors.New("--committee is 0: somebody must make blocks")
	}
	if opts.SignedBlocksWindow < 10 {
		return nil, fmt.Errorf("--signed-blocks-window is %d: take 10 or more, or every late block jails somebody", opts.SignedBlocksWindow)
	}
	if err := opts.Shards.check(opts.Validators, opts.BasePort); err != nil {
		return nil, err
	}
	if err := localchain.CheckEmpty(opts.Dir); err != nil {
		return nil, err
	}
	hosts, err := opts.hosts()
	if err != nil {
		return nil, err
	}
	ports, err := home.Allocate(opts.Validators, opts.BasePort)
	if err != nil {
		return nil, err
	}
	n := &network{ctx: ctx, app: app, opts: opts, keys: keyring.NewInMemory(app.Codec)}
	var peers []string
	for i, p := range ports {
		node, err := home.Prepare(filepath.Join(opts.Dir, fmt.Sprintf("node%d", i)), fmt.Sprintf("validator%d", i), config.DefaultComet(), p)
		if err != nil {
			return nil, err
		}
		node.Host = hosts[i]
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
	summary := &localchain.Summary{ChainID: opts.ChainID}
	for i, v := range n.validators {
		app, err := opts.app(i, v.node)
		if err != nil {
			return nil, err
		}
		if err := v.node.WriteGenesis(doc); err != nil {
			return nil, err
		}
		if err := v.node.WriteConfig(home.Settings{ChainID: opts.ChainID, Peers: peers, TimeoutCommit: opts.TimeoutCommit, App: app}); err != nil {
			return nil, err
		}
		summary.Nodes = append(summary.Nodes, v.node.Endpoints())
		summary.Keys = append(summary.Keys, localchain.Key{Name: v.node.Moniker, Address: v.address.String(), Mnemonic: v.mnemonic})
	}
	return summary, summary.Save(opts.Dir)
}

// hosts of the validators, in their order.
func (o Options) hosts() ([]string, error) {
	list := make([]string, o.Validators)
	if o.StartingIP == "" {
		for i := range list {
			list[i] = home.Loopback
		}
		return list, nil
	}
	ip, err := netip.ParseAddr(o.StartingIP)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--starting-ip-address: %w; want the first validator's address, e.g. 192.168.0.1", err)
	case o.BasePort == 0:
		return nil, errors.New("--starting-ip-address needs --base-port: which ports are free on other machines is not known here")
	}
	for i := range list {
		if !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() {
			return nil, fmt.Errorf("--starting-ip-address %s leaves validator%d without an address of a machine", o.StartingIP, i)
		}
		list[i], ip = ip.String(), ip.Next()
	}
	return list, nil
}
