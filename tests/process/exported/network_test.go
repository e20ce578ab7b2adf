//go:build process

package exported

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cmttypes "github.com/cometbft/cometbft/types"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// funds of a wallet, and exit that another sends it from the main chain, in utop.
	funds = 10_000_000_000
	exit  = 7_000_000
	// members of a shard.
	members = 3
	// epochBlocks of the main chain.
	epochBlocks = 40
	// goesOnWithin is how long nobody can pay while all hosts begin again, at most.
	goesOnWithin = 90 * time.Second
)

// sharded is a network of shards, whose wallets reach it by an edge.
type sharded struct {
	*localnet.Network
	t   *testing.T
	bin string
	// folder of the shards' genesis files, for all hosts.
	folder string
}

func (s sharded) await(what string, holds func(context.Context) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), waitTimeout)
	defer cancel()
	require.NoError(s.t, process.Await(ctx, what, holds))
}

// ask the main chain.
func (s sharded) ask(ctx context.Context, path string, to any) error {
	return s.Main.REST().Get(ctx, path, to)
}

// term of a shard's committee that the main chain has seen to decide.
func (s sharded) term(ctx context.Context, shard string) (uint64, error) {
	var answer struct {
		Committees []struct {
			Term        localnet.Uint `json:"term"`
			FirstHeight localnet.Uint `json:"first_height"`
		} `json:"committees"`
	}
	err := s.ask(ctx, "/top/shards/v1/shards/"+shard+"/committees", &answer)
	var term uint64
	for _, c := range answer.Committees {
		if c.FirstHeight > 0 {
			term = max(term, uint64(c.Term))
		}
	}
	return term, err
}

// rotated waits until so many committees, of all shards together, have decided since some number of them.
func (s sharded) rotated(since, committees uint64) (all uint64) {
	s.t.Helper()
	s.await(fmt.Sprintf("%d new committees", committees), func(ctx context.Context) error {
		all = 0
		for _, c := range s.Shards {
			term, err := s.term(ctx, c.ID)
			if err != nil {
				return err
			}
			all += term
		}
		if all < since+committees {
			return fmt.Errorf("%d committees of %d", all, since+committees)
		}
		return nil
	})
	return all
}

// audited height of a shard.
func (s sharded) audited(ctx context.Context, shard string) (int64, error) {
	var answer struct {
		Audited struct {
			Height localnet.Uint `json:"height"`
		} `json:"audited"`
	}
	err := s.ask(ctx, "/top/shards/v1/shards/"+shard, &answer)
	return int64(answer.Audited.Height), err
}

// shardLedgers and mainLedgers are where a shard, and the main chain, says what it sent to others and took from them.
const shardLedgers, mainLedgers = "/top/lattice/v1/ledgers", "/top/gate/v1/ledgers"

// crossed tells how many batches of a ledger wait for another, and up to which it has taken the other's.
func crossed(ctx context.Context, rest localnet.REST, path, other string) (waiting, taken uint64, err error) {
	var answer struct {
		Ledgers []struct {
			Name   string `json:"name"`
			Outbox struct {
				Waiting localnet.Uint `json:"waiting"`
			} `json:"outbox"`
			Inbox struct {
				Taken struct {
					Height localnet.Uint `json:"height"`
				} `json:"taken"`
			} `json:"inbox"`
		} `json:"ledgers"`
	}
	err = rest.Get(ctx, path, &answer)
	for _, l := range answer.Ledgers {
		if l.Name == other {
			return uint64(l.Outbox.Waiting), uint64(l.Inbox.Taken.Height), err
		}
	}
	return 0, 0, err
}

// command of topchaind, whose JSON is decoded.
func (s sharded) command(to any, args ...string) error {
	out, err := process.Run(s.t.Context(), process.Spec{Name: "export", Path: filepath.Join(s.bin, "topchaind"), Args: args, Log: filepath.Join(s.Dir, "logs", "export.log")})
	if err == nil && to != nil {
		err = json.Unmarshal(out, to)
	}
	return err
}

