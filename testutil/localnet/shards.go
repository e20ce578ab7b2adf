package localnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/topnetwork/top/node/directory"
)

// ports that a host needs for its shards, as `topchaind testnet init-files` takes them.
func (s Shards) ports() int {
	if s.Zones == 0 {
		return 0
	}
	return 4 * (2*s.Zones*s.PerZone + 8)
}

// flags of `topchaind testnet init-files`.
func (s Shards) flags(steward string) []string {
	if s.Zones == 0 {
		return nil
	}
	flags := []string{
		"--zones", strconv.Itoa(s.Zones), "--shards", strconv.Itoa(s.PerZone), "--shard-members", strconv.Itoa(s.Members), "--shard-standbys", strconv.Itoa(s.Standbys),
		"--shard-auditors", strconv.Itoa(s.Auditors), "--shard-timeout-commit", s.TimeoutCommit.String(), "--shard-processors", strconv.Itoa(s.Processors),
		"--shard-steward", steward,
	}
	if s.LingerBlocks > 0 {
		flags = append(flags, "--shard-linger-blocks", strconv.Itoa(s.LingerBlocks))
	}
	return flags
}

// writeAccounts of shards: the main chain's genesis holds what they have, and the shards' genesis gives it to them.
func (n *Network) writeAccounts() (path string, err error) {
	lines := slices.Clone(n.cfg.Shards.Accounts)
	if n.cfg.Shards.Funds > 0 {
		for _, u := range n.Users {
			lines = append(lines, fmt.Sprintf("%s %d%s", u.Address, n.cfg.Shards.Funds, Denom))
		}
	}
	return n.writeFile(shardAccounts, strings.Join(lines, "\n")+"\n")
}

// shardAccounts is the file of accounts that shards begin with, in the network's directory.
const shardAccounts = "shards.accounts"

// startShards makes their genesis, as a network's founders do once the main chain runs, and waits until each has made blocks. Their nodes are children of the main chain's.
func (n *Network) startShards(ctx context.Context) error {
	var made []struct {
		ChainID string `json:"chain_id"`
	}
	if err := n.command(ctx, "shards-found", "topchaind", &made, "shard", "found", "--node", n.Main.Nodes[0].RPC, "--accounts", filepath.Join(n.Dir, shardAccounts),
		"--unaudited", strconv.FormatUint(n.cfg.Shards.Unaudited, 10), "--output-dir", filepath.Join(n.Dir, "main", "shards")); err != nil {
		return err
	}
	for _, m := range made {
		n.Shards = append(n.Shards, &Chain{ID: m.ChainID, Kind: "shard"})
	}
	for _, m := range made {
		if err := n.AwaitShard(ctx, m.ChainID, 2); err != nil {
			return err
		}
	}
	return n.FindShards(ctx)
}

// Directory of a main node, as it serves it: four ports after the first of its own, of which RPC's is the second.
func (node Node) Directory() (string, error) {
	at, err := url.Parse(node.RPC)
	if err != nil {
		return "", err
	}
	port, err := strconv.Atoi(at.Port())
	return "http://" + net.JoinHostPort(at.Hostname(), strconv.Itoa(port+3)), err
}

// Hosted shards of a main node.
func (node Node) Hosted(ctx context.Context) (map[string]directory.Entry, error) {
	base, err := node.Directory()
	if err != nil {
		return nil, err
	}
	d, err := directory.Read(ctx, base)
	if err != nil {
		return nil, err
	}
	list := map[string]directory.Entry{}
	for _, e := range d.Shards {
		list[e.ChainID] = e
	}
	return list, nil
}

// AwaitShard until every main node that runs and hosts it as a member has a block of it, one at least.
func (n *Network) AwaitShard(ctx context.Context, chainID string, height int64) error {
	return n.await(ctx, fmt.Sprintf("height %d of %s", height, chainID), func(ctx context.Context) error {
		members := 0
		for _, node := range n.Main.Nodes {
			if !n.Process(node.Name).Running() {
				continue
			}
			hosted, err := node.Hosted(ctx)
			if err != nil {
				return err
			}
			e, ok := hosted[chainID]
			if !ok || e.Role != "member" {
				continue
			}
			members++
			if e.Height < height {
				return fmt.Errorf("height is %d on %s, %s: %s", e.Height, node.Name, e.State, e.Error)
			}
		}
		if members == 0 {
			return errors.New("nobody hosts it")
		}
		return nil
	})
}

