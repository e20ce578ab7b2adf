package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"cosmossdk.io/math"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// founding of a network's shards, by what its main chain says.
type founding struct {
	ctx      client.Context
	network  string
	accounts string
	// unaudited utop that a shard takes from another before auditors have confirmed it: a number, 0 for no bound, or "" for what the main chain's gate takes.
	unaudited string
	bound     uint64
	dir       string

	table     trie.Table
	version   uint64
	epoch     uint64
	trusted   lighttypes.GenesisState
	committee map[string]shardstypes.Committee
	// issued to accounts of shards, as the main chain's gate has it.
	issued math.Int
	own    map[string][]latticetypes.NewAccount
}

// founded shard, as it is printed.
type founded struct {
	ChainID  string `json:"chain_id"`
	Genesis  string `json:"genesis"`
	Accounts int    `json:"accounts"`
	Members  int    `json:"members"`
}

func foundCommand() *cobra.Command {
	var f founding
	var node string
	cmd := &cobra.Command{
		Use: "found", Args: cobra.NoArgs,
		Short: "Write the genesis of every shard of a network whose main chain runs; prints a list of them as JSON",
		Long: "Write the genesis of every shard of a network whose main chain runs; prints a list of them as JSON.\n" +
			"Shards and their first committees are the main chain's, and its last block is what they trust. Every host needs the same files, in config/shards of its home:\n" +
			"one founder makes and publishes them.\n" +
			"What accounts begin with is the main chain's: its gate holds it since genesis (`genesis shard-accounts`), and another sum is refused. Shards of a chain whose genesis gave them nothing\n" +
			"begin without accounts, and coins come to them by `tx gate exit`.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			rpc, err := rpchttp.New(node, "/websocket")
			if err != nil {
				return fmt.Errorf("--%s: %w", flags.FlagNode, err)
			}
			registry := codectypes.NewInterfaceRegistry()
			f.ctx = client.Context{}.WithClient(rpc).WithInterfaceRegistry(registry).WithCodec(codec.NewProtoCodec(registry))
			list, err := f.run(cmd.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(list)
		},
	}
	flag := cmd.Flags()
	flag.StringVar(&node, flags.FlagNode, "tcp://localhost:26657", "RPC of a node of the main chain")
	flag.StringVar(&f.dir, localchain.FlagDir, "./shards", "folder for CHAIN-ID.json and CHAIN-ID.accounts")
	flag.StringVar(&f.network, "network", latticetypes.Network, "chain id that wallets sign, the same for all shards")
	flag.StringVar(&f.accounts, "accounts", "", "file with an account of genesis in every line: ADDRESS COINS; each goes to its shard, and all together are what the main chain's genesis gave shards")
	flag.StringVar(&f.unaudited, "unaudited", "", "utop that a shard takes from another before auditors have confirmed it, 0 for no bound (default: unaudited_utop of the main chain's gate)")
	return cmd
}

