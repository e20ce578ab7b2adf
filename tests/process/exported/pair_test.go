//go:build process

// Package exported tests what UPGRADING.md says of chains that begin from exports: the light clients go on, and so do the packets that were under way.
package exported

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// waitTimeout bounds one wait; a loaded machine with two cores needs a fraction of it.
const waitTimeout = 3 * time.Minute

const (
	credit  = 100_000
	release = 1_000
	// tries to catch a settlement: the relayer is as quick as it can, so that several may pass before one stays under way.
	tries = 8
)

// pair is a network of two chains and what joins them.
type pair struct {
	*localnet.Network
	t   *testing.T
	bin string
}

func (p pair) await(what string, condition func(context.Context) error, needs ...*process.Process) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), waitTimeout)
	defer cancel()
	require.NoError(p.t, process.Await(ctx, what, condition, needs...))
}

// user with a client of a chain; it ends with the test.
func (p pair) user(number int, c *localnet.Chain) (*chain.Client, *chain.Key) {
	p.t.Helper()
	client, err := chain.Dial(p.t.Context(), chain.Config{GRPC: c.Nodes[0].GRPC})
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = client.Close() })
	key, err := chain.FromMnemonic(p.Users[number].Mnemonic)
	require.NoError(p.t, err)
	return client, key
}

// openCredit sends a packet from the main chain.
func (p pair) openCredit(number int) {
	p.t.Helper()
	main, key := p.user(number, p.Main)
	_, err := main.Send(p.t.Context(), key, &billingtypes.MsgDeposit{Owner: key.Address(), Amount: credit},
		&billingtypes.MsgOpenCreditLine{Owner: key.Address(), ChainId: p.Service.ID, Amount: credit})
	require.NoError(p.t, err)
}

// credited on the service chain, in utop.
func (p pair) credited(ctx context.Context, number int) (uint64, error) {
	var answer struct {
		Credit struct {
			Credited localnet.Uint `json:"credited"`
		} `json:"credit"`
	}
	err := p.Service.REST().Get(ctx, "/top/usage/v1/credits/"+p.Users[number].Address, &answer)
	return uint64(answer.Credit.Credited), err
}

func (p pair) awaitCredit(number int, want uint64) {
	p.t.Helper()
	p.await(fmt.Sprintf("credit of user %d", number), func(ctx context.Context) error {
		have, err := p.credited(ctx, number)
		if err == nil && have != want {
			err = fmt.Errorf("%d utop", have)
		}
		return err
	})
}

// underWay are the sequences of packets that a chain has sent and that are neither acknowledged nor timed out.
func (p pair) underWay(ctx context.Context, c *localnet.Chain) ([]uint64, error) {
	client := p.Clients.Main
	if c == p.Service {
		client = p.Clients.Service
	}
	list, err := localnet.All[struct {
		Sequence localnet.Uint `json:"sequence"`
	}](ctx, c.REST(), "/ibc/core/channel/v2/clients/"+client+"/packet_commitments", "commitments")
	out := make([]uint64, len(list))
	for i, l := range list {
		out[i] = uint64(l.Sequence)
	}
	return out, err
}

// catchSettlement has a user release credit, which the service chain tells the main chain at the beginning of the next epoch, and kills the relayer before that packet is acknowledged.
// Without a relayer there is no next epoch: the service chain sees the main chain's height by the relayer's headers. It answers how often credit was released.
func (p pair) catchSettlement(number int) int {
	p.t.Helper()
	service, key := p.user(number, p.Service)
	for try := 1; try <= tries; try++ {
		_, err := service.Send(p.t.Context(), key, &usagetypes.MsgRelease{Owner: key.Address(), Amount: release})
		require.NoError(p.t, err)
		p.await("a settlement", func(ctx context.Context) error {
			sent, err := p.underWay(ctx, p.Service)
			if err == nil && len(sent) == 0 {
				err = errors.New("none is under way")
			}
			return err
		}, p.Process(localnet.RelayerName))
		require.NoError(p.t, p.Kill(localnet.RelayerName))
		p.awaitBlocks(p.Service.Nodes[0], 2, "what the relayer had submitted")
		sent, err := p.underWay(p.t.Context(), p.Service)
		require.NoError(p.t, err)
		if len(sent) > 0 {
			return try
		}
		_, err = p.Restart(localnet.RelayerName)
		require.NoError(p.t, err)
	}
	require.Fail(p.t, "no settlement stayed under way", "%d tries", tries)
	return 0
}

