package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/cosmos/gogoproto/proto"

	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/node/shard"
	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/protocol/lattice"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// ErrExports tells that the exports of a network's ledgers are not of one time, or not all are there.
var ErrExports = errors.New("no network can go on from these exports")

// refounding of a network from exports of its main chain and of all its shards.
type refounding struct {
	main *genutiltypes.AppGenesis
	// state of the main chain's modules, as far as it speaks of shards.
	state   map[string]json.RawMessage
	billing billingtypes.GenesisState
	zones   zonestypes.GenesisState
	shards  shardstypes.GenesisState
	gate    gatetypes.GenesisState
	dir     string
	// ledgers by name, the main chain among them.
	ledgers map[string]ledger
}

// ledger as its export has it.
type ledger struct {
	inboxes  []latticetypes.NamedInbox
	outboxes []latticetypes.NamedOutbox
}

// refounded network, as it is printed; InitialHeight is the main chain's.
type refounded struct {
	ChainID string `json:"chain_id"`
	Genesis string `json:"genesis"`
	// SHA256 of the main chain's genesis, which names the accounts of all shards: who has this file goes on with the same network.
	SHA256        string     `json:"sha256"`
	InitialHeight int64      `json:"initial_height"`
	Shards        []exported `json:"shards"`
}

func refoundCommand() *cobra.Command {
	var dir, to string
	cmd := &cobra.Command{
		Use: "refound MAIN-GENESIS", Args: cobra.ExactArgs(1),
		Short: "Join the exports of a main chain and of all its shards to a network that goes on; prints what it is as JSON",
		Long: "Join the exports of a main chain (`topchaind export`) and of all its shards (`topchaind shard export`) to a network that goes on; prints what it is as JSON.\n" +
			"Exports that do not fit together are refused: one is missing or of an earlier time, a shard is about to split or merge, is frozen or settles. Into the main chain's genesis goes the root of\n" +
			"every shard's accounts, so that no host begins with others. How a whole network goes on from exports is in UPGRADING.md.",
		RunE: func(cmd *cobra.Command, args []string) error {
			main, err := genutiltypes.AppGenesisFromFile(args[0])
			if err != nil {
				return err
			}
			if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
				return errors.Join(fmt.Errorf("--%s: %s is there already: name another file, or remove it", flags.FlagOutputDocument, to), err)
			}
			r := refounding{main: main, dir: dir}
			list, err := r.run()
			if err != nil {
				return err
			}
			if err := r.main.SaveAs(to); err != nil {
				return err
			}
			bz, err := os.ReadFile(to)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(refounded{ChainID: main.ChainID, Genesis: to, SHA256: fmt.Sprintf("%x", sha256.Sum256(bz)), InitialHeight: main.InitialHeight, Shards: list})
		},
	}
	cmd.Flags().StringVar(&dir, localchain.FlagDir, "./shards", "folder with CHAIN-ID.json and CHAIN-ID.accounts of all shards")
	cmd.Flags().StringVar(&to, flags.FlagOutputDocument, "genesis.json", "file for the main chain's genesis")
	return cmd
}

// run checks all exports, and writes into the main chain's what the shards begin with.
func (r *refounding) run() ([]exported, error) {
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	if err := json.Unmarshal(r.main.AppState, &r.state); err != nil {
		return nil, fmt.Errorf("app_state: %w", err)
	}
	for _, part := range []struct {
		module string
		state  proto.Message
	}{{billingtypes.ModuleName, &r.billing}, {zonestypes.ModuleName, &r.zones}, {shardstypes.ModuleName, &r.shards}, {gatetypes.ModuleName, &r.gate}} {
		if err := cdc.UnmarshalJSON(r.state[part.module], part.state); err != nil {
			return nil, fmt.Errorf("app_state.%s: %w", part.module, err)
		}
	}
	if len(r.zones.Tables) == 0 {
		return nil, fmt.Errorf("%w: %s has no shards; it goes on from its own export alone", ErrExports, r.main.ChainID)
	}
	r.ledgers = map[string]ledger{r.main.ChainID: {r.gate.Inboxes, r.gate.Outboxes}}
	var list []exported
	for _, route := range r.zones.Tables[len(r.zones.Tables)-1].Routes {
		one, err := r.shard(route.Name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", route.Name, err)
		}
		list = append(list, one)
	}
	if err := r.crossing(); err != nil {
		return nil, err
	}
	if err := r.leaveOut(); err != nil {
		return nil, err
	}
	var err error
	if r.state[shardstypes.ModuleName], err = cdc.MarshalJSON(&r.shards); err != nil {
		return nil, err
	}
	r.main.AppState, err = json.Marshal(r.state)
	return list, err
}

// leaveOut the main chain's height after its last block, for the reason of shard.LeftOut. The first height of an epoch cannot be left out: an epoch begins in its block.
func (r *refounding) leaveOut() error {
	blocks := r.billing.EpochBlocks
	for range shard.LeftOut {
		if next := r.main.InitialHeight; next == epoch.First(epoch.At(next, blocks), blocks) {
			return fmt.Errorf("%w: %s would go on with block %d, which begins an epoch; that of the block after it must be the same: let the network make some blocks more, and export it again", ErrExports, r.main.ChainID, next)
		}
		r.main.InitialHeight++
	}
	return nil
}

