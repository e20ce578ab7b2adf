package hosting

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/home"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const nodeKey = "0123456789abcdef0123456789abcdef01234567"

func entry(name string, height int64) directory.Entry {
	return directory.Entry{ChainID: name, Role: "member", P2P: nodeKey + "@192.0.2.1:27000", RPC: "http://192.0.2.1:27001", Height: height, State: string(Running)}
}

// Others are known by what they said last; a host's own directory is not another's, and nobody counts twice.
func TestNeighbours(t *testing.T) {
	n := newNeighbours()
	says := map[string]directory.Directory{
		"http://a": {Operator: "a", Shards: []directory.Entry{entry(one, 10)}},
		"http://b": {Operator: "b", Shards: []directory.Entry{entry(one, 12), entry(two, 3)}},
		"http://c": {Operator: "c", Shards: []directory.Entry{entry(one, 1_000_000)}},
		"http://d": {Operator: "c", Shards: []directory.Entry{entry(one, 1_000_000)}},
		"http://e": {Operator: "me", Shards: []directory.Entry{entry(one, 1)}},
	}
	silent := false
	n.read = func(_ context.Context, base string) (directory.Directory, error) {
		if silent {
			return directory.Directory{}, errors.New("timeout")
		}
		return says[base], nil
	}
	n.at("me", []string{"http://a", "http://b", "http://c", "http://d", "http://e", "http://a"})
	n.refresh(t.Context())
	require.Len(t, n.of(one), 3)
	require.EqualValues(t, 12, middle(n.of(one)), "one that lies moves nothing")
	require.Zero(t, middle(nil))
	require.Equal(t, []directory.Entry{entry(two, 3)}, n.of(two))
	silent = true
	n.refresh(t.Context())
	require.Len(t, n.of(one), 3)
	require.Len(t, n.reachable(one), 3)
	n.at("me", []string{"http://b"})
	require.Len(t, n.of(one), 1)
}

func TestPortsStay(t *testing.T) {
	dir := t.TempDir()
	p, err := openPorts(dir, 100, 109)
	require.NoError(t, err)
	first, err := p.of(one)
	require.NoError(t, err)
	require.Equal(t, home.Ports{P2P: 100, RPC: 101, GRPC: 102, REST: 103}, first)
	second, err := p.of(two)
	require.NoError(t, err)
	require.Equal(t, 104, second.P2P)
	_, err = p.of("top-z0.s11-1")
	require.ErrorContains(t, err, "wider apart")
	p, err = openPorts(dir, 100, 109)
	require.NoError(t, err)
	again, err := p.of(two)
	require.NoError(t, err)
	require.Equal(t, second, again)
	require.NoError(t, p.release(one))
	third, err := p.of("top-z0.s11-1")
	require.NoError(t, err)
	require.Equal(t, first, third)
	// Another range.
	p, err = openPorts(dir, 200, 220)
	require.NoError(t, err)
	moved, err := p.of(two)
	require.NoError(t, err)
	require.Equal(t, 200, moved.P2P)
	require.NoError(t, os.WriteFile(filepath.Join(dir, portsFile), []byte("{"), 0o600))
	_, err = openPorts(dir, 200, 220)
	require.ErrorContains(t, err, "remove it")
}

// What was signed is remembered when everything else of a shard is gone, and a home without it is refused.
func TestVotesAreKeptForGood(t *testing.T) {
	h := homes{dir: t.TempDir()}
	require.NoError(t, h.remember(one))
	made, err := os.ReadFile(h.votes(one))
	require.NoError(t, err)
	require.Equal(t, unsigned, string(made))
	require.NoError(t, os.MkdirAll(filepath.Join(h.of(one), "data"), 0o700))
	const signed = `{"height":"77","round":0,"step":3}`
	require.NoError(t, os.WriteFile(h.votes(one), []byte(signed), 0o600))

	remove, err := h.discard(one)
	require.NoError(t, err)
	require.NoDirExists(t, h.of(one))
	require.NoError(t, remove())
	require.NoError(t, h.remember(one))
	kept, err := os.ReadFile(h.votes(one))
	require.NoError(t, err)
	require.Equal(t, signed, string(kept))

	require.NoError(t, os.MkdirAll(h.of(one), 0o700))
	require.NoError(t, os.Remove(h.votes(one)))
	require.ErrorIs(t, h.remember(one), ErrForgotten)
	require.NoFileExists(t, h.votes(one))
}