// awaitBlocks waits until a node has made some more.
func (p pair) awaitBlocks(node localnet.Node, blocks int64, what string) {
	p.t.Helper()
	began, err := node.Status(p.t.Context())
	require.NoError(p.t, err)
	p.await(what, func(ctx context.Context) error {
		s, err := node.Status(ctx)
		if err == nil && s.Height < began.Height+blocks {
			err = fmt.Errorf("height is %d", s.Height)
		}
		return err
	}, p.Process(node.Name))
}

// stop a process in order.
func (p pair) stop(name string) {
	p.t.Helper()
	require.NoError(p.t, p.Process(name).Stop(30*time.Second))
}

// rebirth is a chain that went on from its export.
type rebirth struct {
	// last block of the chain before, and first of the chain after.
	last, first *localnet.Header
	// archive is the RPC address of a node that has the old chain and makes no blocks.
	archive string
}

// reborn ends a chain, and begins it again in a new home from what its node exports. The consensus key goes along with what it has signed; the old home stays as an
// archive, without the key.
func (p pair) reborn(c *localnet.Chain, program string, ports home.Ports) rebirth {
	p.t.Helper()
	node, path := c.Nodes[0], filepath.Join(p.bin, program)
	p.stop(node.Name)
	genesis := filepath.Join(p.Dir, node.Name+"-exported.json")
	_, err := process.Run(p.t.Context(), process.Spec{
		Name: node.Name + "-export", Path: path, Args: []string{"export", "--home", node.Home, "--output-document", genesis}, Log: filepath.Join(p.Dir, "logs", node.Name+"-export.log"),
	})
	require.NoError(p.t, err)

	old := node.Home + "-archive"
	require.NoError(p.t, os.Rename(node.Home, old))
	require.NoError(p.t, os.MkdirAll(filepath.Join(node.Home, "data"), 0o700))
	require.NoError(p.t, os.CopyFS(filepath.Join(node.Home, "config"), os.DirFS(filepath.Join(old, "config"))))
	move(p.t, filepath.Join(old, "data", "priv_validator_state.json"), filepath.Join(node.Home, "data", "priv_validator_state.json"))
	move(p.t, genesis, filepath.Join(node.Home, "config", "genesis.json"))
	r := rebirth{archive: archive(p.t, p.Network, node.Name, path, old, ports, nil, "--p2p.laddr", fmt.Sprintf("tcp://127.0.0.1:%d", ports.P2P))}
	p.await(node.Name+"'s archive", func(ctx context.Context) (err error) {
		r.last, err = localnet.Node{RPC: r.archive}.Header(ctx, 0)
		return err
	})

	begun, err := p.Restart(node.Name)
	require.NoError(p.t, err)
	p.await("blocks after the export of "+c.ID, func(ctx context.Context) error {
		s, err := node.Status(ctx)
		if err == nil && s.Height < r.last.Height+3 {
			err = fmt.Errorf("height is %d", s.Height)
		}
		return err
	}, begun)
	r.first, err = node.Header(p.t.Context(), r.last.Height+1)
	require.NoError(p.t, err)
	require.True(p.t, r.first.Time.After(r.last.Time), "%s after %s: else the two headers would freeze the light clients that follow the chain", r.first.Time, r.last.Time)
	return r
}

// archive of a chain before its export: the node's old home, which has the validators' key no more. It makes no blocks and answers by RPC, at an address that it answers.
func archive(t *testing.T, net *localnet.Network, name, program, old string, ports home.Ports, env []string, flags ...string) (rpc string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(old, "config", "priv_validator_key.json")))
	p, err := process.Start(process.Spec{
		Name: name + "-archive", Path: program, Env: env, Log: filepath.Join(net.Dir, "logs", name+"-archive.log"),
		Args: append([]string{
			"start", "--home", old, "--rpc.laddr", fmt.Sprintf("tcp://127.0.0.1:%d", ports.RPC), "--grpc.address", fmt.Sprintf("127.0.0.1:%d", ports.GRPC), "--api.address", fmt.Sprintf("tcp://127.0.0.1:%d", ports.REST),
		}, flags...),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Stop(30*time.Second)) })
	return fmt.Sprintf("http://127.0.0.1:%d", ports.RPC)
}

func move(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.Rename(from, to))
}

