package localnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/topnetwork/top/node/process"
)

// WalletChainID is the network of shards as wallets know it.
const WalletChainID = "top-1"

// writeHosts puts a file of nodes into a relayer's home: the directories of all hosts.
func (n *Network) writeHosts(home string) error {
	var lines strings.Builder
	for _, node := range n.Main.Nodes {
		base, err := node.Directory()
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "host %s\n", base)
	}
	_, err := n.writeFile(filepath.Join(home, "shards.txt"), lines.String())
	return err
}

// checkName is the folder of what the check of the supply is told.
const checkName = "check"

// RouterName names the first router's process and home.
const RouterName = "router"

// StartRouter that carries between the shards and the main chain, and returns when it does. One key is one router's.
func (n *Network) StartRouter(ctx context.Context, name string, key Key) error {
	home := filepath.Join(n.Dir, name)
	main := n.Main.Nodes
	var rpc, grpc []string
	for _, node := range main[:min(len(main), 3)] {
		rpc, grpc = append(rpc, node.RPC), append(grpc, node.GRPC)
	}
	if _, err := n.writeFile(filepath.Join(name, "config.yaml"), fmt.Sprintf(`chains:
  main: {chain_id: %s, rpc: [%s], grpc: [%s]}
router: {nodes: shards.txt, key: %s, poll: 500ms, confirm: 2s, confirm_batches: 50, anchor: 3s}
metrics: "127.0.0.1:0"
status_file: status.json
`, n.Main.ID, quoted(rpc), quoted(grpc), key.Name)); err != nil {
		return err
	}
	if err := errors.Join(n.writeHosts(name), n.addKey(ctx, home, key)); err != nil {
		return err
	}
	p, err := n.launch(name, RoleRelayer, "", home, process.Spec{Path: filepath.Join(n.cfg.Bin, "relayer"), Args: []string{"start", "--home", home}})
	if err != nil {
		return err
	}
	return n.await(ctx, name, func(context.Context) error {
		var status Status
		return status.read(home, p.Pid())
	}, p)
}

// Edge is where wallets reach the network of shards.
type Edge struct {
	// RPC and REST are URLs, GRPC is host:port.
	RPC  string `json:"rpc"`
	REST string `json:"rest"`
	GRPC string `json:"grpc"`
}

// EdgeName names the edge's process and home.
const EdgeName = "edge"

// StartEdge and return when every shard answers by it.
func (n *Network) StartEdge(ctx context.Context) (e Edge, err error) {
	home := filepath.Join(n.Dir, EdgeName)
	if _, err := n.writeFile(filepath.Join(EdgeName, "config.yaml"), fmt.Sprintf(`edge: {network: %s, rpc: "127.0.0.1:0", rest: "127.0.0.1:0", grpc: "127.0.0.1:0", nodes: shards.txt, refresh: 500ms, rate: 100000, burst: 100000, in_flight: 1024, cache: 64, origins: ["*"]}
metrics: "127.0.0.1:0"
status_file: status.json
`, WalletChainID)); err != nil {
		return e, err
	}
	if err := n.writeHosts(EdgeName); err != nil {
		return e, err
	}
	p, err := n.launch(EdgeName, RoleRelayer, WalletChainID, home, process.Spec{Path: filepath.Join(n.cfg.Bin, "relayer"), Args: []string{"start", "--home", home}})
	if err != nil {
		return e, err
	}
	if err := n.await(ctx, EdgeName, func(context.Context) error {
		var status Status
		if err := status.read(home, p.Pid()); err != nil {
			return err
		}
		var told struct {
			Edge     struct{ RPC, REST, GRPC string }
			Warnings map[string]string
		}
		bz, err := os.ReadFile(filepath.Join(home, "status.json"))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(bz, &told); err != nil {
			return err
		}
		if len(told.Warnings) > 0 || told.Edge.GRPC == "" {
			return fmt.Errorf("it serves at %q; %v", told.Edge.GRPC, told.Warnings)
		}
		e = Edge{RPC: "http://" + told.Edge.RPC, REST: "http://" + told.Edge.REST, GRPC: told.Edge.GRPC}
		return nil
	}, p); err != nil {
		return e, err
	}
	n.edge = &e
	return e, n.writeRecord()
}

// Supply of all shards and the main chain, as `relayer check supply` adds it up; it fails where that does not hold.
func (n *Network) Supply(ctx context.Context) (shards int, err error) {
	var answer struct {
		OK     bool `json:"ok"`
		Shards int  `json:"shards"`
	}
	if err := n.writeHosts(checkName); err != nil {
		return 0, err
	}
	if err := n.command(ctx, "check-supply", "relayer", &answer, "check", "supply", "--json", "--accounts", "--nodes", filepath.Join(n.Dir, checkName, "shards.txt"), "--main", n.Main.Nodes[0].GRPC); err != nil {
		return 0, err
	}
	if !answer.OK {
		return 0, errors.New("the supply does not hold")
	}
	return answer.Shards, nil
}
