package bench

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/testutil/localnet"
)

// The load of a network of shards.
const (
	// netAccounts of each shard that send, and rounds of transfers that each has signed before.
	netAccounts, netRounds = 5_000, 120
	// netTime is how long a load is counted.
	netTime = 30 * time.Second
	// netAmount of a transfer to another shard: the deposit, so that it could make an account.
	netAmount = 100_000
)

// netShards are shards of one network, of one member each, and the router between them.
type netShards struct {
	shards []*shardNet
	router *process.Process
	dir    string
}

// startNet of so many shards, a power of two.
func startNet(ctx context.Context, cfg localnet.Config, dir string, n int) (_ *netShards, err error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, err
	}
	table, err := tableOf(n)
	if err != nil {
		return nil, err
	}
	routes := filepath.Join(dir, "routes")
	if err := os.WriteFile(routes, []byte(table.String()), 0o600); err != nil {
		return nil, err
	}
	accounts, err := ownedSigners(table, netAccounts+confirmClients)
	if err != nil {
		return nil, err
	}
	net := &netShards{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, net.stop())
		}
	}()
	c := shardConfig{members: 1, accounts: netAccounts, kind: lattice.Ed25519}
	var homes []string
	for i, route := range table {
		place := shardPlace{id: route.Name}
		if n > 1 {
			place.flags = []string{"--prefix", trie.Bits(route.Prefix), "--routes", routes}
		}
		s, err := makeShard(ctx, cfg, filepath.Join(dir, route.Name), c, place, accounts[i])
		if err != nil {
			return nil, err
		}
		net.shards, homes = append(net.shards, s), append(homes, filepath.Join(dir, route.Name, "nodes"))
	}
	if n > 1 {
		if _, err := process.Run(ctx, process.Spec{Name: "introduce", Path: filepath.Join(cfg.Bin, "topchaind"), Log: filepath.Join(dir, "introduce.log"), Args: append([]string{"shard", "introduce"}, homes...)}); err != nil {
			return nil, err
		}
	}
	for _, s := range net.shards {
		if err := s.start(ctx, cfg, filepath.Join(dir, s.id), c); err != nil {
			return nil, err
		}
	}
	return net, nil
}

// tableOf a network of so many shards of equal size.
func tableOf(n int) (trie.Table, error) {
	if n < 1 || n&(n-1) != 0 {
		return nil, fmt.Errorf("%d shards, want a power of two", n)
	}
	length := uint8(bits.TrailingZeros(uint(n)))
	var table trie.Table
	for i := range n {
		p := lattice.Prefix{Bits: uint32(i), Len: length}
		name := shardChainID
		if n > 1 {
			name = "top-z0.s" + trie.Bits(p) + "-1"
		}
		table = append(table, trie.Route{Prefix: p, Name: name})
	}
	return table, table.Check()
}

// ownedSigners of each shard, so many.
func ownedSigners(table trie.Table, each int) ([][]*signer, error) {
	owned := make([][]*signer, len(table))
	for n, missing := 0, len(table)*each; missing > 0; n++ {
		s, err := newSigner(lattice.Ed25519, n)
		if err != nil {
			return nil, err
		}
		owner, _ := table.Owner(sendtx.AddressOf(s.key))
		for i := range table {
			if table[i].Name == owner.Name && len(owned[i]) < each {
				owned[i] = append(owned[i], s)
				missing--
			}
		}
	}
	return owned, nil
}

// route receipts between the shards from now on.
func (n *netShards) route(cfg localnet.Config) (err error) {
	var nodes strings.Builder
	for _, s := range n.shards {
		fmt.Fprintf(&nodes, "%s %s %s\n", s.id, s.nodes[0].RPC, s.nodes[0].GRPC)
	}
	home := filepath.Join(n.dir, "router")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"shards.txt":  nodes.String(),
		"config.yaml": "router: {nodes: shards.txt, key: \"\", poll: 50ms, confirm: 2s, confirm_batches: 20, anchor: 10s}\nmetrics: \"\"\nstatus_file: status.json\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	n.router, err = process.Start(process.Spec{Name: "router", Path: filepath.Join(cfg.Bin, "relayer"), Args: []string{"start", "--home", home}, Log: filepath.Join(n.dir, "router.log")})
	return err
}

func (n *netShards) stop() (err error) {
	if n.router != nil {
		err = n.router.Stop(nodeGrace)
	}
	for _, s := range n.shards {
		err = errors.Join(err, s.stop())
	}
	return err
}

// across lets every account send to accounts of the next shard; within, to those of its own.
func (n *netShards) across(yes bool) {
	for i, s := range n.shards {
		s.recipients, s.amount = nil, 0
		if !yes {
			continue
		}
		for _, r := range n.shards[(i+1)%len(n.shards)].signers {
			s.recipients = append(s.recipients, sendtx.AddressOf(r.key))
		}
		s.amount = netAmount
	}
}

// measure all shards at once under all the load that they take. CPU is that of all members and of the router, for each committed transfer.
func (n *netShards) measure(ctx context.Context, lasting time.Duration) (sum shardFigures, err error) {
	loads, err := n.sign(netRounds)
	if err != nil {
		return sum, err
	}
	return n.load(ctx, loads, lasting)
}

// sign loads for all shards, of so many rounds.
func (n *netShards) sign(rounds int) (loads []*shardLoad, err error) {
	loads = make([]*shardLoad, len(n.shards))
	for i, s := range n.shards {
		if loads[i], err = s.signLoad(rounds); err != nil {
			return nil, err
		}
	}
	return loads, nil
}

// load all shards at once with what was signed.
func (n *netShards) load(ctx context.Context, loads []*shardLoad, lasting time.Duration) (sum shardFigures, err error) {
	var routed time.Duration
	if n.router != nil {
		if routed, err = cpuOf(n.router); err != nil {
			return sum, err
		}
	}
	began := time.Now()
	each := make([]shardFigures, len(loads))
	if err := together(len(loads), func(i int) (err error) {
		each[i], err = loads[i].measure(ctx, lasting)
		return err
	}); err != nil {
		return sum, err
	}
	took := time.Since(began)
	var cpu float64
	for i, f := range each {
		loads[i].unsign()
		sum.tps, sum.count, sum.blocks = sum.tps+f.tps, sum.count+f.count, sum.blocks+f.blocks
		sum.seconds, sum.loader = max(sum.seconds, f.seconds), max(sum.loader, f.loader)
		cpu += f.cpu * float64(f.count)
	}
	if n.router != nil {
		now, err := cpuOf(n.router)
		if err != nil {
			return sum, err
		}
		// The router's share of the time in which was counted.
		cpu += float64((now - routed).Microseconds()) * sum.seconds / took.Seconds()
	}
	sum.cpu = cpu / float64(sum.count)
	return sum, nil
}
