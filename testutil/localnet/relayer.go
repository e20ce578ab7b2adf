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
	if err := n.command(ctx, "relayer-link", "relayer", &clients, "link", "--home", n.relayerHome()); err != nil {
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