// Two linked chains are exported with a packet of each under way, and go on from their exports in new homes. The light clients follow on, and the packets finish, when the
// relayer may also ask a node that has the old chains' history: the state has packets by their hashes alone.
func TestPairGoesOnFromExportsWithPacketsUnderWay(t *testing.T) {
	bin, err := filepath.Abs("../../../build")
	require.NoError(t, err)
	net, err := localnet.Start(t.Context(), localnet.Config{
		Dir: filepath.Join(bin, "test-exported"), Bin: bin, Validators: 1, ServiceValidators: 1, Providers: 1, Users: 3, TimeoutCommit: 500 * time.Millisecond, Logf: t.Logf,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, net.Stop()) })
	p := pair{net, t, bin}

	// Under way: a settlement that releases user 0's credit, and user 1's credit.
	p.openCredit(0)
	p.awaitCredit(0, credit)
	released := p.catchSettlement(0) * release
	p.openCredit(1)
	p.stop(p.Providers[0].Name)
	before := map[*localnet.Chain][]uint64{}
	for _, c := range []*localnet.Chain{p.Main, p.Service} {
		before[c], err = p.underWay(t.Context(), c)
		require.NoError(t, err)
		require.NotEmpty(t, before[c], c.ID)
	}

	ports, err := home.Allocate(2, 0)
	require.NoError(t, err)
	main, usage := p.reborn(p.Main, "topchaind", ports[0]), p.reborn(p.Service, "topserviced", ports[1])
	for c, want := range before {
		have, err := p.underWay(t.Context(), c)
		require.NoError(t, err)
		require.Subset(t, have, want, "%s remembers what it has sent", c.ID)
	}

	// Fresh nodes alone do not have what the light clients must be shown: the validators who follow the last header that they know.
	relayer, err := p.Restart(localnet.RelayerName)
	require.NoError(t, err)
	p.await("the relayer to say what it lacks", func(context.Context) error {
		log, err := os.ReadFile(relayer.Spec.Log)
		if err == nil && !strings.Contains(string(log), "is not available, lowest height is") {
			err = errors.New("it does not")
		}
		return err
	}, relayer)
	for c, want := range before {
		have, err := p.underWay(t.Context(), c)
		require.NoError(t, err)
		require.Subset(t, have, want, c.ID)
	}
	require.NoError(t, p.Kill(localnet.RelayerName))

	// With the old chains' history the light clients follow on, and the packets finish.
	reach := func(c *localnet.Chain, archive string) localnet.Reach {
		return localnet.Reach{RPC: []string{c.Nodes[0].RPC, archive}, GRPC: []string{c.Nodes[0].GRPC}}
	}
	const withArchives = "relayer-with-archives"
	_, _, err = p.StartRelayer(t.Context(), withArchives, p.Operator, reach(p.Main, main.archive), reach(p.Service, usage.archive))
	require.NoError(t, err)
	p.awaitCredit(1, credit)
	p.await("user 0's coins", func(ctx context.Context) error {
		var answer struct {
			Escrow struct {
				Free localnet.Uint `json:"free"`
			} `json:"escrow"`
		}
		err := p.Main.REST().Get(ctx, "/top/billing/v1/escrows/"+p.Users[0].Address, &answer)
		if err == nil && answer.Escrow.Free != localnet.Uint(released) {
			err = fmt.Errorf("%d utop are free", answer.Escrow.Free)
		}
		return err
	})
	for c, old := range before {
		p.await("the old packets of "+c.ID, func(ctx context.Context) error {
			left, err := p.underWay(ctx, c)
			for _, s := range old {
				for _, l := range left {
					if s == l {
						err = errors.Join(err, fmt.Errorf("packet %d is under way", s))
					}
				}
			}
			return err
		})
	}

	// From then on nobody needs it.
	require.NoError(t, p.Kill(withArchives))
	_, err = p.Restart(localnet.RelayerName)
	require.NoError(t, err)
	p.openCredit(2)
	p.awaitCredit(2, credit)
	for c, path := range map[*localnet.Chain]string{p.Main: "/top/billing/v1/invariants", p.Service: "/top/usage/v1/invariants"} {
		var books struct {
			OK     bool   `json:"ok"`
			Broken string `json:"broken"`
		}
		require.NoError(t, c.REST().Get(t.Context(), path, &books))
		require.True(t, books.OK, books.Broken)
	}
}
