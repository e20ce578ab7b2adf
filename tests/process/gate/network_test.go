//go:build process

// Package gate tests coins that cross between a main chain and its shards, all of them as processes, with routers between them that are killed.
package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// timeout of the test, waitTimeout of one wait; a loaded machine with two cores needs a fraction of it.
	timeout     = 12 * time.Minute
	waitTimeout = 2 * time.Minute
	// funds of each user on its shard.
	funds = 10_000_000_000
)

// network of a main chain and two shards, and the routers between them.
type network struct {
	*localnet.Network
	t     *testing.T
	main  *chain.Client
	conns map[string]*grpc.ClientConn
	users []*user
	// far users: one in each shard, with as much.
	far []*user
}

// user signs on both with one key.
type user struct {
	localnet.Key
	key     *chain.Key
	private *secp256k1.PrivKey
	pub     lattice.Key
	address lattice.Address
	shard   string
	next    uint64
}

// start them. Epochs are short: committees change while coins cross, and nodes that left them go on as followers.
func start(t *testing.T) *network {
	t.Helper()
	build, err := filepath.Abs("../../../build")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	left, right := (lattice.Prefix{}).Children()
	var far []localnet.Key
	var accounts []string
	for i, p := range []lattice.Prefix{left, right} {
		k, err := localnet.WalletIn(p, i)
		require.NoError(t, err)
		far, accounts = append(far, k), append(accounts, fmt.Sprintf("%s %dutop", k.Address, uint64(funds)))
	}
	began := time.Now()
	net, err := localnet.Start(ctx, localnet.Config{
		Dir: filepath.Join(build, "test-gate"), Bin: build, Validators: 3, Users: 8, TimeoutCommit: 700 * time.Millisecond, EpochBlocks: 40, MainOnly: true, Machines: true, VotingPeriod: 15 * time.Second,
		Shards: localnet.Shards{Zones: 1, PerZone: 2, Members: 2, Funds: funds, TimeoutCommit: 400 * time.Millisecond, LingerBlocks: 1000, Accounts: accounts},
		Logf: func(format string, args ...any) {
			t.Logf("%6.1fs  %s", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, net.Stop()) })
	n := &network{Network: net, t: t, conns: map[string]*grpc.ClientConn{}}
	n.main, err = chain.Dial(ctx, chain.Config{GRPC: net.Main.Nodes[0].GRPC, ChainID: net.Main.ID, Register: gatetypes.RegisterInterfaces})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.main.Close()) })
	require.Len(t, net.Shards, 2)
	n.dial()
	for _, k := range net.Users {
		n.users = append(n.users, newUser(t, k, net.Shards))
	}
	for _, k := range far {
		n.far = append(n.far, newUser(t, k, net.Shards))
	}
	return n
}

// dial a node of each shard.
func (n *network) dial() {
	n.t.Helper()
	for _, s := range n.Shards {
		conn, err := grpc.NewClient(s.Nodes[0].GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(n.t, err)
		n.t.Cleanup(func() { require.NoError(n.t, conn.Close()) })
		n.conns[s.ID] = conn
	}
}

func newUser(t *testing.T, k localnet.Key, shards []*localnet.Chain) *user {
	t.Helper()
	key, err := chain.FromMnemonic(k.Mnemonic)
	require.NoError(t, err)
	secret, err := hd.Secp256k1.Derive()(k.Mnemonic, "", chain.Path)
	require.NoError(t, err)
	u := &user{Key: k, key: key, private: &secp256k1.PrivKey{Key: secret}}
	u.pub, err = lattice.NewKey(lattice.Secp256k1, u.private.PubKey().Bytes())
	require.NoError(t, err)
	u.address = sendtx.AddressOf(u.pub)
	require.Equal(t, k.Address, sendtx.Bech32(u.address))
	u.shard = shards[lattice.BucketOf(u.address)>>(lattice.BucketBits-1)].ID
	return u
}

func (n *network) await(what string, until func(context.Context) error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), waitTimeout)
	defer cancel()
	require.NoError(n.t, process.Await(ctx, what, until))
}

// exit coins of the main chain to the user's account on its shard.
func (n *network) exit(u *user, utop uint64) {
	n.t.Helper()
	_, err := n.main.Send(n.t.Context(), u.key, &gatetypes.MsgExit{Sender: u.Address, Amount: utop})
	require.NoError(n.t, err)
}

// deposit coins of a shard by a plain transfer to the gate, whose memo says what for.
func (n *network) deposit(u *user, utop uint64, memo string) {
	n.t.Helper()
	n.send(u, receipt.GateAddress(), utop, memo)
}

