//go:build process

// Package edge tests the wallets' one address for a network of two shards, as processes.
package edge

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cosmos/go-bip39"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/testutil/fault"
)

const (
	waitTimeout = 2 * time.Minute
	funds       = 10_000_000_000
	routing     = "0 top-z0.s0-1\n1 top-z0.s1-1\n"
)

// account of a wallet; accounts are numbered, in each shard.
type account struct {
	mnemonic string
	key      secp256k1.PrivKey
	address  lattice.Address
}

func (a account) String() string { return sendtx.Bech32(a.address) }

// accountIn a shard: the first by its number and what follows that lives there.
func accountIn(t *testing.T, shard, number int) account {
	t.Helper()
	table, err := trie.Parse(routing)
	require.NoError(t, err)
	for n := uint64(0); ; n++ {
		entropy := sha256.Sum256(binary.BigEndian.AppendUint64(fmt.Appendf(nil, "edge %d", number), n))
		mnemonic, err := bip39.NewMnemonic(entropy[:])
		require.NoError(t, err)
		seed, err := bip39.NewSeedWithErrorChecking(mnemonic, "")
		require.NoError(t, err)
		secret, code := hd.ComputeMastersFromSeed(seed)
		derived, err := hd.DerivePrivateKeyForPath(secret, code, "m/44'/118'/0'/0/0")
		require.NoError(t, err)
		a := account{mnemonic: mnemonic, key: secp256k1.PrivKey{Key: derived}}
		a.address = lattice.Address(a.key.PubKey().Address())
		if owner, _ := table.Owner(a.address); owner.Name == table[shard].Name {
			return a
		}
	}
}

// member of a shard.
type member struct {
	Home string `json:"home"`
	RPC  string `json:"rpc"`
	GRPC string `json:"grpc"`
	REST string `json:"rest"`

	process *process.Process
}

// network of two shards of one member, and an edge.
type network struct {
	bin, dir string
	members  [2]*member
	wallets  [2]account
	// links to the first shard's member, which the edge has for another node.
	links [2]*fault.Link

	edge            *process.Process
	rpc, rest, grpc string
}

func found(t *testing.T) *network {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join("..", "..", "..", "build"))
	require.NoError(t, err)
	n := &network{bin: bin, dir: t.TempDir()}
	routes := filepath.Join(n.dir, "routes")
	require.NoError(t, os.WriteFile(routes, []byte(routing), 0o600))
	for i := range n.members {
		n.wallets[i] = accountIn(t, i, i)
		out, err := exec.Command(filepath.Join(bin, "topchaind"), "shard", "init", "--prefix", fmt.Sprint(i), "--routes", routes, "--output-dir", filepath.Join(n.dir, fmt.Sprintf("s%d", i)),
			"--account", fmt.Sprintf("%s=%dutop", n.wallets[i], uint64(funds))).Output()
		require.NoError(t, err)
		var made struct {
			Nodes []*member `json:"nodes"`
		}
		require.NoError(t, json.Unmarshal(out, &made))
		n.members[i] = made.Nodes[0]
		n.startMember(t, i)
	}
	for i, address := range []string{strings.TrimPrefix(n.members[0].RPC, "http://"), n.members[0].GRPC} {
		n.links[i], err = fault.NewLink(address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = n.links[i].Close() })
	}
	n.startEdge(t)
	return n
}

func (n *network) startMember(t *testing.T, i int) {
	t.Helper()
	m := n.members[i]
	p, err := process.Start(process.Spec{Name: fmt.Sprintf("shard%d", i), Path: filepath.Join(n.bin, "topchaind"), Args: []string{"shard", "start", "--home", m.Home}, Log: filepath.Join(n.dir, fmt.Sprintf("shard%d.log", i))})
	require.NoError(t, err)
	m.process = p
	t.Cleanup(func() { _ = p.Stop(waitTimeout) })
	n.await(t, m.Home, func(ctx context.Context) error { return get(ctx, m.REST+"/top/lattice/v1/head", &struct{}{}) }, p)
}

func (n *network) await(t *testing.T, what string, condition func(context.Context) error, needs ...*process.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	require.NoError(t, process.Await(ctx, what, condition, needs...))
}

// startEdge whose first node of shard 0 is the link.
func (n *network) startEdge(t *testing.T) {
	t.Helper()
	home := filepath.Join(n.dir, "edge")
	require.NoError(t, os.Mkdir(home, 0o700))
	const config = `edge:
  network: top-1
  rpc: "127.0.0.1:0"
  rest: "127.0.0.1:0"
  grpc: "127.0.0.1:0"
  nodes: shards.txt
  refresh: 200ms
  rate: 1000
  burst: 1000
  in_flight: 256
  cache: 32
  origins: ["https://wallet.example"]
status_file: status.json
metrics: "127.0.0.1:0"
log: {level: info, format: text}
`
	nodes := fmt.Sprintf("top-z0.s0-1 http://%s %s\ntop-z0.s0-1 %s %s\ntop-z0.s1-1 %s %s\n", n.links[0].Address, n.links[1].Address, n.members[0].RPC, n.members[0].GRPC, n.members[1].RPC, n.members[1].GRPC)
	require.NoError(t, os.WriteFile(filepath.Join(home, "shards.txt"), []byte(nodes), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.yaml"), []byte(config), 0o600))
	p, err := process.Start(process.Spec{Name: "edge", Path: filepath.Join(n.bin, "relayer"), Args: []string{"start", "--home", home}, Log: filepath.Join(n.dir, "edge.log")})
	require.NoError(t, err)
	n.edge = p
	t.Cleanup(func() { require.NoError(t, p.Stop(waitTimeout)) })
	n.await(t, "the edge", func(context.Context) error {
		s, err := n.status()
		if err != nil {
			return err
		}
		if s.Edge.RPC == "" || len(s.Idle) > 0 {
			return fmt.Errorf("idle: %v", s.Idle)
		}
		n.rpc, n.rest, n.grpc = "http://"+s.Edge.RPC, "http://"+s.Edge.REST, s.Edge.GRPC
		return nil
	}, p)
}

// status that the edge's process tells.
type status struct {
	Edge struct {
		RPC  string `json:"rpc"`
		REST string `json:"rest"`
		GRPC string `json:"grpc"`
	} `json:"edge"`
	Idle     map[string]string `json:"idle"`
	Warnings map[string]string `json:"warnings"`
}

func (n *network) status() (s status, err error) {
	bz, err := os.ReadFile(filepath.Join(n.dir, "edge", "status.json"))
	if err == nil {
		err = json.Unmarshal(bz, &s)
	}
	return s, err
}

// ask a URL for its status and answer.
func ask(ctx context.Context, url string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	bz, err := io.ReadAll(res.Body)
	return res.StatusCode, string(bz), err
}

func get(ctx context.Context, url string, to any) error {
	code, body, err := ask(ctx, url)
	if err != nil {
		return err
	}
	if code != http.StatusOK {
		return fmt.Errorf("%s: %d %s", url, code, body)
	}
	return json.Unmarshal([]byte(body), to)
}

// balance of an account, by the edge.
func (n *network) balance(ctx context.Context, a account) (string, error) {
	var answer struct {
		Balance struct {
			Amount string `json:"amount"`
		} `json:"balance"`
	}
	err := get(ctx, n.rest+"/cosmos/bank/v1beta1/balances/"+a.String()+"/by_denom?denom=utop", &answer)
	return answer.Balance.Amount, err
}