func (f *founding) run(ctx context.Context) ([]founded, error) {
	if err := f.ask(ctx); err != nil {
		return nil, err
	}
	if err := f.split(); err != nil {
		return nil, err
	}
	if err := localchain.CheckEmpty(f.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, err
	}
	var list []founded
	for _, r := range f.table {
		one, err := f.found(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		list = append(list, one)
	}
	return list, nil
}

// ask the main chain.
func (f *founding) ask(ctx context.Context) error {
	routing, err := zonestypes.NewQueryClient(f.ctx).Table(ctx, &zonestypes.QueryTableRequest{})
	if err != nil {
		return fmt.Errorf("routing table of the main chain: %w", err)
	}
	f.table, f.version = routing.Table.Table(), routing.Table.Version
	billing, err := billingtypes.NewQueryClient(f.ctx).Epoch(ctx, &billingtypes.QueryEpochRequest{})
	if err != nil {
		return fmt.Errorf("epochs of the main chain: %w", err)
	}
	f.epoch = billing.EpochBlocks
	books, err := gatetypes.NewQueryClient(f.ctx).Books(ctx, &gatetypes.QueryBooksRequest{})
	if err != nil {
		return fmt.Errorf("books of the main chain's gate: %w", err)
	}
	f.issued = books.Books.Issued
	gate, err := gatetypes.NewQueryClient(f.ctx).Params(ctx, &gatetypes.QueryParamsRequest{})
	if err != nil {
		return fmt.Errorf("parameters of the main chain's gate: %w", err)
	}
	if f.bound, err = boundOf(f.unaudited, gate.Params.UnauditedUtop); err != nil {
		return err
	}
	f.committee = map[string]shardstypes.Committee{}
	for _, r := range f.table {
		res, err := shardstypes.NewQueryClient(f.ctx).Committee(ctx, &shardstypes.QueryCommitteeRequest{Name: r.Name, Term: 1})
		if err != nil {
			return fmt.Errorf("first committee of %s: %w", r.Name, err)
		}
		f.committee[r.Name] = res.Committee
	}
	commit, err := f.ctx.Client.Commit(ctx, nil)
	if err != nil {
		return fmt.Errorf("last block of the main chain: %w", err)
	}
	f.trusted = *lighttypes.DefaultGenesisState()
	f.trusted.Params.MainChainId = commit.Header.ChainID
	f.trusted.Headers = []lighttypes.Header{lighttypes.HeaderOf(commit.Header)}
	return nil
}

// boundOf what is taken unaudited: as the main chain's gate has it, unless another bound is asked for. A network where anything is taken from whoever controls a committee has to be meant.
func boundOf(asked string, gate uint64) (uint64, error) {
	if asked != "" {
		bound, err := strconv.ParseUint(asked, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("--unaudited is %q, want a number of utop, or 0 for no bound", asked)
		}
		return bound, nil
	}
	if gate == 0 {
		return 0, errors.New("--unaudited: the main chain's gate bounds nothing that it takes from shards unaudited (unaudited_utop of x/gate is 0): name a bound for the shards, or 0 where no committee will ever be an attacker's")
	}
	return gate, nil
}

// split the accounts by whose they are.
func (f *founding) split() error {
	f.own = map[string][]latticetypes.NewAccount{}
	var accounts []latticetypes.NewAccount
	var err error
	if f.accounts != "" {
		if accounts, err = readAccounts(f.accounts, latticetypes.DefaultGenesisState()); err != nil {
			return fmt.Errorf("--accounts: %w", err)
		}
	}
	if err := f.covered(accounts); err != nil {
		return err
	}
	for _, a := range accounts {
		r, ok := f.table.Owner(a.Address)
		if !ok {
			return fmt.Errorf("no shard has the account %s", sendtx.Bech32(a.Address))
		}
		f.own[r.Name] = append(f.own[r.Name], a)
	}
	return nil
}

// covered tells whether the main chain's gate has issued what accounts begin with. More would be coins out of nothing, which no shard could ever send there; less would be nobody's.
func (f *founding) covered(accounts []latticetypes.NewAccount) error {
	sum, err := issued(accounts)
	if err != nil {
		return fmt.Errorf("--accounts: %w", err)
	}
	switch has := math.NewIntFromUint64(sum); {
	case has.Equal(f.issued):
		return nil
	case f.issued.IsZero():
		return fmt.Errorf("--accounts gives %d utop, and the genesis of %s gave shards none: found them without --accounts and bring coins there by `tx gate exit`, or begin a main chain with `genesis shard-accounts`", sum, f.trusted.Params.MainChainId)
	default:
		return fmt.Errorf("--accounts gives %d utop, and the genesis of %s gave shards %s: name the file that `genesis shard-accounts` was given", sum, f.trusted.Params.MainChainId, f.issued)
	}
}

// found one shard.
func (f *founding) found(r trie.Route) (one founded, err error) {
	gs := latticetypes.DefaultGenesisState()
	gs.Shard.Network, gs.Shard.PrefixBits, gs.Shard.PrefixLen = f.network, r.Prefix.Bits, uint32(r.Prefix.Len)
	if r.Prefix.Len > 0 {
		gs.Routing = latticetypes.RoutingOf(f.table)
		gs.Routing.Version = f.version
	}
	gs.Params.MainEpochBlocks, gs.Params.UnauditedUtop = f.epoch, f.bound
	for _, other := range f.table {
		gs.Members = append(gs.Members, membersOf(f.committee[other.Name]))
	}
	file, err := fileOf(f.own[r.Name], gs)
	if err != nil {
		return one, err
	}
	committee := f.committee[r.Name]
	doc, err := documentOf(r.Name, committee.GenesisValidators(), gs, &f.trusted)
	if err != nil {
		return one, err
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return one, err
	}
	path := filepath.Join(f.dir, r.Name+".json")
	if file != nil {
		err = os.WriteFile(filepath.Join(f.dir, r.Name+".accounts"), file, 0o600)
	}
	return founded{ChainID: r.Name, Genesis: path, Accounts: len(f.own[r.Name]), Members: len(committee.Members)}, errors.Join(err, doc.SaveAs(path))
}

// membersOf a committee, as a shard knows them.
func membersOf(c shardstypes.Committee) latticetypes.Members {
	m := latticetypes.Members{Ledger: c.Shard, Term: c.Term, FirstHeight: c.FirstHeight, Power: shardstypes.Power, Epoch: c.Epoch}
	for _, member := range c.Members {
		m.Keys = append(m.Keys, member.PubKey)
	}
	return m
}
