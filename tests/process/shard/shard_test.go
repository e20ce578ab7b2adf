//go:build process

// Package shard tests one shard of several members as processes: wallets that know nothing of it, transfers in batches, and members that are killed.
package shard

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/cosmos/go-bip39"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/fault"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	waitTimeout = 2 * time.Minute
	funds       = 10_000_000_000
	users       = 40
	mnemonic    = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
)

// user signs with Ed25519.
type user struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
	next    uint64
}

func newUser(n int) *user {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("process"), uint64(n)))
	secret := ed25519.NewKeyFromSeed(seed[:])
	key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	return &user{secret: secret, key: key, address: sendtx.AddressOf(key)}
}

func (u *user) send(to lattice.Address, utop uint64) []byte {
	t := sendtx.New(lattice.Transfer{To: to, Key: u.key, Sequence: u.next, Amount: lattice.Balance{Utop: utop}}, "")
	u.next++
	return t.Signed(ed25519.Sign(u.secret, t.SignBytes(latticetypes.Network)))
}

// wallet is the address of the mnemonic.
func wallet(t *testing.T) lattice.Address {
	t.Helper()
	seed, err := bip39.NewSeedWithErrorChecking(mnemonic, "")
	require.NoError(t, err)
	secret, code := hd.ComputeMastersFromSeed(seed)
	derived, err := hd.DerivePrivateKeyForPath(secret, code, "m/44'/118'/0'/0/0")
	require.NoError(t, err)
	return lattice.Address((&secp256k1.PrivKey{Key: derived}).PubKey().Address())
}

// member of the committee.
type member struct {
	Home string `json:"home"`
	RPC  string `json:"rpc"`
	GRPC string `json:"grpc"`
	REST string `json:"rest"`

	process *process.Process
}

// shard is the processes of a committee.
type shard struct {
	program, dir string
	members      []*member
	users        []*user
}

func found(t *testing.T, members int) *shard {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("..", "..", "..", "build", "topchaind"))
	require.NoError(t, err)
	s := &shard{program: program, dir: t.TempDir()}
	args := []string{"shard", "init", "--members", strconv.Itoa(members), "--output-dir", filepath.Join(s.dir, "net"), "--account", fmt.Sprintf("%s=%dutop", sendtx.Bech32(wallet(t)), uint64(funds))}
	for n := range users {
		s.users = append(s.users, newUser(n))
		args = append(args, "--account", fmt.Sprintf("%s=%dutop", sendtx.Bech32(s.users[n].address), uint64(funds)))
	}
	out, err := exec.Command(program, args...).Output()
	require.NoError(t, err)
	var net struct {
		Nodes []*member `json:"nodes"`
	}
	require.NoError(t, json.Unmarshal(out, &net))
	s.members = net.Nodes
	for i := range s.members {
		s.start(t, i)
	}
	for _, m := range s.members {
		s.await(t, m, func(h head) bool { return h.Height >= 2 })
	}
	return s
}

func (s *shard) start(t *testing.T, i int) {
	t.Helper()
	m := s.members[i]
	p, err := process.Start(process.Spec{Name: fmt.Sprintf("member%d", i), Path: s.program, Args: []string{"shard", "start", "--home", m.Home}, Log: filepath.Join(s.dir, fmt.Sprintf("member%d.log", i))})
	require.NoError(t, err)
	m.process = p
	t.Cleanup(func() { _ = p.Stop(waitTimeout) })
}

// head of a member's accounts.
type head struct {
	Height   uint64 `json:"height,string"`
	Root     []byte `json:"root"`
	Accounts uint64 `json:"accounts,string"`
}

func get(ctx context.Context, url string, to any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(to)
}

func (m *member) head(ctx context.Context) (head, error) {
	var answer struct {
		Head head `json:"head"`
	}
	err := get(ctx, m.REST+"/top/lattice/v1/head", &answer)
	return answer.Head, err
}

func (s *shard) await(t *testing.T, m *member, until func(head) bool) (h head) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, process.Await(ctx, m.Home, func(ctx context.Context) (err error) {
		if h, err = m.head(ctx); err == nil && !until(h) {
			err = fmt.Errorf("at %d with root %x", h.Height, h.Root)
		}
		return err
	}, m.process))
	return h
}