// newest export of a chain: that of the host with most blocks. export writes it into a folder of its own and answers the height that follows.
func (s sharded) newest(what string, homes []string, export func(home, dir string) (int64, error)) string {
	s.t.Helper()
	best, newest := "", int64(0)
	for i, home := range homes {
		dir := filepath.Join(s.Dir, "exports", fmt.Sprintf("%s.%d", what, i))
		require.NoError(s.t, os.MkdirAll(dir, 0o700))
		height, err := export(home, dir)
		require.NoError(s.t, err)
		if height > newest {
			best, newest = dir, height
		}
	}
	require.NotEmpty(s.t, best, what)
	s.t.Logf("%s goes on at height %d", what, newest)
	return best
}

// homes of the nodes of each shard that have blocks; one that has just begun has none.
func (s sharded) homes() map[string][]string {
	s.t.Helper()
	require.NoError(s.t, s.FindShards(s.t.Context()))
	homes := map[string][]string{}
	for _, c := range s.Shards {
		for _, node := range c.Nodes {
			if status, err := node.Status(s.t.Context()); err == nil && status.Height > 0 {
				homes[c.ID] = append(homes[c.ID], node.Home)
			}
		}
		require.GreaterOrEqual(s.t, len(homes[c.ID]), members, c.ID)
	}
	return homes
}

// export everything: the main chain's genesis, and those of all shards in the folder, from these homes.
func (s sharded) export(homes map[string][]string) (main string) {
	s.t.Helper()
	var hosts []string
	for _, node := range s.Main.Nodes {
		hosts = append(hosts, node.Home)
	}
	const file = "exported.json"
	dir := s.newest(s.Main.ID, hosts, func(home, dir string) (int64, error) {
		if err := s.command(nil, "export", "--home", home, "--output-document", filepath.Join(dir, file)); err != nil {
			return 0, err
		}
		bz, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return 0, err
		}
		var doc struct {
			InitialHeight int64 `json:"initial_height"`
		}
		return doc.InitialHeight, json.Unmarshal(bz, &doc)
	})
	for _, c := range s.Shards {
		newest := s.newest(c.ID, homes[c.ID], func(home, dir string) (int64, error) {
			var said struct {
				InitialHeight int64 `json:"initial_height"`
			}
			err := s.command(&said, "shard", "export", "--home", home, "--output-dir", dir)
			return said.InitialHeight, err
		})
		for _, end := range []string{".json", ".accounts"} {
			require.NoError(s.t, os.Rename(filepath.Join(newest, c.ID+end), filepath.Join(s.folder, c.ID+end)))
		}
	}
	return filepath.Join(dir, file)
}

// again begins a host in a new home: with its settings and keys and what its key has signed, in the main chain and in every shard, and with nothing else.
func (s sharded) again(host localnet.Node, genesis string) {
	s.t.Helper()
	old := host.Home + "-archive"
	require.NoError(s.t, os.Rename(host.Home, old))
	for _, dir := range []string{"config", filepath.Join("shards", "votes")} {
		require.NoError(s.t, os.MkdirAll(filepath.Join(host.Home, dir), 0o700))
		require.NoError(s.t, os.CopyFS(filepath.Join(host.Home, dir), os.DirFS(filepath.Join(old, dir))))
	}
	require.NoError(s.t, os.Mkdir(filepath.Join(host.Home, "data"), 0o700))
	move(s.t, filepath.Join(old, "data", "priv_validator_state.json"), filepath.Join(host.Home, "data", "priv_validator_state.json"))
	bz, err := os.ReadFile(genesis)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(filepath.Join(host.Home, "config", "genesis.json"), bz, 0o600))
	_, err = s.Restart(host.Name)
	require.NoError(s.t, err)
}

