package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/localchain"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

func introduceCommand() *cobra.Command {
	return &cobra.Command{
		Use: "introduce FOLDER FOLDER...", Args: cobra.MinimumNArgs(2),
		Short: "Write into the genesis of shards that have not begun whose signatures they believe of each other",
		Long: "Write into the genesis of shards that have not begun whose signatures they believe of each other.\n" +
			"The folders are those of `shard init`: of all shards of a network, for a shard sends nothing to one that it does not know.",
		RunE: func(cmd *cobra.Command, dirs []string) error {
			members, err := introduce(dirs)
			if err != nil {
				return err
			}
			for _, m := range members {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %d members\n", m.Ledger, len(m.Keys)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// introduce the shards of folders to each other: the first term of each is the committee of its genesis.
func introduce(dirs []string) ([]latticetypes.Members, error) {
	docs := make([]*genutiltypes.AppGenesis, len(dirs))
	homes := make([][]string, len(dirs))
	var members []latticetypes.Members
	seen := map[string]string{}
	for i, dir := range dirs {
		summary, err := localchain.Load(dir)
		if err != nil {
			return nil, err
		}
		for _, n := range summary.Nodes {
			if err := unborn(n.Home); err != nil {
				return nil, err
			}
			homes[i] = append(homes[i], genesisOf(n.Home))
		}
		if docs[i], err = genutiltypes.AppGenesisFromFile(homes[i][0]); err != nil {
			return nil, err
		}
		m, err := committeeOf(docs[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", homes[i][0], err)
		}
		if other, ok := seen[m.Ledger]; ok {
			return nil, fmt.Errorf("%s and %s are both %s: name every shard once", other, dir, m.Ledger)
		}
		seen[m.Ledger] = dir
		members = append(members, m)
	}
	for i, doc := range docs {
		if err := nameMembers(doc, members); err != nil {
			return nil, fmt.Errorf("%s: %w", dirs[i], err)
		}
	}
	// Nothing is written before all is known to be good.
	for i, doc := range docs {
		for _, path := range homes[i] {
			if err := doc.SaveAs(path); err != nil {
				return nil, err
			}
		}
	}
	return members, nil
}

func genesisOf(home string) string { return filepath.Join(home, "config", "genesis.json") }

// unborn tells whether a member has never run: its genesis is in its first block.
func unborn(home string) error {
	path := filepath.Join(home, "data", "blockstore.db")
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s has begun, its genesis cannot change any more: make new shards, and introduce them before they start", home)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// committeeOf a shard's genesis, as its first term.
func committeeOf(doc *genutiltypes.AppGenesis) (latticetypes.Members, error) {
	m := latticetypes.Members{Ledger: doc.ChainID, Term: 1, FirstHeight: uint64(max(doc.InitialHeight, 1))}
	if doc.Consensus == nil {
		return m, errors.New("it names no validators")
	}
	for _, v := range doc.Consensus.Validators {
		if m.Power != 0 && m.Power != v.Power {
			return m, fmt.Errorf("its members have power %d and %d: all have the same", m.Power, v.Power)
		}
		m.Power, m.Keys = v.Power, append(m.Keys, v.PubKey.Bytes())
	}
	return m, m.Validate()
}

// nameMembers in a shard's genesis. Its routing table must know them: who has no accounts is sent nothing.
func nameMembers(doc *genutiltypes.AppGenesis, members []latticetypes.Members) error {
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	var state map[string]json.RawMessage
	if err := json.Unmarshal(doc.AppState, &state); err != nil {
		return err
	}
	var gs latticetypes.GenesisState
	if err := cdc.UnmarshalJSON(state[latticetypes.ModuleName], &gs); err != nil {
		return err
	}
	routed := map[string]bool{}
	for _, r := range gs.Routing.Routes {
		routed[r.Name] = true
	}
	for _, m := range members {
		if !routed[m.Ledger] {
			return fmt.Errorf("its routing table does not know %s: make all shards of a network with the same --routes", m.Ledger)
		}
	}
	gs.Members = members
	if err := gs.Validate(); err != nil {
		return err
	}
	bz, err := cdc.MarshalJSON(&gs)
	if err != nil {
		return err
	}
	state[latticetypes.ModuleName] = bz
	doc.AppState, err = json.Marshal(state)
	return err
}
