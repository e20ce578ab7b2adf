//go:build process

// Package captured tests what becomes of a shard whose whole committee runs another program than the others: one that makes coins out of nothing.
package captured

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// timeout of the test, waitTimeout of one wait; a loaded machine with two cores needs a fraction of it.
	timeout     = 10 * time.Minute
	waitTimeout = 2 * time.Minute

	// taken is captured, safe is not.
	taken, safe = "top-z0.s0-1", "top-z1.s1-1"
	// coin is a TOP in utop, bound what is taken of a shard unaudited.
	coin  = 1_000_000
	bound = 50 * coin
	funds = 1_000 * coin
)

// The hosts by their numbers: the first nodes of the main chain, by which the router and the test see it, are honest.
var (
	thieves  = []int{4, 5, 6}
	members  = []int{0, 1, 2}
	auditors = [][]int{{0, 3}, {3}}
)

// network of a main chain of seven hosts and two shards, each in a zone of its own.
type network struct {
	*localnet.Network
	t    *testing.T
	main *chain.Client
	// conns to a member of each shard.
	conns map[string]*grpc.ClientConn
}

// user of a shard.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
	shard   string
	// restarts of that shard: the account number.
	restarts uint64
}

// newUser whose account begins with a bit: the same number makes the same one.
func newUser(t *testing.T, shard string, bit uint32, number uint64) *user {
	t.Helper()
	for i := uint64(0); ; i++ {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("captured"), number), i))
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
		require.NoError(t, err)
		if u := (&user{secret: secret, key: key, address: sendtx.AddressOf(key), shard: shard}); lattice.BucketOf(u.address)>>(lattice.BucketBits-1) == bit {
			return u
		}
	}
}

// fee in utop for a payment beyond one's quota.
const fee = 1_000

// pay utop to an account, or to the main chain's gate.
func (u *user) pay(to lattice.Address, utop, sequence uint64) []byte {
	tx := sendtx.New(lattice.Transfer{To: to, Key: u.key, Sequence: sequence, Amount: lattice.Balance{Utop: utop}, Fee: fee}, "")
	return tx.Signed(ed25519.Sign(u.secret, tx.SignBytesAs(latticetypes.Network, u.restarts)))
}

func (u *user) String() string { return sendtx.Bech32(u.address) }

// start the network, with accounts that have funds. The committees sit all the test: an epoch is longer than that.
func start(t *testing.T, rich ...*user) *network {
	t.Helper()
	build, err := filepath.Abs("../../../build")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	var accounts []string
	for _, u := range rich {
		accounts = append(accounts, fmt.Sprintf("%s %dutop", u, uint64(funds)))
	}
	began := time.Now()
	net, err := localnet.Start(ctx, localnet.Config{
		Dir: filepath.Join(build, "test-captured"), Bin: build, Validators: 7, Users: 1, TimeoutCommit: 700 * time.Millisecond, EpochBlocks: 1_000, MainOnly: true, Machines: true, SmallCaches: true,
		Shards: localnet.Shards{
			Zones: 2, PerZone: 1, Members: 3, Auditors: 2, TimeoutCommit: 500 * time.Millisecond, LingerBlocks: 300, Unaudited: bound, Accounts: accounts,
			Seats: map[string][]int{taken: thieves, safe: members}, Audits: auditors,
		},
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
	for name, host := range map[string]int{taken: thieves[0], safe: members[0]} {
		n.connect(name, n.hosted(host, name).GRPC)
	}
	return n
}

// connect to a node of a shard.
func (n *network) connect(shard, address string) {
	n.t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(n.t, err)
	n.t.Cleanup(func() { require.NoError(n.t, conn.Close()) })
	n.conns[shard] = conn
}

func (n *network) await(what string, until func(context.Context) error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), waitTimeout)
	defer cancel()
	require.NoError(n.t, process.Await(ctx, what, until))
}

// hosted shard of a host.
func (n *network) hosted(host int, shard string) directory.Entry {
	n.t.Helper()
	list, err := n.Main.Nodes[host].Hosted(n.t.Context())
	require.NoError(n.t, err)
	require.Contains(n.t, list, shard, n.Main.Nodes[host].Name)
	return list[shard]
}

// height of a shard by its member's state.
func (n *network) height(ctx context.Context, shard string) (uint64, error) {
	res, err := latticetypes.NewQueryClient(n.conns[shard]).Ledgers(ctx, &latticetypes.QueryLedgersRequest{})
	if err != nil {
		return 0, err
	}
	return res.Height, nil
}

