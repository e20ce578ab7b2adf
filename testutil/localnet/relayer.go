package localnet

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/topnetwork/top/node/process"
)

// Clients are the light clients that `relayer link` made.
type Clients struct {
	// Main is the main chain's client of the service chain, Service the service chain's of the main chain.
	Main    string `json:"main_client"`
	Service string `json:"service_client"`
}

func (n *Network) relayerHome() string { return filepath.Join(n.Dir, "relayer") }

// chainsConfig is the part of a relayer's configuration that says where the chains are.
func (n *Network) chainsConfig() string {
	var b strings.Builder
	b.WriteString("chains:\n")
	for _, c := range []struct {
		name  string
		chain *Chain
	}{{"main", n.Main}, {"service", n.Service}} {
		fmt.Fprintf(&b, "  %s: {chain_id: %s, rpc: %q, grpc: %q}\n", c.name, c.chain.ID, c.chain.Nodes[0].RPC, c.chain.Nodes[0].GRPC)
	}
	return b.String()
}

// addKey puts an account's key into a relayer home.
func (n *Network) addKey(ctx context.Context, home string, key Key) error {
	rel, err := filepath.Rel(n.Dir, home)
	if err != nil {
		return err
	}
	mnemonic, err := n.writeFile(filepath.Join(rel, key.Name+".mnemonic"), key.Mnemonic+"\n")
	if err != nil {
		return err
	}
	_, err = process.Run(ctx, process.Spec{
		Name: "keys-" + key.Name, Path: filepath.Join(n.cfg.Bin, "relayer"), Log: filepath.Join(n.Dir, "logs", "keys-"+key.Name+".log"),
		Args: []string{"keys", "add", key.Name, "--home", home, "--mnemonic-file", mnemonic},
	})
	return err
}

// link writes the relayer's home and joins the chains.
func (n *Network) link(ctx context.Context) error {
	if _, err := n.writeFile("relayer/config.yaml", n.chainsConfig()+fmt.Sprintf(`ibc:
  key: %s
  poll: 300ms
  refresh: 2s
metrics: "127.0.0.1:0"
status_file: status.json
`, n.Operator.Name)); err != nil {
		return err
	}
	if err := n.addKey(ctx, n.relayerHome(), n.Operator); err != nil {
		return err
	}
	var err error
	n.Clients, err = n.Link(ctx)
	return err
}

// Link runs `relayer link`; again, it answers the same clients and changes nothing.
func (n *Network) Link(ctx context.Context) (Clients, error) {
	var clients Clients
	args := []string{"link", "--home", n.relayerHome()}
	if n.cfg.TrustingPeriod > 0 {
		args = append(args, "--trusting-period", n.cfg.TrustingPeriod.String())
	}
	if err := n.command(ctx, "relayer-link", "relayer", &clients, args...); err != nil {
		return clients, err
	}
	if clients.Main == "" || clients.Service == "" {
		return clients, fmt.Errorf("relayer link printed no clients: %+v", clients)
	}
	return clients, nil
}

// RelayerName names the relayer's process.
const RelayerName = "relayer"

func (n *Network) startRelayer(ctx context.Context) error {
	home := n.relayerHome()
	p, err := n.launch(RelayerName, RoleRelayer, "", home, process.Spec{
		Path: filepath.Join(n.cfg.Bin, "relayer"), Args: []string{"start", "--home", home},
	})
	if err != nil {
		return err
	}
	var status Status
	return n.await(ctx, "the relayer", func(context.Context) error { return status.read(home, p.Pid()) }, p)
}

// Reach is how a program gets at a chain.
type Reach struct{ RPC, GRPC []string }

// Reach of the chain's first node.
func (c *Chain) Reach() Reach {
	return Reach{RPC: []string{c.Nodes[0].RPC}, GRPC: []string{c.Nodes[0].GRPC}}
}

// StartRelayer runs one more relayer of the ibc role, with a key of its own, and returns when it relays.
func (n *Network) StartRelayer(ctx context.Context, name string, key Key, main, service Reach) (*process.Process, Status, error) {
	var b strings.Builder
	b.WriteString("chains:\n")
	for _, c := range []struct {
		name, id string
		reach    Reach
	}{{"main", n.Main.ID, main}, {"service", n.Service.ID, service}} {
		fmt.Fprintf(&b, "  %s: {chain_id: %s, rpc: [%s], grpc: [%s]}\n", c.name, c.id, quoted(c.reach.RPC), quoted(c.reach.GRPC))
	}
	fmt.Fprintf(&b, "ibc: {key: %s, poll: 200ms, refresh: 2s}\nmetrics: \"127.0.0.1:0\"\nstatus_file: status.json\n", key.Name)
	var status Status
	home := filepath.Join(n.Dir, name)
	if _, err := n.writeFile(filepath.Join(name, "config.yaml"), b.String()); err != nil {
		return nil, status, err
	}
	if err := n.addKey(ctx, home, key); err != nil {
		return nil, status, err
	}
	p, err := n.launch(name, RoleRelayer, "", home, process.Spec{Path: filepath.Join(n.cfg.Bin, "relayer"), Args: []string{"start", "--home", home}})
	if err != nil {
		return nil, status, err
	}
	status, err = n.RelayerStatus(ctx, name)
	return p, status, err
}

// RelayerStatus waits until a relayer's process has said what it started.
func (n *Network) RelayerStatus(ctx context.Context, name string) (Status, error) {
	var status Status
	p := n.Process(name)
	err := n.await(ctx, name, func(context.Context) error { return status.read(filepath.Join(n.Dir, name), p.Pid()) }, p)
	return status, err
}

func quoted(addresses []string) string {
	out := make([]string, len(addresses))
	for i, a := range addresses {
		out[i] = fmt.Sprintf("%q", a)
	}
	return strings.Join(out, ", ")
}