// shard of the routing table: its export must be what the main chain knows of it, or later.
func (r *refounding) shard(name string) (one exported, err error) {
	record := r.record(name)
	if record == nil || record.Status != shardstypes.Status_STATUS_ACTIVE {
		return one, fmt.Errorf("%w: the main chain says %s: let it become active before you export", ErrExports, status(record))
	}
	path := filepath.Join(r.dir, name+".json")
	doc, err := genutiltypes.AppGenesisFromFile(path)
	if err != nil {
		return one, fmt.Errorf("%w: %w; every shard of the routing table must be exported", ErrExports, err)
	}
	gs, main, err := shardchain.Decode(doc.AppState)
	if err != nil {
		return one, fmt.Errorf("%s: %w", path, err)
	}
	if doc.ChainID != name || gs.Inherited == nil {
		return one, fmt.Errorf("%w: %s is of %q, and was not written by `shard export`", ErrExports, path, doc.ChainID)
	}
	if len(gs.Settlements) > 0 || gs.FinalHeight > 0 {
		return one, fmt.Errorf("%w: it has not settled what it took over from %s, or has ended: export later", ErrExports, parents(gs))
	}
	if err := r.fits(doc, main); err != nil {
		return one, err
	}
	if err := r.seat(doc, gs); err != nil {
		return one, err
	}
	if err := readInherited(filepath.Join(r.dir, name+".accounts"), gs); err != nil {
		return one, err
	}
	record.GenesisRoot = gs.Inherited.Root
	r.ledgers[name] = ledger{gs.Inboxes, gs.Outboxes}
	return exportedOf(doc, path)
}

func (r *refounding) record(name string) *shardstypes.Shard {
	for i := range r.shards.Shards {
		if r.shards.Shards[i].Name == name {
			return &r.shards.Shards[i]
		}
	}
	return nil
}

func status(s *shardstypes.Shard) string {
	if s == nil {
		return "nothing of it"
	}
	return s.Status.String()
}

func parents(gs *latticetypes.GenesisState) string {
	names := make([]string, len(gs.Settlements))
	for i, s := range gs.Settlements {
		names[i] = s.Parent
	}
	return strings.Join(names, ", ")
}

// fits tells whether shard and main chain know of each other nothing that the other's export does not have.
func (r *refounding) fits(doc *genutiltypes.AppGenesis, main *lighttypes.GenesisState) error {
	if main.Params.MainChainId != r.main.ChainID {
		return fmt.Errorf("%w: its main chain is %q", ErrExports, main.Params.MainChainId)
	}
	for _, h := range main.Headers {
		if h.Height >= r.main.InitialHeight {
			return fmt.Errorf("%w: it knows block %d of %s, whose export ends before: export the main chain at its last block", ErrExports, h.Height, r.main.ChainID)
		}
	}
	for _, a := range r.shards.Anchors {
		if last := doc.InitialHeight - 1 - shard.LeftOut; a.Shard == doc.ChainID && int64(a.Height) > last {
			return fmt.Errorf("%w: %s knows its block %d, and its export ends with %d: export it from the member that has most blocks", ErrExports, r.main.ChainID, a.Height, last)
		}
	}
	return nil
}

// seat the committee that makes the shard's blocks: one that the main chain has of it. The main chain may not have seen yet that it sits, and the header that would show it is below the first block of the shard's nodes.
func (r *refounding) seat(doc *genutiltypes.AppGenesis, gs *latticetypes.GenesisState) error {
	comet, err := doc.ToGenesisDoc()
	if err != nil {
		return err
	}
	term := gs.SittingTerm()
	known := slices.IndexFunc(r.shards.Committees, func(c shardstypes.Committee) bool { return c.Shard == doc.ChainID && c.Term == term })
	if hash := comet.ValidatorHash(); known < 0 || !bytes.Equal(r.shards.Committees[known].ValidatorsHash, hash) {
		return fmt.Errorf("%w: its validators, with the hash %X, are not the committee of term %d that the main chain has of it", ErrExports, hash, term)
	}
	if c := &r.shards.Committees[known]; c.FirstHeight == 0 {
		c.FirstHeight = uint64(doc.InitialHeight)
	}
	last := slices.IndexFunc(r.shards.Anchors, func(a shardstypes.Anchor) bool { return a.Shard == doc.ChainID })
	switch {
	case last >= 0:
		r.shards.Anchors[last].NextTerm = max(r.shards.Anchors[last].NextTerm, term)
	case term > 1:
		return fmt.Errorf("%w: the committee of term %d makes its blocks, and none of them is anchored: let a router do that, and export later", ErrExports, term)
	}
	return nil
}

// crossing coins: nobody has taken a batch that its source does not know to have sent.
func (r *refounding) crossing() error {
	for _, taker := range slices.Sorted(maps.Keys(r.ledgers)) {
		for _, in := range r.ledgers[taker].inboxes {
			source, destination, inherited := strings.Cut(in.Source, ">")
			if !inherited {
				destination = taker
			}
			// `@bits` of a merge, and sources that are retired, have nobody to ask.
			from, ok := r.ledgers[source]
			if !ok || strings.Contains(destination, "@") {
				continue
			}
			var sent uint64
			for _, out := range from.outboxes {
				if out.Destination == destination {
					sent = out.Outbox.Sent.Height
				}
			}
			if taken := in.Inbox.Taken.Height; taken > sent {
				return fmt.Errorf("%w: %s has taken batch %d of %s, whose export has sent %d at most: export %s from the node that has most blocks", ErrExports, taker, taken, source, sent, source)
			}
		}
	}
	return nil
}

// readInherited accounts of a shard whole: they are those that its genesis names.
func readInherited(path string, gs *latticetypes.GenesisState) error {
	accounts, err := lattice.NewAccounts(gs.Shard.Prefix())
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrExports, err)
	}
	if err := errors.Join(gs.Inherited.Read(f, accounts), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