// A whole network, main chain and shards, is exported in the middle of payments and goes on from its exports in new homes: coins that were on their way between shards and from the main chain arrive once, wallets pay on, committees rotate and
// audits go on. What a committee of before the last rotation signs, counts nowhere.
func TestNetworkGoesOnFromExports(t *testing.T) {
	bin, err := filepath.Abs("../../../build")
	require.NoError(t, err)
	var keys [2]localnet.Key
	var accounts []string
	for i := range keys {
		keys[i], err = localnet.WalletIn(lattice.Prefix{Bits: uint32(i), Len: 1}, i)
		require.NoError(t, err)
		accounts = append(accounts, fmt.Sprintf("%s %dutop", keys[i].Address, int64(funds)))
	}
	net, err := localnet.Start(t.Context(), localnet.Config{
		Dir: filepath.Join(bin, "test-exported-network"), Bin: bin, Validators: 6, Users: 1, TimeoutCommit: 700 * time.Millisecond, EpochBlocks: epochBlocks, MainOnly: true, Machines: true, SmallCaches: true,
		Shards: localnet.Shards{Zones: 2, PerZone: 1, Members: members, Auditors: 1, Funds: 5_000_000, Unaudited: 500 * localnet.Price, TimeoutCommit: 500 * time.Millisecond, LingerBlocks: 300, Accounts: accounts},
		Logf:   t.Logf,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, net.Stop()) })
	s := sharded{net, t, bin, filepath.Join(net.Dir, "main", "shards")}
	require.NoError(t, net.StartRouter(t.Context(), localnet.RouterName, net.Carrier))
	edge, err := net.StartEdge(t.Context())
	require.NoError(t, err)
	var purses [2]*localnet.Purse
	paying, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan struct{}, len(purses))
	for i := range purses {
		purses[i], err = localnet.NewPurse(edge, keys[i])
		require.NoError(t, err)
		t.Cleanup(func() { _ = purses[i].Close() })
	}
	for i := range purses {
		go func() {
			purses[i].Pay(paying, keys[1-i].Address)
			done <- struct{}{}
		}()
	}
	for _, p := range purses {
		s.await("payments", p.Paid(10))
	}
	committees := s.rotated(uint64(len(net.Shards)), 1)

	// Under way, with nobody who carries: payments both ways, and coins of the main chain. Nor does anybody hear of committees then: one must be known to have left before.
	for {
		s.changed()
		require.NoError(t, net.Kill(localnet.RouterName))
		if _, err := s.change(t.Context()); err == nil {
			break
		}
		_, err = net.Restart(localnet.RouterName)
		require.NoError(t, err)
	}
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC, ChainID: net.Main.ID, Register: func(r codectypes.InterfaceRegistry) {
		gatetypes.RegisterInterfaces(r)
		shardstypes.RegisterInterfaces(r)
	}})
	require.NoError(t, err)
	user, err := chain.FromMnemonic(net.Users[0].Mnemonic)
	require.NoError(t, err)
	_, err = client.Send(t.Context(), user, &gatetypes.MsgExit{Sender: user.Address(), To: keys[0].Address, Amount: exit})
	require.NoError(t, err)
	require.NoError(t, net.FindShards(t.Context()))
	s.await("batches that wait", func(ctx context.Context) error {
		for i, c := range net.Shards {
			n, _, err := crossed(ctx, localnet.REST{URL: c.Nodes[0].REST}, shardLedgers, net.Shards[1-i].ID)
			if err == nil && n == 0 {
				err = fmt.Errorf("none of %s", c.ID)
			}
			if err != nil {
				return err
			}
		}
		n, _, err := crossed(ctx, net.Main.REST(), mainLedgers, net.Shards[0].ID)
		if err == nil && n == 0 {
			err = fmt.Errorf("none of %s", net.Main.ID)
		}
		return err
	})
	s.betrayed(func(shard string, signed *cmttypes.SignedHeader) error {
		bz, err := signed.ToProto().Marshal()
		require.NoError(t, err)
		_, err = client.Send(t.Context(), user, &shardstypes.MsgAnchor{Signer: user.Address(), Anchors: []shardstypes.NewAnchor{{Shard: shard, SignedHeader: bz}}})
		return err
	})
	require.NoError(t, client.Close())
	// The height that is left out must not be the first one of an epoch.
	s.await("the middle of an epoch", func(ctx context.Context) error {
		status, err := net.Main.Nodes[0].Status(ctx)
		if at := status.Height % epochBlocks; err == nil && (at < 5 || at > epochBlocks/2) {
			err = fmt.Errorf("height is %d", status.Height)
		}
		return err
	})
	homes := s.homes()
	stopped := time.Now()
	for _, node := range net.Main.Nodes {
		require.NoError(t, net.Process(node.Name).Stop(waitTimeout))
	}
	paid := []int{purses[0].Count(), purses[1].Count()}

	require.NoError(t, os.Rename(s.folder, s.folder+"-founded"))
	require.NoError(t, os.Mkdir(s.folder, 0o700))
	exported := s.export(homes)
	genesis := filepath.Join(net.Dir, "refounded.json")
	require.Error(t, s.command(nil, "shard", "refound", exported, "--output-dir", s.folder+"-founded", "--output-document", genesis), "what the shards began with is no export")
	var refounded struct {
		SHA256 string `json:"sha256"`
		Shards []struct {
			Root string `json:"root"`
		} `json:"shards"`
	}
	require.NoError(t, s.command(&refounded, "shard", "refound", exported, "--output-dir", s.folder, "--output-document", genesis))
	require.Len(t, refounded.Shards, len(net.Shards))
	require.Error(t, s.command(nil, "shard", "refound", exported, "--output-dir", s.folder, "--output-document", genesis), "it is there already")
	for _, node := range net.Main.Nodes {
		s.again(node, genesis)
	}
	began := time.Now()
	for i, p := range purses {
		s.await("a payment", p.Paid(paid[i]+1))
	}
	t.Logf("wallets pay on %.1fs after all hosts began again, %.1fs after they were stopped", time.Since(began).Seconds(), time.Since(stopped).Seconds())
	require.Less(t, time.Since(began), goesOnWithin)
	// What shards trust of the main chain is a header from before the export: who brings newer ones must be able to show who was to sign after that.
	ports, err := home.Allocate(1, 0)
	require.NoError(t, err)
	old := archive(t, net, net.Main.Nodes[0].Name, filepath.Join(bin, "topchaind"), net.Main.Nodes[0].Home+"-archive", ports[0],
		[]string{"TOPCHAIND_SHARDS_ENABLE=false"}, "--p2p.laddr", fmt.Sprintf("tcp://127.0.0.1:%d", ports[0].P2P), "--p2p.persistent_peers", "")
	s.await("the archive", func(ctx context.Context) error {
		_, err := localnet.Node{RPC: old}.Status(ctx)
		return err
	})
	config := filepath.Join(net.Dir, localnet.RouterName, "config.yaml")
	bz, err := os.ReadFile(config)
	require.NoError(t, err)
	named := fmt.Sprintf("%q", net.Main.Nodes[0].RPC)
	require.Contains(t, string(bz), named)
	require.NoError(t, os.WriteFile(config, []byte(strings.Replace(string(bz), named, fmt.Sprintf("%s, %q", named, old), 1)), 0o600))
	_, err = net.Restart(localnet.RouterName)
	require.NoError(t, err)
	for i, p := range purses {
		s.await("payments", p.Paid(paid[i]+10))
	}

	// Audits go on, of blocks that are newer than the export, and committees rotate.
	for _, c := range net.Shards {
		was, err := s.audited(t.Context(), c.ID)
		require.NoError(t, err)
		s.await("audits of "+c.ID, func(ctx context.Context) error {
			now, err := s.audited(ctx, c.ID)
			if err == nil && now < was+20 {
				err = fmt.Errorf("audited up to %d, before %d", now, was)
			}
			return err
		})
	}
	s.rotated(committees, 1)
	stop()
	for range purses {
		<-done
	}
	s.await("all coins", func(ctx context.Context) error {
		var sum uint64
		for _, p := range purses {
			n, err := p.Balance(ctx)
			if err != nil {
				return err
			}
			sum += n
		}
		if sum != 2*funds+exit {
			return fmt.Errorf("both have %d utop of %d", sum, 2*funds+exit)
		}
		return nil
	})
	s.await("supply", func(ctx context.Context) error {
		_, err := net.Supply(ctx)
		return err
	})
	for _, c := range net.Shards {
		require.NoError(t, net.SameState(t.Context(), c.ID))
	}
}
