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
	// whole is the folder in it of a shard that becomes one with its sibling.
	whole = "whole"
	// lookEvery so long whether the shard has ended.
	lookEvery = time.Second
	// genesisName of a child's genesis in its part of the heritage.
	genesisName = "genesis.json"
)

// bequeath to the shard's children as soon as it has ended: a folder for each of two, or one for what becomes one with the sibling's; all of it or nothing is there.
// A frozen shard leaves its last audited state.
func bequeath(ctx context.Context, app *shardchain.App, r rewinding, logger log.Logger) {
	blocks, doc, data := r.blocks, r.doc, r.comet.DBDir()
	said := ""
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		var (
			final uint64
			ended bool
			err   error
		)
		// Before the first block there is nothing to ask.
		if blocks.Height() > 0 {
			final, ended, err = app.Ended()
		}
		if is, notTold := r.due(); notTold == nil && is {
			if failed := r.leave(ctx, app); failed == nil {
				logger.Info("the shard is frozen; what its next generation begins with is in its data folder")
			} else if why := failed.Error(); why != said {
				logger.Error("nothing was left to the next generation of a frozen shard yet", "err", failed)
				said = why
			}
		}
		if err == nil && ended {
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
	merges, err := app.Merges()
	if err != nil {
		return err
	}
	left := map[string]func(io.Writer) (json.RawMessage, error){whole: app.BequeathWhole}
	if !merges {
		left = map[string]func(io.Writer) (json.RawMessage, error){}
		for side := range 2 {
			left[sideName(side)] = func(accounts io.Writer) (json.RawMessage, error) { return app.Bequeath(side, accounts) }
		}
	}
	for name, state := range left {
		if err := leaveTo(doc, &meta.Header, state, filepath.Join(begun, name)); err != nil {
			return err
		}
	}
	return os.Rename(begun, dir)
}

func sideName(side int) string { return [2]string{"left", "right"}[side] }

// leaveTo a folder a state and the accounts of it.
func leaveTo(doc *genutiltypes.AppGenesis, last *cmttypes.Header, state func(accounts io.Writer) (json.RawMessage, error), dir string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	accounts, err := os.Create(filepath.Join(dir, latticetypes.AccountsName))
	if err != nil {
		return err
	}
	child := *doc
	child.AppState, err = state(accounts)
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
	nameChild(doc, children[side], state)
	if err := copyTo(filepath.Join(config, latticetypes.AccountsName), filepath.Join(from, latticetypes.AccountsName)); err != nil {
		return err
	}
	// Last, for who has it has everything.
	return doc.SaveAs(filepath.Join(config, genesisName))
}

// nameChild in its genesis: its first committee makes its blocks.
func nameChild(doc *genutiltypes.AppGenesis, child latticetypes.Members, state json.RawMessage) {
	doc.ChainID, doc.AppState = child.Ledger, state
	doc.Consensus.Validators = nil
	for _, bz := range child.Keys {
		key := ed25519.PubKey(bz)
		doc.Consensus.Validators = append(doc.Consensus.Validators, cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: child.Power})
	}
}

func copyTo(path string, from ...string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, part := range from {
		if err == nil {
			err = appendTo(out, part)
		}
	}
	return errors.Join(err, out.Sync(), out.Close())
}

func appendTo(out io.Writer, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