func hostIn(t *testing.T) *Host {
	t.Helper()
	dir := t.TempDir()
	app, comet := config.DefaultApp(), config.DefaultComet()
	comet.SetRoot(dir)
	app.Shards.Enable, app.Shards.ListenHost, app.Shards.KeepData = true, "127.0.0.1", time.Hour
	h := New(Config{Home: dir, App: app, Comet: comet, Prefix: "TOPCHAIND_", Logger: log.NewNopLogger()})
	var err error
	h.ports, err = openPorts(h.homes.dir, app.Shards.FirstPort, app.Shards.LastPort)
	require.NoError(t, err)
	return h
}

// Data go an hour after their shard was left, and not while it is hosted.
func TestSweep(t *testing.T) {
	h := hostIn(t)
	_, err := h.ports.of(one)
	require.NoError(t, err)
	require.NoError(t, h.homes.remember(one))
	require.NoError(t, os.MkdirAll(h.homes.of(one), 0o700))
	require.NoError(t, h.sweepOnce(time.Now()))
	require.NoError(t, h.sweepOnce(time.Now().Add(time.Minute)))
	require.DirExists(t, h.homes.of(one))
	h.children.children[one] = &child{}
	require.NoError(t, h.sweepOnce(time.Now().Add(2*time.Hour)))
	require.DirExists(t, h.homes.of(one), "it is hosted")
	delete(h.children.children, one)
	require.NoError(t, h.sweepOnce(time.Now().Add(2*time.Hour)))
	require.NoDirExists(t, h.homes.of(one))
	require.FileExists(t, h.homes.votes(one))
	require.Empty(t, h.ports.taken)
	require.DirExists(t, filepath.Join(h.homes.dir, votesDir), "it is no shard's home")
}

// A child has the main node's limits, addresses of its own, the operator's key where it is, and none of the environment that is the main node's.
func TestSettings(t *testing.T) {
	t.Setenv("TOPCHAIND_API_ADDRESS", "tcp://127.0.0.1:1317")
	h := hostIn(t)
	h.cfg.App.IAVLCacheSize, h.cfg.App.Shards.Processors = 123, 2
	dir := h.homes.of(one)
	s := settings{
		home: dir, votes: h.homes.votes(one), ports: home.Ports{P2P: 1, RPC: 2, GRPC: 3, REST: 4}, hosts: []directory.Entry{entry(one, 3)},
		trusted: &trusted{height: 9, hash: bytes.Repeat([]byte{0xAB}, 32), rpcs: []string{"http://192.0.2.1:1", "http://192.0.2.2:1"}},
	}
	require.NoError(t, h.write(s))
	require.NoError(t, config.CheckFiles(dir))
	v := viper.New()
	for _, f := range []string{config.CometFile, config.AppFile} {
		v.SetConfigFile(filepath.Join(dir, "config", f))
		require.NoError(t, v.MergeInConfig())
	}
	comet := cmtcfg.DefaultConfig()
	require.NoError(t, v.Unmarshal(comet))
	comet.SetRoot(dir)
	require.Equal(t, filepath.Join(h.cfg.Home, "config", "priv_validator_key.json"), comet.PrivValidatorKeyFile())
	require.Equal(t, h.homes.votes(one), comet.PrivValidatorStateFile())
	require.Equal(t, entry(one, 3).P2P, comet.P2P.PersistentPeers)
	require.Equal(t, "tcp://127.0.0.1:1", comet.P2P.ListenAddress)
	require.True(t, comet.StateSync.Enable)
	require.EqualValues(t, 9, comet.StateSync.TrustHeight)
	require.Equal(t, strings.Repeat("AB", 32), comet.StateSync.TrustHash)
	app, err := config.FromViper(v)
	require.NoError(t, err)
	require.EqualValues(t, 123, app.IAVLCacheSize)
	require.False(t, app.Shards.Enable, "a child hosts nothing")
	require.Equal(t, "tcp://127.0.0.1:4", app.API.Address)
	require.Contains(t, h.environment(), "TOPCHAIND_API_ADDRESS=")
	require.Contains(t, h.environment(), "GOMAXPROCS=2")
}

