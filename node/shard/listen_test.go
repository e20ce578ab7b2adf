package shard

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	dbm "github.com/cometbft/cometbft-db"
	cmtcfg "github.com/cometbft/cometbft/config"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// nothingOpen of a home: its databases can be opened, and its ports taken.
func nothingOpen(t *testing.T, cfg Config, addresses ...string) {
	t.Helper()
	for _, name := range []string{"blockstore", "state", "evidence", "application"} {
		db, err := dbm.NewDB(name, dbm.GoLevelDBBackend, cfg.Comet.DBDir())
		require.NoError(t, err, name)
		require.NoError(t, db.Close())
	}
	for _, address := range addresses {
		l, err := net.Listen("tcp", strings.TrimPrefix(address, "tcp://"))
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
}

// A port that is taken ends a member before it votes, says which setting names it, and leaves nothing open.
func TestPortsThatAreTaken(t *testing.T) {
	cfgs, _ := founded(t, 1, 0, map[lattice.Address]int64{everyonesFriend: rich}, func(Config) {})
	cfg := cfgs[0]
	ports := map[string]string{
		"laddr of [rpc]": cfg.Comet.RPC.ListenAddress, "address of [grpc]": cfg.App.GRPC.Address, "address of [api]": cfg.App.API.Address,
		// CometBFT's own, at which it starts.
		"address already in use": cfg.Comet.P2P.ListenAddress,
	}
	for setting, address := range ports {
		taken, err := net.Listen("tcp", strings.TrimPrefix(address, "tcp://"))
		require.NoError(t, err)
		err = Run(t.Context(), cfg)
		require.ErrorContains(t, err, "address already in use", setting)
		require.ErrorContains(t, err, setting)
		require.NoError(t, taken.Close())
		nothingOpen(t, cfg, cfg.Comet.RPC.ListenAddress, cfg.App.GRPC.Address, cfg.App.API.Address, cfg.Comet.P2P.ListenAddress)
	}
	memory, err := os.ReadFile(cfg.Comet.PrivValidatorStateFile())
	require.NoError(t, err)
	var last struct {
		Height string `json:"height"`
	}
	require.NoError(t, json.Unmarshal(memory, &last))
	require.Equal(t, "0", last.Height, "it has voted")
}

// A member that waits for its shard's beginning ends when it is told to, and leaves nothing open.
func TestGenesisToCome(t *testing.T) {
	cfgs, nodes := founded(t, 1, 0, map[lattice.Address]int64{everyonesFriend: rich}, func(Config) {})
	regenesis(t, nodes[0], func(doc *genutiltypes.AppGenesis, _ *latticetypes.GenesisState) {
		doc.GenesisTime = time.Now().Add(time.Hour).UTC()
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cfgs[0]) }()
	select {
	case err := <-ended:
		require.Fail(t, "it does not wait", "%v", err)
	case <-time.After(time.Second):
	}
	cancel()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(patience):
		require.Fail(t, "it does not end")
	}
	nothingOpen(t, cfgs[0], cfgs[0].Comet.RPC.ListenAddress, cfgs[0].App.GRPC.Address, cfgs[0].App.API.Address)
}

// certified writes a certificate for loopback, and its key, into a home's config.
func certified(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"rpc.crt": {Type: "CERTIFICATE", Bytes: der}, "rpc.key": {Type: "PRIVATE KEY", Bytes: private}} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config", name), pem.EncodeToMemory(block), 0o600))
	}
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return pool
}

