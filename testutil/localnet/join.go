package localnet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/viper"

	"github.com/topnetwork/top/node/process"
)

// Anchor is a block that whoever runs a fresh node trusts, from a source of their own.
type Anchor struct {
	Height int64
	// Hash of the header, hex.
	Hash string
}

// program is a chain's daemon, and role what its nodes are called in the record.
func (c *Chain) program() (program, role string) {
	if c.Kind == "main" {
		return "topchaind", RoleMainNode
	}
	return "topserviced", RoleServiceNode
}

// Join adds a fresh node, not a validator, to a running chain: it fetches a snapshot of the state from its peers and verifies it by light client from the
// anchor on. The chain must have been started with snapshots. It returns when the process runs; that the node catches up is for the caller to await.
func (n *Network) Join(ctx context.Context, c *Chain, name string, trust Anchor) (Node, error) {
	node, err := n.prepare(ctx, c, name, &trust)
	if err != nil {
		return node, err
	}
	return node, n.startPrepared(c, node)
}

// Twin is a second process with the consensus key of a node of the main chain, and without the memory of what that node has signed: what careless operators start.
func (n *Network) Twin(ctx context.Context, of Node, name string) (Node, error) {
	node, err := n.prepare(ctx, n.Main, name, nil)
	if err != nil {
		return node, err
	}
	// In step with its brother it would mostly sign the same. So it keeps the network's pace, and votes for no block where the proposal is not there at once.
	if err := editConfig(node, func(cfg *cmtcfg.Config) {
		cfg.Consensus.TimeoutCommit, cfg.Consensus.TimeoutPropose = n.cfg.TimeoutCommit, 50*time.Millisecond
	}); err != nil {
		return node, err
	}
	key, err := os.ReadFile(filepath.Join(of.Home, "config", "priv_validator_key.json"))
	if err != nil {
		return node, err
	}
	if err := os.WriteFile(filepath.Join(node.Home, "config", "priv_validator_key.json"), key, 0o600); err != nil {
		return node, err
	}
	return node, n.startPrepared(n.Main, node)
}

// prepare the home of a fresh node. With an anchor it joins by state-sync, without it makes all blocks again.
func (n *Network) prepare(ctx context.Context, c *Chain, name string, trust *Anchor) (Node, error) {
	program, _ := c.program()
	home := filepath.Join(n.Dir, name)
	base, err := FreeBlock(4)
	if err != nil {
		return Node{}, err
	}
	node := Node{
		Name: name, Home: home, P2P: fmt.Sprintf("tcp://127.0.0.1:%d", base), RPC: fmt.Sprintf("http://127.0.0.1:%d", base+1),
		GRPC: fmt.Sprintf("127.0.0.1:%d", base+2), REST: fmt.Sprintf("http://127.0.0.1:%d", base+3),
	}
	if _, err := process.Run(ctx, process.Spec{
		Name: name + "-init", Path: filepath.Join(n.cfg.Bin, program), Log: filepath.Join(n.Dir, "logs", name+"-init.log"),
		Args: []string{"init", name, "--home", home, "--chain-id", c.ID},
	}); err != nil {
		return node, err
	}
	genesis, err := os.ReadFile(filepath.Join(c.Nodes[0].Home, "config", "genesis.json"))
	if err != nil {
		return node, err
	}
	if err := os.WriteFile(filepath.Join(home, "config", "genesis.json"), genesis, 0o600); err != nil {
		return node, err
	}
	return node, c.writeJoinConfig(node, trust)
}

func (n *Network) startPrepared(c *Chain, node Node) error {
	program, role := c.program()
	args := append([]string{
		"start", "--home", node.Home, "--grpc.address", node.GRPC, "--api.address", "tcp" + strings.TrimPrefix(node.REST, "http"),
	}, n.snapshotFlags()...)
	_, err := n.launch(node.Name, role, c.ID, node.Home, process.Spec{Path: filepath.Join(n.cfg.Bin, program), Args: args, Env: n.cacheEnv(program)})
	return err
}

// writeJoinConfig edits the config.toml that `init` has written, as the operator of a fresh node does.
func (c *Chain) writeJoinConfig(node Node, trust *Anchor) error {
	return editConfig(node, func(cfg *cmtcfg.Config) { c.joinConfig(cfg, node, trust) })
}

// editConfig changes a node's config.toml.
func editConfig(node Node, change func(*cmtcfg.Config)) error {
	file := filepath.Join(node.Home, "config", "config.toml")
	v := viper.New()
	v.SetConfigFile(file)
	if err := v.ReadInConfig(); err != nil {
		return fmt.Errorf("config of %s: %w", node.Name, err)
	}
	cfg := cmtcfg.DefaultConfig()
	if err := v.Unmarshal(cfg); err != nil {
		return fmt.Errorf("config of %s: %w", node.Name, err)
	}
	cfg.SetRoot(node.Home)
	change(cfg)
	if err := cfg.ValidateBasic(); err != nil {
		return fmt.Errorf("config of %s: %w", node.Name, err)
	}
	cmtcfg.WriteConfigFile(file, cfg)
	return nil
}

func (c *Chain) joinConfig(cfg *cmtcfg.Config, node Node, trust *Anchor) {
	cfg.RPC.ListenAddress = "tcp" + strings.TrimPrefix(node.RPC, "http")
	cfg.RPC.PprofListenAddress = ""
	cfg.P2P.ListenAddress = node.P2P
	cfg.P2P.AddrBookStrict, cfg.P2P.AllowDuplicateIP = false, true
	var peers, servers []string
	for _, peer := range c.Nodes {
		peers = append(peers, peer.P2P)
		servers = append(servers, peer.RPC)
	}
	cfg.P2P.PersistentPeers = strings.Join(peers, ",")
	if trust != nil {
		cfg.StateSync.Enable = true
		cfg.StateSync.RPCServers = servers
		cfg.StateSync.TrustHeight, cfg.StateSync.TrustHash = trust.Height, trust.Hash
		cfg.StateSync.DiscoveryTime = 5 * time.Second
	}
}
