// Package localnet runs a whole network on this machine: main chain, service chain, relayer and providers, each as a process of its own, on free ports of
// loopback. The demo, the process tests and the benchmarks share it.
package localnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
)

// Roles of processes.
const (
	RoleMainNode    = "main-node"
	RoleShardNode   = "shard-node"
	RoleServiceNode = "service-node"
	RoleRelayer     = "relayer"
	RoleProvider    = "provider"
	RoleUser        = "user"
)

// Network is a running network.
type Network struct {
	Dir     string
	Main    *Chain
	Service *Chain
	// Clients are the light clients that join the chains.
	Clients Clients
	// Operator founded the service chain and runs the relayer.
	Operator  Key
	Providers []*Provider
	// Users have funds on the main chain and nothing else yet.
	Users []Key
	// Steward of the shards, and Carrier, who runs the router; where there are shards.
	Steward, Carrier Key

	// Shards in the order of their prefixes, with the nodes that ran when they were looked for last (FindShards).
	Shards []*Chain

	cfg        Config
	children   []ProcessRecord
	fleet      fleet
	validators []Key
	links      map[ends]*fault.Link
	// machines of the main nodes, in their order; nil where they share this one.
	machines *fault.Switch
	// edge where StartEdge found it.
	edge *Edge
}

// Chain is one chain of the network.
type Chain struct {
	ID    string
	Kind  string
	Nodes []Node
}

// Node is one node of a chain.
type Node struct {
	Name string `json:"-"`
	Home string `json:"home"`
	RPC  string `json:"rpc"`
	GRPC string `json:"grpc"`
	REST string `json:"rest"`
	P2P  string `json:"p2p"`
}

// REST of the chain's first node.
func (c *Chain) REST() REST { return REST{URL: c.Nodes[0].REST} }

// Start makes a network from nothing and returns when both chains know every provider. After an error nothing runs any more; the logs stay.
func Start(ctx context.Context, cfg Config) (*Network, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if err := clean(cfg.Dir); err != nil {
		return nil, err
	}
	n := &Network{Dir: cfg.Dir, cfg: cfg, links: map[ends]*fault.Link{}}
	// An early record marks the directory as a network's, for the next run to clean.
	if err := n.writeRecord(); err != nil {
		return nil, err
	}
	type step struct {
		name string
		run  func(context.Context) error
	}
	steps := []step{{"keys", n.makeKeys}, {"main chain", n.startMainChain}}
	if cfg.Shards.Zones > 0 {
		steps = append(steps, step{"shards", n.startShards})
	}
	if !cfg.MainOnly {
		steps = append(steps, step{"service chain", n.startServiceChain}, step{"link", n.link}, step{"relayer", n.startRelayer}, step{"providers", n.startProviders})
	}
	for _, step := range steps {
		began := time.Now()
		if err := step.run(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", step.name, err), n.Stop())
		}
		cfg.Logf("%-14s ready after %.1fs", step.name, time.Since(began).Seconds())
	}
	return n, nil
}

// stepTimeout bounds each wait of the start; a loaded machine with two cores needs a fraction of it.
const stepTimeout = 2 * time.Minute

// await waits for a condition, at most stepTimeout, and gives up when a process it needs ends.
func (n *Network) await(ctx context.Context, what string, condition func(context.Context) error, needs ...*process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return process.Await(ctx, what, condition, needs...)
}