// stream that takes batches at a member.
func (m *member) stream(t *testing.T) latticetypes.Ingest_SubmitClient {
	t.Helper()
	conn, err := grpc.NewClient(m.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	stream, err := latticetypes.NewIngestClient(conn).Submit(t.Context())
	require.NoError(t, err)
	return stream
}

// A wallet built with CosmJS, which knows nothing of TOP, works against a shard as it does against the main chain.
func TestCosmJSWallet(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("CosmJS runs on Node.js, which is not installed:", err)
	}
	npm, err := exec.LookPath("npm")
	require.NoError(t, err, "npm comes with Node.js")
	s := found(t, 1)
	// A copy: another test may be installing the same packages.
	dir := filepath.Join(s.dir, "cosmjs")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, name := range []string{"package.json", "package-lock.json", "wallet.js"} {
		bz, err := os.ReadFile(filepath.Join("..", "..", "cosmjs", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), bz, 0o600))
	}
	_, err = process.Run(t.Context(), process.Spec{Name: "npm ci", Path: npm, Args: []string{"ci"}, Dir: dir, Log: filepath.Join(s.dir, "npm.log")})
	require.NoError(t, err)
	// Twice: to an account that is not there yet, and to one that is.
	for _, amount := range []string{"123456", "1"} {
		_, err := process.Run(t.Context(), process.Spec{
			Name: "wallet.js", Path: node, Args: []string{"wallet.js"}, Dir: dir, Log: filepath.Join(s.dir, "cosmjs.log"),
			Env: []string{
				"TOP_RPC=" + s.members[0].RPC, "TOP_REST=" + s.members[0].REST, "TOP_CHAIN_ID=" + latticetypes.Network,
				"TOP_MNEMONIC=" + mnemonic, "TOP_RECIPIENT=" + sendtx.Bech32(newUser(1000).address), "TOP_AMOUNT=" + amount,
			},
		})
		require.NoError(t, err)
	}
}

// Transfers in batches, at several members at once, while one of them is killed again and again: each is executed once, all members have the same accounts, and nothing is lost.
func TestMembersAreKilled(t *testing.T) {
	s := found(t, 4)
	const rounds, amount = 12, 3
	streams := []latticetypes.Ingest_SubmitClient{s.members[0].stream(t), s.members[1].stream(t)}
	for round := range rounds {
		for half, stream := range streams {
			var batch [][]byte
			for i := half; i < users; i += len(streams) {
				batch = append(batch, s.users[i].send(s.users[(i+1)%users].address, amount))
			}
			require.NoError(t, stream.Send(&latticetypes.SubmitRequest{Transactions: batch}))
			res, err := stream.Recv()
			require.NoError(t, err)
			require.Empty(t, res.Refused)
		}
		if round%4 == 1 {
			require.NoError(t, s.members[3].process.Kill())
			s.start(t, 3)
		}
	}
	want := map[string]uint64{}
	for _, u := range s.users {
		want[sendtx.Bech32(u.address)] = rounds
	}
	var last head
	for i, m := range s.members {
		ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
		defer cancel()
		require.NoError(t, process.Await(ctx, "all transfers at "+m.Home, func(ctx context.Context) error {
			for address, sequence := range want {
				var answer struct {
					Info struct {
						Sequence uint64 `json:"sequence,string"`
					} `json:"info"`
				}
				if err := get(ctx, m.REST+"/cosmos/auth/v1beta1/account_info/"+address, &answer); err != nil {
					return err
				}
				if answer.Info.Sequence != sequence {
					return fmt.Errorf("%s is at %d of %d", address, answer.Info.Sequence, sequence)
				}
			}
			return nil
		}, m.process))
		h := s.await(t, m, func(h head) bool { return h.Height > last.Height })
		if i > 0 {
			require.Equal(t, last.Root, h.Root, "all members have the same accounts")
		}
		require.Equal(t, uint64(users+1), h.Accounts)
		last = h
		// Everyone has sent as much as received.
		for _, u := range s.users {
			var answer struct {
				Balance struct {
					Amount uint64 `json:"amount,string"`
				} `json:"balance"`
			}
			require.NoError(t, get(t.Context(), m.REST+"/cosmos/bank/v1beta1/balances/"+sendtx.Bech32(u.address)+"/by_denom?denom=utop", &answer))
			require.Equal(t, uint64(funds), answer.Balance.Amount)
		}
	}
}

