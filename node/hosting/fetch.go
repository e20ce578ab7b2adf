package hosting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/node/directory"
)

const (
	// fetchIn so long a host must give what a shard began with.
	fetchIn = 10 * time.Minute
	// maxGenesis bytes without accounts, and maxAccounts bytes of a shard that began with as many as one should ever have.
	maxGenesis, maxAccounts = 256 << 20, 16 << 30
)

// fetchGenesis of a shard from hosts that have it: the first whose accounts are those that the main chain says the shard began with. The rest of it is held against the shard's own blocks: the first that are made again have another
// state where it was wrong, and the next attempt asks again.
func fetchGenesis(ctx context.Context, b Birth) error {
	part := filepath.Join(b.Home, "fetched")
	var failed error
	for _, base := range b.Sources {
		err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o700))
		if err == nil {
			err = fetchFrom(ctx, b, base, part)
		}
		if err == nil {
			err = adopt(part, filepath.Join(b.Home, "config"))
		}
		if err == nil {
			return os.RemoveAll(part)
		}
		failed = errors.Join(failed, err)
	}
	return errors.Join(failed, os.RemoveAll(part))
}

func fetchFrom(ctx context.Context, b Birth, base, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchIn)
	defer cancel()
	genesis := filepath.Join(dir, directory.Genesis)
	if err := directory.Fetch(ctx, base, b.Shard.Name, directory.Genesis, genesis, maxGenesis); err != nil {
		return err
	}
	doc, err := genutiltypes.AppGenesisFromFile(genesis)
	if err != nil {
		return fmt.Errorf("genesis of %s: %w", base, err)
	}
	root, err := shardchain.InheritedRoot(doc.AppState)
	if err != nil {
		return fmt.Errorf("genesis of %s: %w", base, err)
	}
	if doc.ChainID != b.Shard.Name || len(b.Shard.GenesisRoot) > 0 && !bytes.Equal(root, b.Shard.GenesisRoot) {
		return fmt.Errorf("genesis of %s is of %s with the accounts %X, the main chain says that %s began with %X", base, doc.ChainID, root, b.Shard.Name, b.Shard.GenesisRoot)
	}
	err = directory.Fetch(ctx, base, b.Shard.Name, directory.Accounts, filepath.Join(dir, directory.Accounts), maxAccounts)
	if errors.Is(err, fs.ErrNotExist) && len(root) == 0 {
		return nil
	}
	return err
}

// adopt what was fetched: accounts first, for who has the genesis has everything.
func adopt(from, config string) error {
	if err := os.MkdirAll(config, 0o700); err != nil {
		return err
	}
	for _, name := range []string{directory.Accounts, directory.Genesis} {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(config, name)); err != nil && !(name == directory.Accounts && errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}