// capture the shard: all its members go on with the byzantine program, which gives an account so much in every block from a height on that is not there yet.
func (n *network) capture(thief *user, utop uint64) (from uint64) {
	n.t.Helper()
	const ahead = 20
	height, err := n.height(n.t.Context(), taken)
	require.NoError(n.t, err)
	from = height + ahead
	program, err := filepath.Abs("../../../build/byzantine/topchaind")
	require.NoError(n.t, err)
	n.t.Setenv("TOP_CAPTURED", fmt.Sprintf("%s %d %s %d", taken, from, thief, utop))
	ended := make(chan error, len(thieves))
	for _, host := range thieves {
		p := n.Process(n.Main.Nodes[host].Name)
		go func() { ended <- p.Stop(waitTimeout) }()
	}
	for range thieves {
		require.NoError(n.t, <-ended)
	}
	for _, host := range thieves {
		_, err := n.RestartWith(n.Main.Nodes[host].Name, program)
		require.NoError(n.t, err)
	}
	return from
}

// sequence and balance in utop of an account in its shard; zero where there is none.
func (n *network) account(ctx context.Context, u *user) (sequence, utop uint64, err error) {
	conn := n.conns[u.shard]
	coins, err := banktypes.NewQueryClient(conn).Balance(ctx, &banktypes.QueryBalanceRequest{Address: u.String(), Denom: localnet.Denom})
	if err != nil || coins.Balance.Amount.IsZero() {
		return 0, 0, err
	}
	info, err := authtypes.NewQueryClient(conn).AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: u.String()})
	if err != nil {
		return 0, 0, err
	}
	return info.Info.Sequence, coins.Balance.Amount.Uint64(), nil
}

// pay so much to each of some accounts, in one block or a few, and wait until all is in blocks.
func (n *network) pay(ctx context.Context, u *user, utop uint64, to ...lattice.Address) error {
	first, _, err := n.account(ctx, u)
	if err != nil {
		return err
	}
	var signed [][]byte
	for i, a := range to {
		signed = append(signed, u.pay(a, utop, first+uint64(i)))
	}
	stream, err := latticetypes.NewIngestClient(n.conns[u.shard]).Submit(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(&latticetypes.SubmitRequest{Transactions: signed}); err != nil {
		return err
	}
	res, err := stream.Recv()
	if err != nil {
		return err
	}
	if len(res.Refused) > 0 {
		return fmt.Errorf("%d of %d payments were refused: %s", len(res.Refused), len(signed), res.Refused[0].Log)
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return process.Await(ctx, fmt.Sprintf("%d payments of %s", len(signed), u), func(ctx context.Context) error {
		sequence, _, err := n.account(ctx, u)
		if err == nil && sequence < first+uint64(len(signed)) {
			err = fmt.Errorf("%d are in blocks", sequence-first)
		}
		return err
	})
}

// brought is what a ledger has taken from the shard that is captured, in utop, and how much of that its auditors have not confirmed.
type brought struct{ total, unaudited uint64 }

func broughtOf(ledgers []latticetypes.Ledger) (b brought) {
	for _, l := range ledgers {
		if l.Name == taken {
			b.total, b.unaudited = l.Inbox.Total.AmountOf(localnet.Denom).Uint64(), l.UnauditedUtop
		}
	}
	return b
}

// departed is what the captured shard has sent to the other one, in utop, by its own state.
func (n *network) departed() uint64 {
	n.t.Helper()
	res, err := latticetypes.NewQueryClient(n.conns[taken]).Ledgers(n.t.Context(), &latticetypes.QueryLedgersRequest{})
	require.NoError(n.t, err)
	for _, l := range res.Ledgers {
		if l.Name == safe {
			return l.Outbox.Total.AmountOf(localnet.Denom).Uint64()
		}
	}
	return 0
}

// toSafe and toMain are what the captured shard has brought to the other one and to the main chain.
func (n *network) toSafe(ctx context.Context) (brought, error) {
	res, err := latticetypes.NewQueryClient(n.conns[safe]).Ledgers(ctx, &latticetypes.QueryLedgersRequest{})
	if err != nil {
		return brought{}, err
	}
	return broughtOf(res.Ledgers), nil
}

func (n *network) toMain(ctx context.Context) (brought, error) {
	res, err := gatetypes.NewQueryClient(n.main.Conn()).Ledgers(ctx, &gatetypes.QueryLedgersRequest{})
	if err != nil {
		return brought{}, err
	}
	return broughtOf(res.Ledgers), nil
}

// record of a shard on the main chain.
func (n *network) record(ctx context.Context, shard string) (*shardstypes.QueryShardResponse, error) {
	return shardstypes.NewQueryClient(n.main.Conn()).Shard(ctx, &shardstypes.QueryShardRequest{Name: shard})
}

// gate of the main chain, as a recipient.
func gate() lattice.Address { return receipt.GateAddress() }

// ended tells whether the other shard knows that the captured one is over.
func (n *network) ended(ctx context.Context) (bool, error) {
	res, err := latticetypes.NewQueryClient(n.conns[safe]).Ledgers(ctx, &latticetypes.QueryLedgersRequest{})
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(res.Ledgers, func(l latticetypes.Ledger) bool { return l.Name == taken })
	return i >= 0 && res.Ledgers[i].Standing != nil && res.Ledgers[i].Standing.Ended, nil
}