// command runs one of the network's programs to its end and decodes the JSON that it prints.
func (n *Network) command(ctx context.Context, name, program string, out any, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	bz, err := process.Run(ctx, process.Spec{
		Name: name, Path: filepath.Join(n.cfg.Bin, program), Args: args, Log: filepath.Join(n.Dir, "logs", name+".log"),
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(bz, out); err != nil {
		return fmt.Errorf("%s printed %.300q: %w", name, bz, err)
	}
	return nil
}

func (n *Network) snapshotFlags() []string {
	if n.cfg.SnapshotInterval == 0 {
		return nil
	}
	return []string{"--state-sync.snapshot-interval", strconv.Itoa(n.cfg.SnapshotInterval)}
}

// cacheEnv are the settings of SmallCaches, for a daemon.
func (n *Network) cacheEnv(program string) []string {
	if !n.cfg.SmallCaches {
		return nil
	}
	prefix := strings.ToUpper(program)
	return []string{prefix + "_IAVL_CACHE_SIZE=200", prefix + "_IAVL_DISABLE_FASTNODE=true"}
}

// startNodes runs a chain's nodes and waits until each has made its second block.
func (n *Network) startNodes(ctx context.Context, c *Chain, program, role string, flags func(node int) []string) error {
	for i := range c.Nodes {
		c.Nodes[i].Name = fmt.Sprintf("%s%d", c.Kind, i)
	}
	if n.cfg.Cuttable {
		if err := n.wire(c); err != nil {
			return err
		}
	}
	for i, node := range c.Nodes {
		args := append([]string{"start", "--home", node.Home}, n.snapshotFlags()...)
		if n.cfg.Cuttable {
			args = append(args, n.peerFlags(c, node)...)
		}
		if flags != nil {
			args = append(args, flags(i)...)
		}
		if _, err := n.launch(node.Name, role, c.ID, node.Home, process.Spec{Path: filepath.Join(n.cfg.Bin, program), Args: args, Env: n.cacheEnv(program)}); err != nil {
			return err
		}
	}
	for _, node := range c.Nodes {
		if err := n.await(ctx, fmt.Sprintf("height 2 of %s on %s", c.ID, node.Name), func(ctx context.Context) error {
			height, err := REST{URL: node.REST}.LatestHeight(ctx)
			if err == nil && height < 2 {
				err = fmt.Errorf("height is %d", height)
			}
			return err
		}, n.Processes(role)...); err != nil {
			return err
		}
	}
	return nil
}

// AwaitHeight waits until a node has a block.
func (n *Network) AwaitHeight(ctx context.Context, node Node, height int64) error {
	return n.await(ctx, fmt.Sprintf("height %d of %s", height, node.Name), func(ctx context.Context) error {
		s, err := node.Status(ctx)
		if err == nil && s.Height < height {
			err = fmt.Errorf("height is %d", s.Height)
		}
		return err
	}, n.Process(node.Name))
}

// writeRecord brings network.json up to date: it lists what runs now.
func (n *Network) writeRecord() error {
	r := &Record{Chains: []ChainRecord{}, Processes: []ProcessRecord{}, Keys: []Key{}}
	for _, c := range append([]*Chain{n.Main, n.Service}, n.Shards...) {
		if c == nil {
			continue
		}
		cr := ChainRecord{ChainID: c.ID, Kind: c.Kind}
		for _, node := range c.Nodes {
			cr.RPC, cr.REST, cr.GRPC = append(cr.RPC, node.RPC), append(cr.REST, node.REST), append(cr.GRPC, node.GRPC)
		}
		r.Chains = append(r.Chains, cr)
	}
	n.fleet.mu.Lock()
	defer n.fleet.mu.Unlock()
	for _, m := range n.fleet.members {
		if !m.proc.Running() {
			continue
		}
		r.Processes = append(r.Processes, m.record)
		if m.record.Name == EdgeName {
			r.Edge = n.edge
		}
	}
	r.Processes = append(r.Processes, n.children...)
	if n.Operator.Name != "" {
		r.Keys = append(r.Keys, n.Operator)
	}
	for _, p := range n.Providers {
		r.Keys = append(r.Keys, p.Key)
	}
	if n.cfg.Shards.Zones > 0 {
		r.Keys = append(r.Keys, n.Steward, n.Carrier)
	}
	r.Keys = append(append(r.Keys, n.Users...), n.validators...)
	return r.write(n.Dir)
}

// writeFile puts a file of the network's own into its directory and returns its path.
func (n *Network) writeFile(name, content string) (string, error) {
	path := filepath.Join(n.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(content), 0o600)
}
