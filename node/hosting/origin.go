package hosting

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/directory"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// ErrOrigin tells that there is nothing that a shard could begin with.
var ErrOrigin = errors.New("the shard has no genesis here")

// Parent of a shard that was split, merged or restarted.
type Parent struct {
	ChainID string
	// Home of its node on this host, which may never have had one. Where it runs, its databases are locked.
	Home    string
	Running bool
	// Hosts that run it, this one included, and the directories of the others.
	Hosts   []directory.Entry
	Sources []string
}

// Birth of a shard on this host.
type Birth struct {
	// Shard as the main chain records it.
	Shard shardstypes.Shard
	// Home to write into: config/genesis.json, and what that names.
	Home string
	// Parents in the order of the record; none of a shard that the network began with.
	Parents []Parent
	// Hosts that run the shard already, and the directories of those that do, or will.
	Hosts   []directory.Entry
	Sources []string
}

// Origin makes what a shard begins with.
type Origin interface {
	// Genesis of the shard into its home. What it fails with is tried again.
	Genesis(ctx context.Context, b Birth) error
}

// Folder is the origin of the shards that the network began with: their genesis files.
type Folder string

// Genesis implements Origin.
func (f Folder) Genesis(_ context.Context, b Birth) error {
	name := b.Shard.Name
	if len(b.Shard.Parents) > 0 {
		return fmt.Errorf("%w: %s goes on from %v, and this program makes no genesis of another shard's accounts", ErrOrigin, name, b.Shard.Parents)
	}
	from := filepath.Join(string(f), name+".json")
	bz, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no %s: put the genesis of %s there, as the network's founders published it", ErrOrigin, from, name)
	}
	if err != nil {
		return err
	}
	accounts := filepath.Join(string(f), name+".accounts")
	if _, err := os.Stat(accounts); err == nil {
		if err := copyFile(accounts, filepath.Join(b.Home, "config", latticetypes.AccountsName)); err != nil {
			return err
		}
	}
	return replace(filepath.Join(b.Home, "config", "genesis.json"), bz)
}

// checkGenesis of a home: that of this shard, with the committee that the main chain recorded first, where it still has that.
func checkGenesis(home, chainID string, first *shardstypes.Committee) error {
	path := filepath.Join(home, "config", "genesis.json")
	doc, err := genutiltypes.AppGenesisFromFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if doc.ChainID != chainID {
		return fmt.Errorf("%s is the genesis of %q, not of %s", path, doc.ChainID, chainID)
	}
	if first == nil || doc.Consensus == nil {
		return nil
	}
	comet, err := doc.ToGenesisDoc()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if got := comet.ValidatorHash(); string(got) != string(first.ValidatorsHash) {
		return fmt.Errorf("%s has validators with the hash %X, the main chain's first committee of %s has %X: it is another network's, or an old one", path, got, chainID, first.ValidatorsHash)
	}
	return nil
}
