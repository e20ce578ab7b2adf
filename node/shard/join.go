package shard

import (
	"errors"
	"fmt"
	"path/filepath"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Whole is the folder where an ended shard's node leaves the shard's half of what becomes one with its sibling: Half reads it.
func Whole(home string) string { return filepath.Join(home, "data", heritage, whole) }

// Half of what a shard begins with that goes on from two: a folder with genesis.json and accounts.
func Half(folder string) (*genutiltypes.AppGenesis, error) {
	doc, err := genutiltypes.AppGenesisFromFile(filepath.Join(folder, genesisName))
	if err == nil && (doc.Consensus == nil || doc.InitialHeight <= 0) {
		err = errors.New("it is no chain's that has ended")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return doc, nil
}

// Join what two siblings have left, the left one's folder first, into their child's config folder. It goes on above both, and later than both.
func Join(folders [2]string, child latticetypes.Members, config string) error {
	left, err := Half(folders[0])
	if err != nil {
		return err
	}
	right, err := Half(folders[1])
	if err != nil {
		return err
	}
	state, err := shardchain.Join(left.AppState, right.AppState, child)
	if err != nil {
		return err
	}
	doc := left
	doc.InitialHeight = max(left.InitialHeight, right.InitialHeight)
	if right.GenesisTime.After(left.GenesisTime) {
		doc.GenesisTime = right.GenesisTime
	}
	nameChild(doc, child, state)
	if err := copyTo(filepath.Join(config, latticetypes.AccountsName), filepath.Join(folders[0], latticetypes.AccountsName), filepath.Join(folders[1], latticetypes.AccountsName)); err != nil {
		return err
	}
	// Last, for who has it has everything.
	return doc.SaveAs(filepath.Join(config, genesisName))
}
