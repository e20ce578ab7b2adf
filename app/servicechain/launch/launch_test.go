package launch_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cosmossdk.io/log/v2"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/app/servicechain/launch"
	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// mainChain answers what a launch asks. It takes no transactions: who sends one fails.
type mainChain struct {
	cmtservice.UnimplementedServiceServer
	registered *servicestypes.ServiceChain
	id         string
}

type (
	services struct {
		servicestypes.UnimplementedQueryServer
		*mainChain
	}
	billing struct {
		billingtypes.UnimplementedQueryServer
	}
)

func (m *mainChain) GetLatestBlock(context.Context, *cmtservice.GetLatestBlockRequest) (*cmtservice.GetLatestBlockResponse, error) {
	return &cmtservice.GetLatestBlockResponse{SdkBlock: &cmtservice.Block{Header: cmtservice.Header{ChainID: m.id, Height: 7}}}, nil
}

func (*billing) Epoch(context.Context, *billingtypes.QueryEpochRequest) (*billingtypes.QueryEpochResponse, error) {
	return &billingtypes.QueryEpochResponse{EpochBlocks: 20}, nil
}

func (*services) ServiceTypes(context.Context, *servicestypes.QueryServiceTypesRequest) (*servicestypes.QueryServiceTypesResponse, error) {
	return &servicestypes.QueryServiceTypesResponse{Types: []servicestypes.ServiceType{{Name: "messaging"}}}, nil
}

func (*services) Params(context.Context, *servicestypes.QueryParamsRequest) (*servicestypes.QueryParamsResponse, error) {
	return &servicestypes.QueryParamsResponse{Params: servicestypes.Params{MinChainDeposit: 1_000}}, nil
}

func (s *services) ServiceChain(context.Context, *servicestypes.QueryServiceChainRequest) (*servicestypes.QueryServiceChainResponse, error) {
	if s.registered == nil {
		return nil, status.Error(codes.NotFound, "no such chain")
	}
	return &servicestypes.QueryServiceChainResponse{Chain: *s.registered}, nil
}

// serve the main chain until the test ends; the answer is its address.
func (m *mainChain) serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := grpc.NewServer(grpc.ForceServerCodec(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).GRPCCodec()))
	cmtservice.RegisterServiceServer(srv, m)
	servicestypes.RegisterQueryServer(srv, &services{mainChain: m})
	billingtypes.RegisterQueryServer(srv, &billing{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener)
	}()
	t.Cleanup(func() { srv.Stop(); <-done })
	return listener.Addr().String()
}

// founding is a launch on a main chain of its own, which knows the chain already: nothing is to be paid.
type founding struct {
	t    *testing.T
	app  *servicechain.App
	main *mainChain
	launch.Options
}

func begin(t *testing.T) *founding {
	t.Helper()
	mnemonic, err := chain.NewMnemonic()
	require.NoError(t, err)
	key, err := chain.FromMnemonic(mnemonic)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "operator.txt")
	require.NoError(t, os.WriteFile(file, []byte(mnemonic), 0o600))
	m := &mainChain{id: "top-main-1", registered: &servicestypes.ServiceChain{ChainId: "top-msg-1", Type: "messaging", Operator: key.Address()}}
	return &founding{
		t: t, main: m, app: servicechain.New(base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}, false),
		Options: launch.Options{
			Dir: filepath.Join(t.TempDir(), "msg"), ChainID: "top-msg-1", Type: "messaging", Validators: 1, MainGRPC: m.serve(t), OperatorMnemonicFile: file,
			TimeoutCommit: time.Second, VotingPeriod: base.DefaultVotingPeriod,
		},
	}
}

func (f *founding) launch(change ...func(*launch.Options)) (*launch.Summary, error) {
	opts := f.Options
	for _, c := range change {
		c(&opts)
	}
	return launch.Launch(f.t.Context(), f.app, opts)
}

func (f *founding) must(change ...func(*launch.Options)) *launch.Summary {
	f.t.Helper()
	s, err := f.launch(change...)
	require.NoError(f.t, err)
	return s
}

// tree is every file of the chain's directory.
func (f *founding) tree() map[string]string {
	f.t.Helper()
	files := map[string]string{}
	require.NoError(f.t, filepath.WalkDir(f.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		bz, err := os.ReadFile(path)
		files[path] = string(bz)
		return err
	}))
	return files
}

// A finished launch changes nothing, neither what it wrote nor what was edited since.
func TestLaunchAgain(t *testing.T) {
	f := begin(t)
	first := f.must()
	for file, change := range map[string][2]string{
		config.CometFile: {`moniker = "operator0"`, `moniker = "mine"`},
		config.AppFile:   {`max-block-age = "30s"`, `max-block-age = "45s"`},
	} {
		path := filepath.Join(f.Dir, "node0", "config", file)
		bz, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(bz), change[0])
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(bz), change[0], change[1], 1)), 0o600))
	}
	before := f.tree()
	require.Equal(t, first, f.must())
	require.Equal(t, before, f.tree())
}

