package cli

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// defaultChainID of a shard that runs without others.
const defaultChainID = "top-z0.s0-1"

// maxRoutes in bytes: a table of the most shards there can be is a tenth of it.
const maxRoutes = 1 << 20

// place of the shard in its network.
func (o options) place(gs *latticetypes.GenesisState) error {
	p, err := trie.ParseBits(o.prefix)
	if err != nil {
		return fmt.Errorf("--prefix: %w", err)
	}
	gs.Shard.PrefixBits, gs.Shard.PrefixLen = p.Bits, uint32(p.Len)
	if o.routes == "" {
		if p.Len > 0 {
			return fmt.Errorf("--prefix %s: who has the other accounts? name all shards of the network with --routes FILE, a line each, e.g. %s top-z0.s1-1", trie.Bits(p), trie.Bits(p))
		}
		return nil
	}
	table, err := readRoutes(o.routes)
	if err != nil {
		return fmt.Errorf("--routes: %w", err)
	}
	if err := table.CheckShard(p); err != nil {
		return fmt.Errorf("--prefix is %q: which of the shards in %s is this one? It is one of %s", o.prefix, o.routes, prefixes(table))
	}
	gs.Routing = latticetypes.RoutingOf(table)
	return nil
}

// name of the shard: the table's, where there is one.
func (o options) name(gs *latticetypes.GenesisState) (string, error) {
	own, ok := gs.Routing.Table().OwnerOf(gs.Shard.Prefix().Bits << (lattice.BucketBits - gs.Shard.PrefixLen))
	if !ok {
		return cmp.Or(o.chainID, defaultChainID), nil
	}
	if o.chainID != "" && o.chainID != own.Name {
		return "", fmt.Errorf("--chain-id is %s, %s names the shard %s: leave --chain-id out, or name it so there, for all shards alike", o.chainID, o.routes, own.Name)
	}
	return own.Name, nil
}

// readRoutes of a file with bits and a chain id in every line.
func readRoutes(path string) (trie.Table, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxRoutes {
		return nil, fmt.Errorf("%s has %d bytes, more than any table", path, info.Size())
	}
	bz, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	table, err := trie.Parse(string(bz))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
}

// prefixes of a table, as --prefix takes them.
func prefixes(table trie.Table) string {
	const shown = 16
	var list []string
	for _, r := range table[:min(len(table), shown)] {
		list = append(list, trie.Bits(r.Prefix))
	}
	if len(table) > shown {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}