// A member's disk is full in the midst of transfers: the others go on, and with room again it has what they have, without a block that it would have to be told of anew.
func TestFullDisk(t *testing.T) {
	const size, rounds = 320 << 20, 6
	disk := t.TempDir()
	unmount, err := fault.SmallDisk(disk, size)
	if errors.Is(err, fault.ErrNoSmallDisk) {
		t.Skip("only root can mount a disk that fills up: " + err.Error()) // a full disk of the machine itself would stop everybody else
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unmount()) })
	s := found(t, 4)
	m, data := s.members[3], filepath.Join(s.members[3].Home, "data")
	require.NoError(t, m.process.Stop(waitTimeout))
	require.NoError(t, os.CopyFS(filepath.Join(disk, "data"), os.DirFS(data)))
	require.NoError(t, os.RemoveAll(data))
	require.NoError(t, os.Symlink(filepath.Join(disk, "data"), data))
	s.start(t, 3)
	now := s.await(t, s.members[0], func(h head) bool { return h.Height > 0 })
	s.await(t, m, func(h head) bool { return h.Height > now.Height })

	ballast := filepath.Join(disk, "ballast")
	require.NoError(t, fault.Fill(ballast, size))
	stream := s.members[0].stream(t)
	for round := range rounds {
		var batch [][]byte
		for i := range users {
			batch = append(batch, s.users[i].send(s.users[(i+1)%users].address, 3))
		}
		require.NoError(t, stream.Send(&latticetypes.SubmitRequest{Transactions: batch}))
		res, err := stream.Recv()
		require.NoError(t, err)
		require.Empty(t, res.Refused)
		now = s.await(t, s.members[0], func(h head) bool { return h.Height > now.Height+2 })
		if round == 0 {
			// To the last byte, again and again, for databases free some now and then, until it ends rather than go on with what it cannot store.
			require.NoError(t, process.Await(t.Context(), "the end of a member without room", func(context.Context) error {
				if err := fault.Fill(ballast, size); err != nil {
					return err
				}
				if m.process.Running() {
					return errors.New("it runs")
				}
				return nil
			}))
		}
	}
	require.NoError(t, os.Remove(ballast))
	s.start(t, 3)
	last := s.await(t, s.members[0], func(h head) bool { return h.Height > now.Height+2 })
	require.Equal(t, last.Root, s.await(t, m, func(h head) bool { return h.Height > last.Height }).Root)
}

// A block that is taken back is executed again; an export makes a shard with the same accounts in the same places, in which everyone goes on.
func TestRollbackAndExport(t *testing.T) {
	s := found(t, 1)
	m := s.members[0]
	run := func(home string, args ...string) string {
		t.Helper()
		out, err := exec.Command(s.program, append([]string{"shard"}, append(args, "--home", home)...)...).Output()
		require.NoError(t, err)
		return string(out)
	}
	send := func(to lattice.Address) {
		t.Helper()
		stream := m.stream(t)
		require.NoError(t, stream.Send(&latticetypes.SubmitRequest{Transactions: [][]byte{s.users[0].send(to, 200_000)}}))
		res, err := stream.Recv()
		require.NoError(t, err)
		require.Empty(t, res.Refused)
	}
	send(newUser(500).address)
	before := s.await(t, m, func(h head) bool { return h.Accounts == users+2 })
	require.NoError(t, m.process.Stop(waitTimeout))

	require.Regexp(t, `^Rolled back state to height \d+ and hash [0-9A-F]{64}\n$`, run(m.Home, "rollback"))
	s.start(t, 0)
	require.Equal(t, before.Root, s.await(t, m, func(h head) bool { return h.Height > before.Height+2 }).Root)
	require.NoError(t, m.process.Stop(waitTimeout))

	// Old states and history leave, the accounts stay.
	require.Regexp(t, `^Kept states and history from height \d+ on\n$`, run(m.Home, "prune", "--keep-recent", "2"))

	// The same member, with the export as its genesis and nothing else.
	into := t.TempDir()
	var said struct {
		ChainID       string `json:"chain_id"`
		Genesis       string `json:"genesis"`
		InitialHeight int64  `json:"initial_height"`
	}
	require.NoError(t, json.Unmarshal([]byte(run(m.Home, "export", "--output-dir", into)), &said))
	require.Greater(t, said.InitialHeight, int64(before.Height))
	require.NoError(t, os.RemoveAll(filepath.Join(m.Home, "data")))
	require.NoError(t, os.Mkdir(filepath.Join(m.Home, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(m.Home, "data", "priv_validator_state.json"), []byte(`{"height":"0","round":0,"step":0}`), 0o600))
	require.NoError(t, os.Rename(said.Genesis, filepath.Join(m.Home, "config", "genesis.json")))
	require.NoError(t, os.Rename(filepath.Join(into, said.ChainID+".accounts"), filepath.Join(m.Home, "config", latticetypes.AccountsName)))
	s.start(t, 0)
	h := s.await(t, m, func(h head) bool { return h.Height > before.Height+4 })
	require.Equal(t, before.Root, h.Root)
	send(newUser(501).address)
	s.await(t, m, func(h head) bool { return h.Accounts == users+3 })
}