// The RPC is served by TLS where config.toml says so, and never in the clear because a setting or a file is missing.
func TestRPCByTLS(t *testing.T) {
	cfgs, nodes := founded(t, 1, 0, map[lattice.Address]int64{everyonesFriend: rich}, func(Config) {})
	rpc := cfgs[0].Comet.RPC
	for _, c := range []struct{ certificate, key, want string }{
		{"rpc.crt", "", "set both, or none"}, {"", "rpc.key", "set both, or none"}, {"rpc.crt", "rpc.key", "no such file"},
	} {
		rpc.TLSCertFile, rpc.TLSKeyFile = c.certificate, c.key
		require.ErrorContains(t, Run(t.Context(), cfgs[0]), c.want)
	}
	nothingOpen(t, cfgs[0], rpc.ListenAddress)

	pool := certified(t, nodes[0].Home)
	cmtcfg.WriteConfigFile(filepath.Join(nodes[0].Home, "config", config.CometFile), cfgs[0].Comet)
	p := start(t, nodes[0])[0]
	plain := nodes[0].Endpoints().RPC
	secure := strings.Replace(plain, "http:", "https:", 1)
	client, err := rpchttp.NewWithClient(secure, "/websocket", &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}})
	require.NoError(t, err)
	awaitHeight(t, client, 2)
	res, err := http.Get(plain + "/status")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusBadRequest, res.StatusCode, "in the clear")
	require.NoError(t, p.Stop(nodePatience))
}

// Over REST and over the RPC that wallets use, another shard's account is named with its shard, and a transfer of it is refused so.
func TestOtherShardsAreNamed(t *testing.T) {
	_, nodes := founded(t, 1, 0, nil, func(Config) {})
	routing := latticetypes.RoutingTable{Routes: []latticetypes.Route{{PrefixLen: 1, Name: "top-z0.s0-1"}, {PrefixBits: 1, PrefixLen: 1, Name: "top-z0.s1-1"}}}
	regenesis(t, nodes[0], func(_ *genutiltypes.AppGenesis, gs *latticetypes.GenesisState) {
		gs.Shard.PrefixLen, gs.Routing = 1, routing
	})
	start(t, nodes[0])
	rpc := rpcOf(t, nodes[0])
	awaitHeight(t, rpc, 2)
	stranger := userOf(t, 0)
	for n := 1; lattice.BucketOf(stranger.address)>>(lattice.BucketBits-1) == 0; n++ {
		stranger = userOf(t, n)
	}
	address := sendtx.Bech32(stranger.address)
	why := "account " + address + " belongs to shard top-z0.s1-1"

	req, err := (&banktypes.QueryBalanceRequest{Address: address, Denom: "utop"}).Marshal()
	require.NoError(t, err)
	answer, err := rpc.ABCIQuery(t.Context(), "/cosmos.bank.v1beta1.Query/Balance", req)
	require.NoError(t, err)
	require.NotZero(t, answer.Response.Code)
	require.Contains(t, answer.Response.Log, why)
	sent, err := rpc.BroadcastTxSync(t.Context(), stranger.send(0, 1))
	require.NoError(t, err)
	require.Equal(t, uint32(11), sent.Code)
	require.Equal(t, why+"; send it there", sent.Log)
	_, err = rpc.TxSearch(t.Context(), "message.sender = '"+address+"'", false, nil, nil, "")
	require.ErrorContains(t, err, why)

	get := func(path string) (int, string) {
		res, err := http.Get(nodes[0].Endpoints().REST + path)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode, string(body)
	}
	for _, path := range []string{"/cosmos/auth/v1beta1/accounts/", "/cosmos/bank/v1beta1/balances/", "/top/lattice/v1/quota/", "/top/lattice/v1/units/"} {
		status, body := get(path + address)
		require.Equal(t, http.StatusBadRequest, status, path)
		require.Contains(t, body, why, path)
	}
	status, body := get("/top/lattice/v1/params")
	require.Equal(t, http.StatusOK, status)
	var shown struct {
		Routing json.RawMessage `json:"routing"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &shown))
	require.JSONEq(t, `{"version": "0", "routes": [{"prefix_bits": 0, "prefix_len": 1, "name": "top-z0.s0-1"}, {"prefix_bits": 1, "prefix_len": 1, "name": "top-z0.s1-1"}]}`, string(shown.Routing))
}
