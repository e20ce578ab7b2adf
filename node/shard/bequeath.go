package shard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"cosmossdk.io/log/v2"

	"github.com/cometbft/cometbft/crypto/ed25519"
	sm "github.com/cometbft/cometbft/state"
	cmttypes "github.com/cometbft/cometbft/types"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// heritage is the folder in a shard's data where it leaves what its children begin with.
	heritage = "heritage"
	// lookEvery so long whether the shard has ended.
	lookEvery = time.Second
	// genesisName of a child's genesis in its part of the heritage.
	genesisName = "genesis.json"
)

// bequeath to the shard's two children as soon as it has ended: a folder for each, whole or not there.
func bequeath(ctx context.Context, app *shardchain.App, blocks sm.BlockStore, doc *genutiltypes.AppGenesis, data string, logger log.Logger) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		final, ended, err := app.Ended()
		switch {
		case err != nil || !ended:
		default:
			if err = leave(app, blocks, doc, int64(final), filepath.Join(data, heritage)); err == nil {
				logger.Info("the shard has ended; what its children begin with is in its data folder", "final", final)
				return
			}
		}
		if err != nil {
			logger.Error("nothing was left to the shard's children yet", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// leave what the children begin with: they go on from the header of the empty block after the last one.
func leave(app *shardchain.App, blocks sm.BlockStore, doc *genutiltypes.AppGenesis, final int64, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	meta := blocks.LoadBlockMeta(final + 1)
	if meta == nil {
		return fmt.Errorf("there is no block %d", final+1)
	}
	begun := dir + ".part"
	if err := os.RemoveAll(begun); err != nil {
		return err
	}
	for side := range 2 {
		if err := leaveTo(app, doc, &meta.Header, side, filepath.Join(begun, sideName(side))); err != nil {
			return err
		}
	}
	return os.Rename(begun, dir)
}

func sideName(side int) string { return [2]string{"left", "right"}[side] }

func leaveTo(app *shardchain.App, doc *genutiltypes.AppGenesis, last *cmttypes.Header, side int, dir string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	accounts, err := os.Create(filepath.Join(dir, latticetypes.AccountsName))
	if err != nil {
		return err
	}
	child := *doc
	child.AppState, err = app.Bequeath(side, accounts)
	if err := errors.Join(err, accounts.Sync(), accounts.Close()); err != nil {
		return err
	}
	child.InitialHeight, child.GenesisTime = last.Height+1, last.Time
	return child.SaveAs(filepath.Join(dir, genesisName))
}

// Inherit what an ended shard has left to one of its children into the child's config folder. The children's names and first committees, of the left half first, are the main chain's.
func Inherit(parentHome string, children [2]latticetypes.Members, side int, config string) error {
	from := filepath.Join(parentHome, "data", heritage, sideName(side))
	doc, err := genutiltypes.AppGenesisFromFile(filepath.Join(from, genesisName))
	if err != nil {
		return fmt.Errorf("%w; the parent's node leaves it when it has made the block after its last one: let it run", err)
	}
	state, of, err := shardchain.Settle(doc.AppState, children)
	if err != nil {
		return err
	}
	if of != side {
		return fmt.Errorf("%s is of the %s half", from, sideName(of))
	}
	child := children[side]
	doc.ChainID, doc.AppState = child.Ledger, json.RawMessage(state)
	doc.Consensus.Validators = nil
	for _, bz := range child.Keys {
		key := ed25519.PubKey(bz)
		doc.Consensus.Validators = append(doc.Consensus.Validators, cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: child.Power})
	}
	if err := copyTo(filepath.Join(config, latticetypes.AccountsName), filepath.Join(from, latticetypes.AccountsName)); err != nil {
		return err
	}
	// Last, for who has it has everything.
	return doc.SaveAs(filepath.Join(config, genesisName))
}

func copyTo(path, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