// A node joins by a snapshot where two hosts have one, from the header that is surest.
func TestTrusted(t *testing.T) {
	serving := func(n int) (list []directory.Entry) {
		for range n {
			e := entry(one, 50)
			e.Snapshots = true
			list = append(list, e)
		}
		return append(list, entry(one, 50))
	}
	anchored := &shardstypes.QueryShardResponse{Anchor: &shardstypes.Anchor{Height: 40, HeaderHash: []byte{4}}}
	require.Nil(t, trustedOf(&shardstypes.QueryShardResponse{}, serving(3)))
	require.Nil(t, trustedOf(anchored, serving(1)))
	require.Equal(t, int64(40), trustedOf(anchored, serving(2)).height)
	anchored.Audited = &shardstypes.Audited{Height: 30, HeaderHash: []byte{3}}
	sure := trustedOf(anchored, serving(9))
	require.Equal(t, int64(30), sure.height)
	require.Len(t, sure.rpcs, syncServers)
}

func TestFolderOfGenesis(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	b := Birth{Shard: shardstypes.Shard{Name: one}, Home: home}
	require.ErrorIs(t, Folder(dir).Genesis(t.Context(), b), ErrOrigin)
	require.NoError(t, os.WriteFile(filepath.Join(dir, one+".json"), []byte(`{"chain_id":"`+two+`"}`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, one+".accounts"), []byte("a b\n"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(home, "config"), 0o700))
	require.NoError(t, Folder(dir).Genesis(t.Context(), b))
	require.FileExists(t, filepath.Join(home, "config", "accounts"))
	require.ErrorContains(t, checkGenesis(home, b.Shard, nil), `genesis of "`+two+`"`)
}

// A genesis in a home is the shard's: the accounts and the committee of its term are those that the main chain has.
func TestGenesisOfAShard(t *testing.T) {
	key := ed25519.GenPrivKey().PubKey()
	genesis := func(term uint64, root []byte) string {
		lattice := latticetypes.DefaultGenesisState()
		lattice.Term, lattice.Inherited = term, &latticetypes.Inherited{Root: root, Accounts: 1}
		lattice.Members = []latticetypes.Members{{Ledger: one, Term: term, Power: 10, Keys: [][]byte{key.Bytes()}}}
		state, err := codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).MarshalJSON(lattice)
		require.NoError(t, err)
		doc := genutiltypes.NewAppGenesisWithVersion(one, []byte(`{"lattice":`+string(state)+`}`))
		doc.Consensus.Validators = []cmttypes.GenesisValidator{{Address: key.Address(), PubKey: key, Power: 10}}
		home := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(home, "config"), 0o700))
		require.NoError(t, doc.SaveAs(filepath.Join(home, "config", "genesis.json")))
		return home
	}
	root, hash := bytes.Repeat([]byte{1}, 32), cmttypes.NewValidatorSet([]*cmttypes.Validator{cmttypes.NewValidator(key, 10)}).Hash()
	of := func(terms map[uint64][]byte) func(uint64) (*shardstypes.Committee, error) {
		return func(term uint64) (*shardstypes.Committee, error) {
			if hash, ok := terms[term]; ok {
				return &shardstypes.Committee{Term: term, ValidatorsHash: hash}, nil
			}
			return nil, nil
		}
	}
	s := shardstypes.Shard{Name: one}
	require.NoError(t, checkGenesis(genesis(3, root), s, of(map[uint64][]byte{1: {1}, 3: hash})))
	require.NoError(t, checkGenesis(genesis(3, root), s, of(nil)), "it is kept no more")
	require.ErrorContains(t, checkGenesis(genesis(3, root), s, of(map[uint64][]byte{1: hash, 3: {1}})), "committee of term 3")
	s.GenesisRoot = root
	require.NoError(t, checkGenesis(genesis(3, root), s, of(nil)))
	s.GenesisRoot = bytes.Repeat([]byte{2}, 32)
	require.ErrorContains(t, checkGenesis(genesis(3, root), s, of(nil)), "begins with 0202")
}

func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.log")
	require.NoError(t, trim(path, 10))
	require.NoError(t, os.WriteFile(path, []byte("0123456789"), 0o600))
	require.NoError(t, trim(path, 10))
	require.NoFileExists(t, path+".old")
	require.NoError(t, os.WriteFile(path, []byte("0123456789a"), 0o600))
	require.NoError(t, trim(path, 10))
	old, err := os.ReadFile(path + ".old")
	require.NoError(t, err)
	require.Equal(t, "0123456789a", string(old))
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, now)
	require.Equal(t, "key is damaged", lastWords("INF x\n  Error: key is damaged\ngoroutine 1"))
	require.Empty(t, lastWords("INF committed state"))
}