// A second run with other options would ignore them.
func TestLaunchAgainWithOtherOptions(t *testing.T) {
	f := begin(t)
	address := f.app.Authority
	f.must()
	before := f.tree()
	for want, change := range map[string]func(*launch.Options){
		"with --voting-period 48h0m0s, not with --voting-period 1h0m0s": func(o *launch.Options) { o.VotingPeriod = time.Hour },
		"with --timeout-commit 1s, not with --timeout-commit 2s":        func(o *launch.Options) { o.TimeoutCommit = 2 * time.Second },
		"with --deposit 0, not with --deposit 5000":                     func(o *launch.Options) { o.Deposit = 5_000 },
		"with --base-port 0, not with --base-port 30000":                func(o *launch.Options) { o.BasePort = 30_000 },
		"with --validators 1, not with --validators 2":                  func(o *launch.Options) { o.Validators = 2 },
		"with --chain-id top-msg-1, not with --chain-id top-msg-2":      func(o *launch.Options) { o.ChainID = "top-msg-2" },
		"with no --genesis-account, not with --genesis-account " + address: func(o *launch.Options) {
			o.GenesisAccounts = []string{address}
		},
	} {
		want = strings.Replace(want, "48h0m0s", base.DefaultVotingPeriod.String(), 1)
		_, err := f.launch(change)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "repeat it as it was begun, or choose another --home")
	}
	f.main.id = "top-main-2"
	_, err := f.launch()
	require.ErrorContains(t, err, "was begun for the main chain top-main-1")
	require.Equal(t, before, f.tree())
}

// What is refused before anything was decided can be corrected in the same directory.
func TestLaunchCorrected(t *testing.T) {
	f := begin(t)
	for want, change := range map[string]func(*launch.Options){
		`--type "mesaging" is not registered`: func(o *launch.Options) { o.Type = "mesaging" },
		"--voting-period is 1ns":              func(o *launch.Options) { o.VotingPeriod = 1 },
		`account "top1nobody"`:                func(o *launch.Options) { o.GenesisAccounts = []string{"top1nobody"} },
		"--deposit is 1 utop":                 func(o *launch.Options) { o.Deposit = 1 },
		"base port 65530":                     func(o *launch.Options) { o.BasePort = 65_530 },
	} {
		_, err := f.launch(change)
		require.ErrorContains(t, err, want)
		require.NoDirExists(t, f.Dir, want)
	}
	owner := f.main.registered.Operator
	f.main.registered.Operator = f.app.Authority
	_, err := f.launch()
	require.ErrorContains(t, err, "choose another --chain-id")
	require.NoDirExists(t, f.Dir)
	f.main.registered.Operator = owner
	f.must()
}

// A pause longer than what /health waits for by default is no trap, and no deposit is paid for nodes that could not start.
func TestLaunchSettingsCanStart(t *testing.T) {
	f := begin(t)
	f.TimeoutCommit = 40 * time.Second
	home := f.must().Nodes[0].Home
	require.NoError(t, config.CheckHome(home, "top-msg-1", base.OperatorDenom))

	path := filepath.Join(home, "config", config.AppFile)
	bz, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(bz), `max-block-age = "3m20s"`)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(bz), "3m20s", "30s", 1)), 0o600))
	f.main.registered = nil
	_, err = f.launch()
	require.ErrorContains(t, err, "health.max-block-age (30s) is not above consensus.timeout_commit (40s)")
}

// Keys that are lost after the genesis was made are not replaced by such as it does not name.
func TestLaunchWithoutItsKeys(t *testing.T) {
	f, other := begin(t), begin(t)
	f.must()
	other.must()
	key := filepath.Join("node0", "config", "priv_validator_key.json")
	foreign, err := os.ReadFile(filepath.Join(other.Dir, key))
	require.NoError(t, err)

	for _, file := range []string{"operators.json", key, filepath.Join("node0", "config", "node_key.json"), "node0"} {
		path := filepath.Join(f.Dir, file)
		require.NoError(t, os.Rename(path, path+".lost"))
		_, err := f.launch()
		require.ErrorContains(t, err, "put it back from a backup", file)
		_, err = os.Stat(path)
		require.ErrorIs(t, err, os.ErrNotExist, "nothing is made in its place")
		require.NoError(t, os.Rename(path+".lost", path))
	}
	f.must()
	require.NoError(t, os.WriteFile(filepath.Join(f.Dir, key), foreign, 0o600))
	_, err = f.launch()
	require.ErrorContains(t, err, "is no validator of the genesis")
}
