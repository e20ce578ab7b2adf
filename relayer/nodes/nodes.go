// Package nodes says where the nodes of a network's shards are, for the relayer's roles: by a file, and by the directories of the hosts that it names.
package nodes

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/topnetwork/top/node/config"
)

const (
	// maxFile bytes: ten nodes for each of the most shards there can be are less.
	maxFile = 4 << 20
	// shardName in an address stands for the shard's chain id.
	shardName = "{shard}"
)

// Node is where a node of a shard is: the URL of its CometBFT RPC, and host:port of its gRPC.
type Node struct{ RPC, GRPC string }

// hostWord begins the line of a host.
const hostWord = "host"

// List of nodes: for each shard, or for all whose chain ids fit a pattern, where its nodes are.
type List struct {
	entries []entry
	// hosts are the addresses of directories, which say more.
	hosts []string
}

type entry struct {
	pattern string
	node    Node
}

// Parse reads a node from every line: CHAIN-ID RPC GRPC, e.g. top-z0.s0-1 http://127.0.0.1:26657 127.0.0.1:9090. A shard with several nodes has several lines: when one fails, the next is asked.
// The chain id may be a pattern, top-z0.s*-1, and {shard} in an address is the chain id. A line "host URL" is the directory of a host (node/directory): all nodes that it runs. Empty lines, and what follows #, count for nothing.
func Parse(text string) (List, error) {
	var nodes List
	seen := map[entry]bool{}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) == 2 && fields[0] == hostWord {
			if err := config.CheckDirectory(fields[1]); err != nil {
				return List{}, fmt.Errorf("line %d: %w", i+1, err)
			}
			nodes.hosts = append(nodes.hosts, strings.TrimSuffix(fields[1], "/"))
			continue
		}
		if len(fields) != 3 {
			return List{}, fmt.Errorf("line %d has %d words, want CHAIN-ID RPC GRPC, e.g. top-z0.s0-1 http://127.0.0.1:26657 127.0.0.1:9090, or host URL, e.g. host http://127.0.0.1:26680", i+1, len(fields))
		}
		e := entry{fields[0], Node{fields[1], fields[2]}}
		if err := e.check(); err != nil {
			return List{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		if seen[e] {
			return List{}, fmt.Errorf("line %d is there twice", i+1)
		}
		seen[e] = true
		nodes.entries = append(nodes.entries, e)
	}
	if len(nodes.entries)+len(nodes.hosts) == 0 {
		return List{}, errors.New("it names no node: write a line for each, CHAIN-ID RPC GRPC, or for each host, host URL")
	}
	return nodes, nil
}

// Read a file.
func Read(path string) (List, error) {
	info, err := os.Stat(path)
	if err != nil {
		return List{}, fmt.Errorf("the file of the shards' nodes, with a line for each, CHAIN-ID RPC GRPC, or for each host, host URL: %w", err)
	}
	if info.Size() > maxFile {
		return List{}, fmt.Errorf("%s has %d bytes, at most %d", path, info.Size(), maxFile)
	}
	bz, err := os.ReadFile(path)
	if err != nil {
		return List{}, err
	}
	nodes, err := Parse(string(bz))
	if err != nil {
		return List{}, fmt.Errorf("%s: %w", path, err)
	}
	return nodes, nil
}

func (e entry) check() error {
	if _, err := path.Match(e.pattern, ""); err != nil {
		return fmt.Errorf("chain id %q is no pattern: %w", e.pattern, err)
	}
	node := e.node.of("shard")
	if u, err := url.Parse(node.RPC); err != nil || !slices.Contains([]string{"http", "https", "tcp"}, u.Scheme) || u.Host == "" {
		return fmt.Errorf("RPC %q: want a URL that begins with http:// or https://", e.node.RPC)
	}
	if host, port, err := net.SplitHostPort(node.GRPC); err != nil || host == "" || port == "" {
		return fmt.Errorf("gRPC %q: want host:port", e.node.GRPC)
	}
	if e.wild() && !strings.Contains(e.node.RPC, shardName) && !strings.Contains(e.node.GRPC, shardName) {
		return fmt.Errorf("all shards that fit %q would have the node %s: a node is of one shard, write %s where their addresses differ", e.pattern, e.node.RPC, shardName)
	}
	return nil
}

// wild tells whether an entry may be for several shards.
func (e entry) wild() bool { return strings.ContainsAny(e.pattern, `*?[\`) }

// of a shard.
func (n Node) of(shard string) Node {
	return Node{strings.ReplaceAll(n.RPC, shardName, shard), strings.ReplaceAll(n.GRPC, shardName, shard)}
}

// Of a shard: its nodes, in the order in which they are asked.
func (n List) Of(shard string) (list []Node) {
	for _, e := range n.entries {
		if ok, err := path.Match(e.pattern, shard); ok && err == nil {
			list = append(list, e.node.of(shard))
		}
	}
	return list
}

// Shards that are named without a pattern, in the order of their names.
func (n List) Shards() []string {
	names := map[string]bool{}
	for _, e := range n.entries {
		if !e.wild() {
			names[e.pattern] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
