//go:build process

// Package router tests shards that exchange coins as processes, with routers between them that are killed.
package router

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	waitTimeout = 2 * time.Minute
	funds       = 10_000_000_000
)

// user of a shard signs with Ed25519.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
	next    uint64
	// balance that it must have in the end.
	balance uint64
}

// newUsers whose accounts begin with a bit.
func newUsers(t *testing.T, bit uint32, n int) (list []*user) {
	t.Helper()
	for i := uint64(0); len(list) < n; i++ {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("router"), i))
		secret := ed25519.NewKeyFromSeed(seed[:])
		key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
		require.NoError(t, err)
		u := &user{secret: secret, key: key, address: sendtx.AddressOf(key), balance: funds}
		if lattice.BucketOf(u.address)>>(lattice.BucketBits-1) == bit {
			list = append(list, u)
		}
	}
	return list
}

func (u *user) send(to *user, utop uint64) []byte {
	t := sendtx.New(lattice.Transfer{To: to.address, Key: u.key, Sequence: u.next, Amount: lattice.Balance{Utop: utop}}, "")
	u.next++
	u.balance -= utop
	to.balance += utop
	return t.Signed(ed25519.Sign(u.secret, t.SignBytes(latticetypes.Network)))
}

// shard of one member.
type shard struct {
	name, dir string
	Home      string `json:"home"`
	RPC       string `json:"rpc"`
	GRPC      string `json:"grpc"`

	users   []*user
	process *process.Process
	conn    *grpc.ClientConn
}

// network of two shards, a half of all accounts each.
type network struct {
	dir    string
	shards [2]*shard
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "build", name))
	require.NoError(t, err)
	return path
}

func found(t *testing.T, users int) *network {
	t.Helper()
	n := &network{dir: t.TempDir()}
	routes := filepath.Join(n.dir, "routes")
	require.NoError(t, os.WriteFile(routes, []byte("0 top-z0.s0-1\n1 top-z1.s1-1\n"), 0o600))
	daemon := program(t, "topchaind")
	var dirs []string
	for i := range n.shards {
		s := &shard{name: fmt.Sprintf("top-z%d.s%d-1", i, i), dir: filepath.Join(n.dir, fmt.Sprint("shard", i)), users: newUsers(t, uint32(i), users)}
		args := []string{"shard", "init", "--output-dir", s.dir, "--prefix", fmt.Sprint(i), "--routes", routes}
		for _, u := range s.users {
			args = append(args, "--account", fmt.Sprintf("%s=%dutop", sendtx.Bech32(u.address), uint64(funds)))
		}
		out, err := exec.Command(daemon, args...).Output()
		require.NoError(t, err)
		var summary struct{ Nodes []*shard }
		require.NoError(t, json.Unmarshal(out, &summary))
		s.Home, s.RPC, s.GRPC = summary.Nodes[0].Home, summary.Nodes[0].RPC, summary.Nodes[0].GRPC
		n.shards[i], dirs = s, append(dirs, s.dir)
	}
	out, err := exec.Command(daemon, append([]string{"shard", "introduce"}, dirs...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	for _, s := range n.shards {
		s.process, err = process.Start(process.Spec{Name: s.name, Path: daemon, Args: []string{"shard", "start", "--home", s.Home}, Log: filepath.Join(n.dir, s.name+".log")})
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.process.Stop(waitTimeout) })
		s.conn, err = grpc.NewClient(s.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.conn.Close() })
	}
	n.await(t, "the shards' first blocks", func(ctx context.Context) error {
		for _, s := range n.shards {
			if l, err := s.ledgers(ctx); err != nil || l.Height < 2 {
				return fmt.Errorf("%s: %v %w", s.name, l, err)
			}
		}
		return nil
	})
	return n
}

func (n *network) await(t *testing.T, what string, until func(context.Context) error, needs ...*process.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, process.Await(ctx, what, until, append(needs, n.shards[0].process, n.shards[1].process)...))
}

func (s *shard) query() latticetypes.QueryClient { return latticetypes.NewQueryClient(s.conn) }

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

// router is a relayer with the router role.
type router struct {
	home, log string
	process   *process.Process
}

func (n *network) router(t *testing.T, name string) *router {
	t.Helper()
	r := &router{home: filepath.Join(n.dir, name), log: filepath.Join(n.dir, name+".log")}
	require.NoError(t, os.Mkdir(r.home, 0o700))
	var nodes strings.Builder
	for _, s := range n.shards {
		fmt.Fprintf(&nodes, "%s %s %s\n", s.name, s.RPC, s.GRPC)
	}
	require.NoError(t, os.WriteFile(filepath.Join(r.home, "shards.txt"), []byte(nodes.String()), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(r.home, "config.yaml"), []byte(`router:
  nodes: shards.txt
  poll: 1s
  confirm: 1s
  confirm_batches: 50
  anchor: 10s
metrics: ""
status_file: status.json
log: {level: info, format: text}
`), 0o600))
	return r
}

func (r *router) start(t *testing.T) {
	t.Helper()
	p, err := process.Start(process.Spec{Name: filepath.Base(r.home), Path: program(t, "relayer"), Args: []string{"start", "--home", r.home}, Log: r.log})
	require.NoError(t, err)
	r.process = p
	t.Cleanup(func() { _ = p.Stop(waitTimeout) })
}
