package localnet

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/topnetwork/top/node/process"
)

// Founded is a service chain that somebody has founded beside the network's own, with their relayer.
type Founded struct {
	*Chain
	Clients Clients
	// Relayer is the name of the founder's relayer process.
	Relayer string
}

// Found a service chain of any registered type as its founder does: launch, link, a relayer of their own. The chain's processes are named after kind.
func (n *Network) Found(ctx context.Context, founder Key, serviceType, chainID, kind string, validators int) (*Founded, error) {
	base, err := FreeBlock(validators * portsPerNode)
	if err != nil {
		return nil, err
	}
	mnemonic, err := n.writeFile(kind+"-founder.mnemonic", founder.Mnemonic+"\n")
	if err != nil {
		return nil, err
	}
	var made launched
	if err := n.command(ctx, kind+"-launch", "topserviced", &made,
		"launch", "--type", serviceType, "--chain-id", chainID, "--home", filepath.Join(n.Dir, kind), "--validators", strconv.Itoa(validators),
		"--base-port", strconv.Itoa(base), "--timeout-commit", n.cfg.TimeoutCommit.String(), "--main-grpc", n.Main.Nodes[0].GRPC,
		"--operator-mnemonic-file", mnemonic,
	); err != nil {
		return nil, err
	}
	f := &Founded{Chain: &Chain{ID: made.ChainID, Kind: kind, Nodes: made.Nodes}, Relayer: kind + "-relayer"}
	if err := n.startNodes(ctx, f.Chain, "topserviced", RoleServiceNode, nil); err != nil {
		return nil, err
	}
	home := filepath.Join(n.Dir, f.Relayer)
	if _, err := n.writeFile(filepath.Join(f.Relayer, "config.yaml"), n.reaching(f.Chain)+fmt.Sprintf(`ibc: {key: %s, poll: 300ms, refresh: 2s}
metrics: "127.0.0.1:0"
status_file: status.json
`, founder.Name)); err != nil {
		return nil, err
	}
	if err := n.addKey(ctx, home, founder); err != nil {
		return nil, err
	}
	if err := n.command(ctx, kind+"-link", "relayer", &f.Clients, "link", "--home", home); err != nil {
		return nil, err
	}
	p, err := n.launch(f.Relayer, RoleRelayer, "", home, process.Spec{Path: filepath.Join(n.cfg.Bin, "relayer"), Args: []string{"start", "--home", home}})
	if err != nil {
		return nil, err
	}
	var status Status
	return f, n.await(ctx, f.Relayer, func(context.Context) error { return status.read(home, p.Pid()) }, p)
}

// reaching is the part of a relayer's configuration that joins the main chain with a service chain.
func (n *Network) reaching(service *Chain) string {
	line := func(name string, c *Chain) string {
		return fmt.Sprintf("  %s: {chain_id: %s, rpc: %q, grpc: %q}\n", name, c.ID, c.Nodes[0].RPC, c.Nodes[0].GRPC)
	}
	return "chains:\n" + line("main", n.Main) + line("service", service)
}

// ServiceProvider is a provider of any service on any chain of the network.
type ServiceProvider struct {
	Key
	// Program is the relayer that has the service, in the network's folder of programs.
	Program string
	Service string
	// Prices as in the configuration, e.g. "{stamp: 70}".
	Prices string
}

// Provide runs a provider until both chains know it. Its process has the key's name.
func (n *Network) Provide(ctx context.Context, chain *Chain, p ServiceProvider) error {
	port, err := FreeBlock(1)
	if err != nil {
		return err
	}
	home := filepath.Join(n.Dir, p.Name)
	if _, err := n.writeFile(filepath.Join(p.Name, "config.yaml"), n.reaching(chain)+fmt.Sprintf(`provider:
  key: %s
  identity: identity.key
  listen: ["/ip4/127.0.0.1/tcp/%d"]
  service: %s
  prices: %s
  tick: 10
  float: 2000
  voucher: 10000
  deposit: 1000000
  data: data
  retention: 72h
metrics: "127.0.0.1:0"
status_file: status.json
`, p.Name, port, p.Service, p.Prices)); err != nil {
		return err
	}
	if err := n.addKey(ctx, home, p.Key); err != nil {
		return err
	}
	proc, err := n.launch(p.Name, RoleProvider, chain.ID, home, process.Spec{Path: filepath.Join(n.cfg.Bin, p.Program), Args: []string{"start", "--home", home}})
	if err != nil {
		return err
	}
	return n.await(ctx, p.Name+" on "+chain.ID, func(ctx context.Context) error {
		var status Status
		if err := status.read(home, proc.Pid()); err != nil {
			return err
		}
		var answer map[string]any
		return chain.REST().Get(ctx, "/top/usage/v1/providers/"+p.Address, &answer)
	}, proc)
}

// Run one of the network's programs to its end with lines on its standard input, and answer what it prints.
func (n *Network) Run(ctx context.Context, name, program, input string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return process.Run(ctx, process.Spec{
		Name: name, Path: filepath.Join(n.cfg.Bin, program), Args: args, Input: input, Log: filepath.Join(n.Dir, "logs", name+".log"),
	})
}
