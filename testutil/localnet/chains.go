package localnet

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// portsPerNode is the distance between two nodes' ports when they are counted from a base.
const portsPerNode = 10

// launched is what the daemons print about the nodes they have prepared.
type launched struct {
	ChainID string `json:"chain_id"`
	Nodes   []Node `json:"nodes"`
	Keys    []Key  `json:"keys"`
}

func (n *Network) startMainChain(ctx context.Context) error {
	base, err := FreeBlock(n.cfg.Validators * (portsPerNode + n.cfg.Shards.ports()))
	if err != nil {
		return err
	}
	if n.cfg.Machines {
		if err := n.makeMachines(); err != nil {
			return err
		}
	}
	var made launched
	args := []string{
		"testnet", "init-files", "--output-dir", filepath.Join(n.Dir, "main"), "--chain-id", MainChainID,
		"--validators", strconv.Itoa(n.cfg.Validators), "--base-port", strconv.Itoa(base),
		"--timeout-commit", n.cfg.TimeoutCommit.String(), "--epoch-blocks", strconv.Itoa(n.cfg.EpochBlocks),
		"--voting-period", n.cfg.VotingPeriod.String(),
	}
	args = append(args, n.cfg.Shards.flags(n.Steward.Address)...)
	if n.cfg.Shards.Zones > 0 {
		accounts, err := n.writeAccounts()
		if err != nil {
			return err
		}
		args = append(args, "--shard-accounts", accounts)
	}
	if n.machines != nil {
		args = append(args, "--starting-ip-address", n.machines.Ports[0].Address)
	}
	if n.cfg.Committee > 0 {
		args = append(args, "--committee", strconv.Itoa(n.cfg.Committee), "--standbys", strconv.Itoa(n.cfg.Standbys))
	}
	if n.cfg.SignedBlocksWindow > 0 {
		args = append(args, "--signed-blocks-window", strconv.Itoa(n.cfg.SignedBlocksWindow))
	}
	if err := n.command(ctx, "main-init", "topchaind", &made, append(args, n.funds()...)...); err != nil {
		return err
	}
	n.Main = &Chain{ID: made.ChainID, Kind: "main", Nodes: made.Nodes}
	n.validators = made.Keys
	if err := n.found(); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}

	// A well-known port for the first node's REST, for newcomers' tools.
	wellKnown := n.cfg.RESTPort > 0 && allFree(n.cfg.RESTPort, 1) == nil
	if wellKnown {
		n.Main.Nodes[0].REST = fmt.Sprintf("http://127.0.0.1:%d", n.cfg.RESTPort)
	}
	return n.startNodes(ctx, n.Main, "topchaind", RoleMainNode, func(node int) []string {
		if node == 0 && wellKnown {
			return []string{"--api.address", fmt.Sprintf("tcp://127.0.0.1:%d", n.cfg.RESTPort)}
		}
		return nil
	})
}

func (n *Network) startServiceChain(ctx context.Context) error {
	base, err := FreeBlock(n.cfg.ServiceValidators * portsPerNode)
	if err != nil {
		return err
	}
	mnemonic, err := n.writeFile("operator.mnemonic", n.Operator.Mnemonic+"\n")
	if err != nil {
		return err
	}
	var made launched
	if err := n.command(ctx, "service-launch", "topserviced", &made,
		"launch", "--type", ServiceType, "--chain-id", ServiceChainID, "--home", filepath.Join(n.Dir, "service"),
		"--validators", strconv.Itoa(n.cfg.ServiceValidators), "--base-port", strconv.Itoa(base),
		"--timeout-commit", n.cfg.TimeoutCommit.String(), "--voting-period", n.cfg.VotingPeriod.String(),
		"--main-grpc", n.Main.Nodes[0].GRPC, "--operator-mnemonic-file", mnemonic,
	); err != nil {
		return err
	}
	n.Service = &Chain{ID: made.ChainID, Kind: "service", Nodes: made.Nodes}
	return n.startNodes(ctx, n.Service, "topserviced", RoleServiceNode, nil)
}
