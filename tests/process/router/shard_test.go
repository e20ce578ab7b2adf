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
	"slices"
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

	// machine that it runs on, and the settings by which it has its address; none where all run on this one.
	machine *fault.Port
	env     []string
	process *process.Process
	conn    *grpc.ClientConn
	stream  latticetypes.Ingest_SubmitClient
}

// spec of the member's process.
func (m *member) spec(t *testing.T, name string, env ...string) process.Spec {
	t.Helper()
	spec := process.Spec{Name: name, Path: program(t, "topchaind"), Args: []string{"shard", "start", "--home", m.Home}, Env: slices.Concat(m.env, env)}
	if m.machine != nil {
		spec.Path, spec.Args = m.machine.Command(spec.Path, spec.Args...)
	}
	return spec
}

// served RPC, for other members.
func (m *member) served(t *testing.T) string {
	t.Helper()
	if m.machine == nil {
		return m.RPC
	}
	at, err := url.Parse(m.RPC)
	require.NoError(t, err)
	return "http://" + net.JoinHostPort(m.machine.Address, at.Port())
}

// node as a test of any chain asks it.
func (m *member) node() localnet.Node { return localnet.Node{RPC: m.RPC} }

// onMachines gives a shard's members a machine each: they hear of each other by the switch alone, and this one asks them whatever is cut.
func onMachines(members []*member, machines []fault.Port) error {
	port := func(address string) (string, error) {
		_, port, err := net.SplitHostPort(address)
		return port, err
	}
	peers := make([]string, len(members))
	for i, m := range members {
		id, address, _ := strings.Cut(m.P2P, "@")
		p2p, err := port(address)
		if err != nil {
			return err
		}
		at, err := url.Parse(m.RPC)
		if err != nil {
			return err
		}
		grpc, err := port(m.GRPC)
		if err != nil {
			return err
		}
		m.machine = &machines[i]
		listen := net.JoinHostPort(m.machine.Address, p2p)
		peers[i] = id + "@" + listen
		m.P2P, m.RPC, m.GRPC = peers[i], "http://"+net.JoinHostPort(m.machine.Control, at.Port()), net.JoinHostPort(m.machine.Control, grpc)
		m.env = []string{"TOPCHAIND_P2P_LADDR=tcp://" + listen, "TOPCHAIND_RPC_LADDR=tcp://" + net.JoinHostPort("0.0.0.0", at.Port()), "TOPCHAIND_GRPC_ADDRESS=" + m.GRPC}
	}
	for i, m := range members {
		others := append(append([]string{}, peers[:i]...), peers[i+1:]...)
		m.env = append(m.env, "TOPCHAIND_P2P_PERSISTENT_PEERS="+strings.Join(others, ","))
	}
	return nil
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
