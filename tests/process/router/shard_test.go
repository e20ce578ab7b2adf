//go:build process

package router

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// funds of each user.
const funds = 10_000_000_000

// user of a shard signs with Ed25519.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
	next    uint64
	// balance that it must have in the end.
	balance uint64
}

// newUsers whose accounts begin with these bits.
func newUsers(t *testing.T, bits string, n int) (list []*user) {
	t.Helper()
	for i := uint64(0); len(list) < n; i++ {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("router"), i))
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
		require.NoError(t, err)
		u := &user{secret: secret, key: key, address: sendtx.AddressOf(key), balance: funds}
		if strings.HasPrefix(fmt.Sprintf("%0*b", lattice.BucketBits, lattice.BucketOf(u.address)), bits) {
			list = append(list, u)
		}
	}
	return list
}

// signed transfer with the user's next sequence, which stays the next.
func (u *user) signed(to *user, utop uint64) []byte {
	t := sendtx.New(lattice.Transfer{To: to.address, Key: u.key, Sequence: u.next, Amount: lattice.Balance{Utop: utop}}, "")
	return t.Signed(ed25519.Sign(u.secret, t.SignBytes(latticetypes.Network)))
}

// paid is what a transfer makes of both.
func (u *user) paid(to *user, utop uint64) {
	u.next++
	u.balance -= utop
	to.balance += utop
}

func (u *user) send(to *user, utop uint64) []byte {
	raw := u.signed(to, utop)
	u.paid(to, utop)
	return raw
}

// shard of some members, with the users that it began with.
type shard struct {
	name, dir string
	// members that run, and those that do not yet.
	members, late []*member
	users         []*user
}

// member of a shard, which is a process.
type member struct {
	Home string `json:"home"`
	RPC  string `json:"rpc"`
	GRPC string `json:"grpc"`
	P2P  string `json:"p2p"`

	process *process.Process
	conn    *grpc.ClientConn
	stream  latticetypes.Ingest_SubmitClient
}

// node as a test of any chain asks it.
func (m *member) node() localnet.Node { return localnet.Node{RPC: m.RPC} }

// atPorts gives members their addresses at a switch, and answers how each learns of them: its own environment.
func atPorts(members []*member, s *fault.Switch) (env [][]string, err error) {
	port := func(address string) (string, error) {
		_, port, err := net.SplitHostPort(address)
		return port, err
	}
	peers := make([]string, len(members))
	for i, m := range members {
		id, address, _ := strings.Cut(m.P2P, "@")
		p2p, err := port(address)
		if err != nil {
			return nil, err
		}
		at, err := url.Parse(m.RPC)
		if err != nil {
			return nil, err
		}
		grpc, err := port(m.GRPC)
		if err != nil {
			return nil, err
		}
		listen := net.JoinHostPort(s.Ports[i].Address, p2p)
		peers[i] = id + "@" + listen
		rpc := net.JoinHostPort(s.Ports[i].Control, at.Port())
		m.P2P, m.RPC, m.GRPC = peers[i], "http://"+rpc, net.JoinHostPort(s.Ports[i].Control, grpc)
		env = append(env, []string{"TOPCHAIND_P2P_LADDR=tcp://" + listen, "TOPCHAIND_RPC_LADDR=tcp://" + rpc, "TOPCHAIND_GRPC_ADDRESS=" + m.GRPC})
	}
	for i := range members {
		others := append(append([]string{}, peers[:i]...), peers[i+1:]...)
		env[i] = append(env[i], "TOPCHAIND_P2P_PERSISTENT_PEERS="+strings.Join(others, ","))
	}
	return env, nil
}

// submit transfers to a member, which has to take them.
func (m *member) submit(t *testing.T, raws ...[]byte) {
	t.Helper()
	if m.stream == nil {
		var err error
		m.stream, err = latticetypes.NewIngestClient(m.conn).Submit(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, m.stream.Send(&latticetypes.SubmitRequest{Transactions: raws}))
	res, err := m.stream.Recv()
	require.NoError(t, err)
	require.Empty(t, res.Refused)
}

func (m *member) query() latticetypes.QueryClient { return latticetypes.NewQueryClient(m.conn) }

func (s *shard) query() latticetypes.QueryClient { return s.members[0].query() }

func (s *shard) ledgers(ctx context.Context) (*latticetypes.QueryLedgersResponse, error) {
	return s.query().Ledgers(ctx, &latticetypes.QueryLedgersRequest{})
}

// ledger that a shard has of another.
func (s *shard) ledger(ctx context.Context, other string) (latticetypes.Ledger, error) {
	res, err := s.ledgers(ctx)
	if err != nil {
		return latticetypes.Ledger{}, err
	}
	for _, l := range res.Ledgers {
		if l.Name == other {
			return l, nil
		}
	}
	return latticetypes.Ledger{}, fmt.Errorf("%s does not know %s", s.name, other)
}

// height of a shard's state, as one of its members has it.
func (s *shard) height(ctx context.Context) (uint64, error) {
	res, err := s.query().Head(ctx, &latticetypes.QueryHeadRequest{})
	if err != nil {
		return 0, err
	}
	return res.Head.Height, nil
}

// utop of a user.
func (s *shard) utop(t *testing.T, u *user) uint64 {
	t.Helper()
	res, err := banktypes.NewQueryClient(s.members[0].conn).Balance(t.Context(), &banktypes.QueryBalanceRequest{Address: sendtx.Bech32(u.address), Denom: "utop"})
	require.NoError(t, err)
	return res.Balance.Amount.Uint64()
}

// units of a user's chain.
func (s *shard) units(t *testing.T, u *user) []latticetypes.Unit {
	t.Helper()
	res, err := s.query().Units(t.Context(), &latticetypes.QueryUnitsRequest{Address: sendtx.Bech32(u.address), Limit: 100})
	require.NoError(t, err)
	return res.Units
}