// pay another user, wherever its account is.
func (n *network) pay(u, to *user, utop uint64) {
	n.t.Helper()
	n.send(u, to.address, utop, "")
}

// send coins of a shard.
func (n *network) send(u *user, to lattice.Address, utop uint64, memo string) {
	n.t.Helper()
	tx := sendtx.New(lattice.Transfer{To: to, Key: u.pub, Sequence: u.next, Amount: lattice.Balance{Utop: utop}}, memo)
	u.next++
	signature, err := u.private.Sign(tx.SignBytes(latticetypes.Network))
	require.NoError(n.t, err)
	stream, err := latticetypes.NewIngestClient(n.conns[u.shard]).Submit(n.t.Context())
	require.NoError(n.t, err)
	require.NoError(n.t, stream.Send(&latticetypes.SubmitRequest{Transactions: [][]byte{tx.Signed(signature)}}))
	res, err := stream.Recv()
	require.NoError(n.t, err)
	require.Empty(n.t, res.Refused)
	require.NoError(n.t, stream.CloseSend())
}

// onShard is what a user has on its shard, onMain on the main chain, in utop.
func (n *network) onShard(ctx context.Context, u *user) (uint64, error) {
	return balance(ctx, n.conns[u.shard], u)
}

func (n *network) onMain(ctx context.Context, u *user) (uint64, error) {
	return balance(ctx, n.main.Conn(), u)
}

func balance(ctx context.Context, conn grpc.ClientConnInterface, u *user) (uint64, error) {
	res, err := banktypes.NewQueryClient(conn).Balance(ctx, &banktypes.QueryBalanceRequest{Address: u.Address, Denom: localnet.Denom})
	if err != nil {
		return 0, err
	}
	return res.Balance.Amount.Uint64(), nil
}

// has tells whether a balance is that.
func has(name string, want uint64, of func(context.Context) (uint64, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		got, err := of(ctx)
		if err == nil && got != want {
			err = fmt.Errorf("%s has %d utop, want %d", name, got, want)
		}
		return err
	}
}

// ledger that the main chain has of a shard, and the shard of the main chain.
func (n *network) ledgers(ctx context.Context, shard string) (ofShard, ofMain latticetypes.Ledger, err error) {
	gate, err := gatetypes.NewQueryClient(n.main.Conn()).Ledgers(ctx, &gatetypes.QueryLedgersRequest{})
	if err != nil {
		return ofShard, ofMain, err
	}
	own, err := latticetypes.NewQueryClient(n.conns[shard]).Ledgers(ctx, &latticetypes.QueryLedgersRequest{})
	if err != nil {
		return ofShard, ofMain, err
	}
	for _, l := range gate.Ledgers {
		if l.Name == shard {
			ofShard = l
		}
	}
	for _, l := range own.Ledgers {
		if l.Name == n.Main.ID {
			ofMain = l
		}
	}
	return ofShard, ofMain, nil
}

func (n *network) relayer(args ...string) (string, error) {
	cmd := exec.CommandContext(n.t.Context(), "../../../build/relayer", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out) + stderr.String(), err
	}
	return string(out), nil
}

// kill a router without a warning; begin starts one again.
func (n *network) kill(name string) {
	n.t.Helper()
	require.NoError(n.t, n.Kill(name))
	<-n.Process(name).Done()
}

func (n *network) begin(name string) {
	n.t.Helper()
	_, err := n.Restart(name)
	require.NoError(n.t, err)
}

// supply that `relayer check supply` adds up; it is exact or the test ends.
func (n *network) supply() (sum struct {
	OK   bool `json:"ok"`
	Sums []struct {
		Issued   string `json:"issued"`
		Exited   string `json:"exited"`
		Held     string `json:"held"`
		InFlight string `json:"in_flight"`
		Burned   string `json:"burned"`
	} `json:"sums"`
	Main struct {
		Supply  string `json:"supply"`
		Held    string `json:"held"`
		Gate    string `json:"gate"`
		Leaving string `json:"leaving"`
		Queued  string `json:"queued"`
	} `json:"main"`
}) {
	n.t.Helper()
	out, err := n.relayer("check", "supply", "--home", filepath.Join(n.Dir, localnet.RouterName), "--json", "--accounts")
	require.NoError(n.t, err, out)
	require.NoError(n.t, json.Unmarshal([]byte(out), &sum), out)
	require.True(n.t, sum.OK)
	n.t.Log(strings.TrimSpace(out))
	return sum
}
