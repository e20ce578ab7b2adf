package shard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/store"
	cmttypes "github.com/cometbft/cometbft/types"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Heir is a child of a shard that was split.
type Heir struct {
	// Children with their first committees, the one of the left half first, as the main chain names them; Side is which of both.
	Children [2]latticetypes.Members
	Side     int
	// FinalHeight and FinalHash of the parent's last header, which the main chain has seen.
	FinalHeight int64
	FinalHash   []byte
}

// Derive a child's genesis.json and accounts from its parent's home, where no node runs meanwhile, into a folder. The parent's state has not changed since its last block, so that all hosts derive the same.
func Derive(parent Config, heir Heir, dir string) (err error) {
	doc, err := genutiltypes.AppGenesisFromFile(parent.Comet.GenesisFile())
	if err != nil {
		return err
	}
	app, err := open(parent.Comet, parent, doc.ChainID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	last, err := finalHeader(parent.Comet, heir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	accounts, err := os.Create(filepath.Join(dir, latticetypes.AccountsName))
	if err != nil {
		return err
	}
	state, err := app.Derive(heir.Children, heir.Side, accounts)
	if err := errors.Join(err, accounts.Sync(), accounts.Close()); err != nil {
		return err
	}
	child := heir.Children[heir.Side]
	doc.ChainID, doc.AppState, doc.InitialHeight, doc.GenesisTime = child.Ledger, state, last.Height+1, last.Time
	doc.Consensus.Validators = nil
	for _, bz := range child.Keys {
		key := ed25519.PubKey(bz)
		doc.Consensus.Validators = append(doc.Consensus.Validators, cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: child.Power})
	}
	// Last, for a folder with it has everything.
	return doc.SaveAs(filepath.Join(dir, filepath.Base(parent.Comet.GenesisFile())))
}

// finalHeader of a parent, from its blocks.
func finalHeader(comet *cmtcfg.Config, heir Heir) (_ *cmttypes.Header, err error) {
	db, err := provide(&cmtcfg.DBContext{ID: blockStore, Config: comet})
	if err != nil {
		return nil, err
	}
	blocks := store.NewBlockStore(db)
	defer func() { err = errors.Join(err, blocks.Close()) }()
	meta := blocks.LoadBlockMeta(heir.FinalHeight)
	if meta == nil {
		return nil, fmt.Errorf("the parent's node has no block %d, it has %d to %d: let it run until it has", heir.FinalHeight, blocks.Base(), blocks.Height())
	}
	if !bytes.Equal(meta.BlockID.Hash, heir.FinalHash) {
		return nil, fmt.Errorf("block %d of the parent is %X here, the main chain has seen %X: this node is on a fork", heir.FinalHeight, meta.BlockID.Hash, heir.FinalHash)
	}
	return &meta.Header, nil
}