// FindShards brings their nodes up to date, for committees change: what the main nodes say that they host. Nodes are called after the main node: main0/top-z0.s0-1.
func (n *Network) FindShards(ctx context.Context) error {
	chains := map[string]*Chain{}
	for _, c := range n.Shards {
		c.Nodes = nil
		chains[c.ID] = c
	}
	n.children = nil
	for _, host := range n.Main.Nodes {
		if !n.Process(host.Name).Running() {
			continue
		}
		hosted, err := host.Hosted(ctx)
		if err != nil {
			return fmt.Errorf("shards of %s: %w", host.Name, err)
		}
		for _, e := range hosted {
			c, ok := chains[e.ChainID]
			if !ok {
				c = &Chain{ID: e.ChainID, Kind: "shard"}
				chains[c.ID], n.Shards = c, append(n.Shards, c)
			}
			if e.PID == 0 {
				continue
			}
			home := filepath.Join(host.Home, "shards", e.ChainID)
			node := Node{Name: host.Name + "/" + e.ChainID, Home: home, RPC: e.RPC, GRPC: e.GRPC, REST: e.REST, P2P: e.P2P}
			c.Nodes = append(c.Nodes, node)
			n.children = append(n.children, ProcessRecord{Name: node.Name, Role: RoleShardNode, ChainID: c.ID, Home: home, PID: e.PID, Log: filepath.Join(home, "node.log")})
		}
	}
	slices.SortFunc(n.Shards, func(a, b *Chain) int { return strings.Compare(a.ID, b.ID) })
	return n.writeRecord()
}

// Following nodes of a shard, which serve what it has decided: not one that joins it an epoch ahead and has no state yet, nor one that begins or has left. There are so many at least.
func (n *Network) Following(ctx context.Context, chainID string, least int) (list []Node, err error) {
	if err := n.FindShards(ctx); err != nil {
		return nil, err
	}
	for _, node := range n.Shard(chainID).Nodes {
		if status, err := node.Status(ctx); err != nil || status.CatchingUp || status.Height == 0 {
			continue
		}
		var params map[string]any
		if err := (REST{URL: node.REST}).Get(ctx, "/top/lattice/v1/params", &params); err == nil {
			list = append(list, node)
		}
	}
	if len(list) < least {
		err = fmt.Errorf("%d nodes follow %s, want %d", len(list), chainID, least)
	}
	return list, err
}

// fewest nodes of a shard whose states SameState compares: its members, and two at least, for one alone would agree with itself.
func (n *Network) fewest() int { return max(2, min(3, n.cfg.Shards.Members)) }

// SameState waits until all nodes of a shard that answer have the block of a few heights from now, and tells where it is not the same everywhere. One whose duty ends meanwhile is left out.
func (n *Network) SameState(ctx context.Context, chainID string) error {
	var nodes []Node
	var at int64
	if err := n.await(ctx, "nodes of "+chainID, func(ctx context.Context) error {
		nodes = nil
		if err := n.FindShards(ctx); err != nil {
			return err
		}
		for _, node := range n.Shard(chainID).Nodes {
			if status, err := node.Status(ctx); err == nil {
				nodes, at = append(nodes, node), max(at, status.Height+3)
			}
		}
		if len(nodes) < n.fewest() {
			return fmt.Errorf("%d answer", len(nodes))
		}
		return nil
	}); err != nil {
		return err
	}
	var first *Header
	compared := 0
	for _, node := range nodes {
		var h *Header
		if err := n.await(ctx, fmt.Sprintf("height %d of %s", at, node.Name), func(ctx context.Context) (err error) {
			if h, err = node.Header(ctx, at); err == nil {
				return nil
			}
			if n.FindShards(ctx) == nil && !slices.ContainsFunc(n.Shard(chainID).Nodes, func(other Node) bool { return other.Name == node.Name }) {
				h, err = nil, nil
			}
			return err
		}); err != nil {
			return err
		}
		if h == nil {
			continue
		}
		if first == nil {
			first = h
		}
		if h.Hash != first.Hash || h.AppHash != first.AppHash {
			return fmt.Errorf("block %d of %s is %s with the state %s, that of another node is %s with %s", at, node.Name, h.Hash, h.AppHash, first.Hash, first.AppHash)
		}
		compared++
	}
	if compared < n.fewest() {
		return fmt.Errorf("%d nodes of %s are left to compare", compared, chainID)
	}
	return nil
}

// Shard by its chain id; nil where there is none.
func (n *Network) Shard(chainID string) *Chain {
	i := slices.IndexFunc(n.Shards, func(c *Chain) bool { return c.ID == chainID })
	if i < 0 {
		return nil
	}
	return n.Shards[i]
}
