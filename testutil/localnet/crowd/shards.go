package crowd

import (
	"context"
	"fmt"
	"time"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// record of a shard on the main chain.
type record struct {
	Name       string        `json:"name"`
	PrefixBits uint32        `json:"prefix_bits"`
	PrefixLen  uint8         `json:"prefix_len"`
	Status     string        `json:"status"`
	Term       localnet.Uint `json:"term"`
	Children   []string      `json:"children"`
}

const (
	active  = "STATUS_ACTIVE"
	retired = "STATUS_RETIRED"
)

// records of all shards that there ever were.
func records(ctx context.Context, n *localnet.Network) ([]record, error) {
	return localnet.All[record](ctx, n.Main.REST(), "/top/shards/v1/shards", "shards")
}

// tableOf the shards that are active.
func tableOf(list []record) (trie.Table, error) {
	var routes []trie.Route
	for _, r := range list {
		if r.Status == active {
			routes = append(routes, trie.Route{Prefix: lattice.Prefix{Bits: r.PrefixBits, Len: r.PrefixLen}, Name: r.Name})
		}
	}
	table := trie.Sorted(routes)
	return table, table.Check()
}

// anchor of a shard on the main chain, the parts that matter here.
type anchor struct {
	Shard    string        `json:"shard"`
	Height   localnet.Uint `json:"height"`
	NextTerm localnet.Uint `json:"next_term"`
}

// rotations of the shards that are active: terms that have ended, as far as their headers are anchored. least is the fewest that one of them has seen.
func rotations(ctx context.Context, n *localnet.Network, list []record) (all, least int, err error) {
	anchors, err := localnet.All[anchor](ctx, n.Main.REST(), "/top/shards/v1/anchors", "anchors")
	if err != nil {
		return 0, 0, err
	}
	terms := map[string]int{}
	for _, a := range anchors {
		terms[a.Shard] = int(a.NextTerm)
	}
	least = -1
	for _, r := range list {
		if r.Status != active {
			continue
		}
		ended := max(terms[r.Name]-1, 0)
		all += ended
		if least < 0 || ended < least {
			least = ended
		}
	}
	return all, least, nil
}

// split a shard, by the steward, and wait until its children are active.
func split(ctx context.Context, n *localnet.Network, name string) error {
	key, err := chain.FromMnemonic(n.Steward.Mnemonic)
	if err != nil {
		return err
	}
	client, err := chain.Dial(ctx, chain.Config{GRPC: n.Main.Nodes[0].GRPC, ChainID: n.Main.ID, Register: shardstypes.RegisterInterfaces})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if _, err := client.Send(ctx, key, &shardstypes.MsgSplit{Authority: key.Address(), Shard: name}); err != nil {
		return fmt.Errorf("split %s: %w", name, err)
	}
	var last string
	for {
		list, err := records(ctx, n)
		if err == nil {
			ready := 0
			for _, r := range list {
				if r.Name == name {
					last = r.Status
				}
				for _, parent := range list {
					if parent.Name == name && parent.Status == retired && r.Status == active && (r.Name == parent.Children[0] || r.Name == parent.Children[1]) {
						ready++
					}
				}
			}
			if ready == 2 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is %s: %w", name, last, ctx.Err())
		case <-time.After(500 * time.Millisecond):
		}
	}
}
