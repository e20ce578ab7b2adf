package hosting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
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

// Folder is the origin of the shards that the network began with, or goes on with from exports: their genesis files.
type Folder string

// has tells whether there is a genesis of a shard.
func (f Folder) has(name string) bool {
	_, err := os.Stat(f.genesis(name))
	return err == nil
}

func (f Folder) genesis(name string) string { return filepath.Join(string(f), name+".json") }

// Genesis implements Origin.
func (f Folder) Genesis(_ context.Context, b Birth) error {
	name := b.Shard.Name
	from := f.genesis(name)
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

// checkGenesis of a home: that of this shard, with the accounts that the main chain says it begins with, and with the committee of its term, where the main chain still has that.
func checkGenesis(home string, s shardstypes.Shard, committee func(term uint64) (*shardstypes.Committee, error)) error {
	path := filepath.Join(home, "config", "genesis.json")
	doc, err := genutiltypes.AppGenesisFromFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if doc.ChainID != s.Name {
		return fmt.Errorf("%s is the genesis of %q, not of %s", path, doc.ChainID, s.Name)
	}
	root, err := shardchain.InheritedRoot(doc.AppState)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(s.GenesisRoot) > 0 && !bytes.Equal(root, s.GenesisRoot) {
		return fmt.Errorf("%s has accounts with the root %X, the main chain says that %s begins with %X", path, root, s.Name, s.GenesisRoot)
	}
	sitting, told, err := shardchain.Sitting(doc.AppState, s.Name)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !told {
		sitting.Term = 1
	}
	c, err := committee(sitting.Term)
	if err != nil || c == nil || doc.Consensus == nil {
		return err
	}
	comet, err := doc.ToGenesisDoc()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if got := comet.ValidatorHash(); !bytes.Equal(got, c.ValidatorsHash) {
		return fmt.Errorf("%s has validators with the hash %X, the main chain's committee of term %d of %s has %X: it is another network's, or an old one", path, got, c.Term, s.Name, c.ValidatorsHash)
	}
	return nil
}
