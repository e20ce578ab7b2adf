package shard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	abci "github.com/cometbft/cometbft/abci/types"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/store"
	cmttypes "github.com/cometbft/cometbft/types"

	cmtcfg "github.com/cometbft/cometbft/config"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/app/shardchain"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// frozenName of the file in a shard's data that tells its node that the main chain has frozen it.
	frozenName = "frozen.json"
	// frozen is the folder in the heritage of a shard whose next generation goes on from its last audited block.
	frozen = "frozen"
	// revertedName of the list, in what is left, of the transactions that do not count any more.
	revertedName = "reverted"
	// rewound is the folder in a shard's data where its blocks are executed again.
	rewound = "rewound"
)

// Final header of a frozen shard that counts, as the main chain says.
type Final struct {
	Height uint64 `json:"height"`
	Hash   []byte `json:"hash"`
}

// Freeze tells the node of a home that its shard is frozen: the node leaves what the next generation begins with, whether it runs or begins again.
func Freeze(home string, f Final) error {
	path := filepath.Join(home, "data", frozenName)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	bz, err := json.Marshal(f)
	if err != nil {
		return err
	}
	part := path + ".part"
	if err := os.WriteFile(part, bz, 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// Frozen is the folder where a frozen shard's node leaves what the shard's next generation begins with: Half reads it.
func Frozen(home string) string { return filepath.Join(home, "data", heritage, frozen) }

// Resume what a frozen shard has left in a folder, in the config folder of its next generation, which goes on with the main chain from one of its headers.
func Resume(folder string, child latticetypes.Members, main shardchain.HeaderAt, config string) error {
	doc, err := Half(folder)
	if err != nil {
		return err
	}
	state, err := shardchain.Resume(doc.AppState, child, main)
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	nameChild(doc, child, state)
	if err := copyTo(filepath.Join(config, latticetypes.AccountsName), filepath.Join(folder, latticetypes.AccountsName)); err != nil {
		return err
	}
	// Last, for who has it has everything.
	return doc.SaveAs(filepath.Join(config, genesisName))
}

// rewinding is what the last audited state is made from.
type rewinding struct {
	cfg    Config
	comet  *cmtcfg.Config
	doc    *genutiltypes.AppGenesis
	blocks sm.BlockStore
}

// rewind a home whose node does not run, if its shard is frozen.
func rewind(ctx context.Context, cfg Config, comet *cmtcfg.Config, doc *genutiltypes.AppGenesis) (err error) {
	if is, err := (rewinding{comet: comet}).due(); err != nil || !is {
		return err
	}
	app, err := open(comet, cfg, doc.ChainID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	db, err := provide(&cmtcfg.DBContext{ID: blockStore, Config: comet})
	if err != nil {
		return err
	}
	blocks := store.NewBlockStore(db)
	defer func() { err = errors.Join(err, blocks.Close()) }()
	return rewinding{cfg, comet, doc, blocks}.leave(ctx, app)
}

// due tells whether the shard is frozen, and nothing was left yet.
func (r rewinding) due() (bool, error) {
	data := r.comet.DBDir()
	if _, err := os.Stat(filepath.Join(data, frozenName)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return false, err
	}
	_, err := Half(filepath.Join(data, heritage, frozen))
	return err != nil, nil
}

// leave what the next generation begins with: the state before the last audited block. It is made again beside the shard's own, from a snapshot of this node or from the genesis, and the blocks after it; whose app hashes say whether it is right.
func (r rewinding) leave(ctx context.Context, from *shardchain.App) (err error) {
	data := r.comet.DBDir()
	var final Final
	bz, err := os.ReadFile(filepath.Join(data, frozenName))
	if err == nil {
		err = json.Unmarshal(bz, &final)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", frozenName, err)
	}
	meta := r.blocks.LoadBlockMeta(int64(final.Height))
	switch {
	case final.Height == 0:
		return errors.New("the shard was frozen before any of its blocks was audited: there is nothing to go on from")
	case meta == nil:
		return fmt.Errorf("there is no block %d here, with which the shard is frozen", final.Height)
	case string(meta.Header.Hash()) != string(final.Hash):
		return fmt.Errorf("block %d here is %X, the shard is frozen with %X: this node has seen a fork", final.Height, meta.Header.Hash(), final.Hash)
	}
	beside := filepath.Join(data, rewound)
	if err := os.RemoveAll(beside); err != nil {
		return err
	}
	comet := copied(r.comet)
	comet.DBPath = beside
	if err := os.MkdirAll(comet.DBDir(), 0o700); err != nil {
		return err
	}
	cfg := r.cfg
	other := *cfg.App
	other.StateSync.SnapshotInterval = 0
	cfg.App = &other
	app, err := open(comet, cfg, r.doc.ChainID)
	if err != nil {
		return err
	}
	err = r.execute(ctx, from, app, int64(final.Height)-1)
	if err == nil {
		begun := filepath.Join(data, frozen+".part")
		err = os.RemoveAll(begun)
		if err == nil {
			err = leaveTo(r.doc, &meta.Header, func(accounts io.Writer) (json.RawMessage, error) {
				return app.BequeathFrozen(final.Height, final.Hash, accounts)
			}, begun)
		}
		if err == nil {
			err = r.list(filepath.Join(begun, revertedName), int64(final.Height))
		}
		if err == nil {
			// Beside what it may have left when it came to its own end.
			err = errors.Join(os.MkdirAll(filepath.Join(data, heritage), 0o700), os.RemoveAll(filepath.Join(data, heritage, frozen)))
		}
		if err == nil {
			err = os.Rename(begun, filepath.Join(data, heritage, frozen))
		}
	}
	return errors.Join(err, app.Close(), os.RemoveAll(beside))
}

// list the transactions of a height and those after it, which do not count any more: lines of a height and a hash.
func (r rewinding) list(path string, from int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	for height := from; height <= r.blocks.Height(); height++ {
		block := r.blocks.LoadBlock(height)
		if block == nil {
			return fmt.Errorf("there is no block %d here", height)
		}
		for _, raw := range block.Txs {
			if latticetypes.IsCarried(raw) {
				continue
			}
			if _, err := fmt.Fprintf(w, "%d %X\n", height, raw.Hash()); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// execute up to a height what is at hand, on an app that has nothing.
func (r rewinding) execute(ctx context.Context, from, app *shardchain.App, to int64) error {
	at, err := r.restore(from, app, to)
	if err == nil && at == 0 {
		at, err = r.begin(app)
	}
	for at++; err == nil && at <= to; at++ {
		if err = ctx.Err(); err == nil {
			err = r.again(app, at)
		}
	}
	return err
}

// begin with the genesis: the height before the first block.
func (r rewinding) begin(app *shardchain.App) (int64, error) {
	doc, err := r.doc.ToGenesisDoc()
	if err != nil {
		return 0, err
	}
	if base := r.blocks.Base(); base > doc.InitialHeight {
		return 0, fmt.Errorf("the first block here is %d, and there is no snapshot of a state before the last audited block: ask another host", base)
	}
	validators := make([]*cmttypes.Validator, len(doc.Validators))
	for i, v := range doc.Validators {
		validators[i] = cmttypes.NewValidator(v.PubKey, v.Power)
	}
	params := doc.ConsensusParams.ToProto()
	_, err = app.InitChain(&abci.RequestInitChain{
		Time: doc.GenesisTime, ChainId: doc.ChainID, ConsensusParams: &params, Validators: cmttypes.TM2PB.ValidatorUpdates(cmttypes.NewValidatorSet(validators)), AppStateBytes: doc.AppState, InitialHeight: doc.InitialHeight,
	})
	return doc.InitialHeight - 1, err
}

// restore the newest snapshot that is not beyond a height; 0 where there is none.
func (r rewinding) restore(from, app *shardchain.App, to int64) (int64, error) {
	list, err := from.ListSnapshots(&abci.RequestListSnapshots{})
	if err != nil {
		return 0, err
	}
	var best *abci.Snapshot
	for _, s := range list.Snapshots {
		if int64(s.Height) <= to && (best == nil || s.Height > best.Height) {
			best = s
		}
	}
	if best == nil || r.blocks.Base() > int64(best.Height)+1 {
		return 0, nil
	}
	after := r.blocks.LoadBlockMeta(int64(best.Height) + 1)
	if after == nil {
		return 0, nil
	}
	offered, err := app.OfferSnapshot(&abci.RequestOfferSnapshot{Snapshot: best, AppHash: after.Header.AppHash})
	if err != nil || offered.Result != abci.ResponseOfferSnapshot_ACCEPT {
		return 0, fmt.Errorf("the snapshot of height %d was not taken (%v): %w", best.Height, offered.GetResult(), err)
	}
	for i := range best.Chunks {
		chunk, err := from.LoadSnapshotChunk(&abci.RequestLoadSnapshotChunk{Height: best.Height, Format: best.Format, Chunk: i})
		if err != nil {
			return 0, err
		}
		applied, err := app.ApplySnapshotChunk(&abci.RequestApplySnapshotChunk{Index: i, Chunk: chunk.Chunk})
		if err != nil || applied.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
			return 0, fmt.Errorf("chunk %d of the snapshot of height %d was not taken (%v): %w", i, best.Height, applied.GetResult(), err)
		}
	}
	return int64(best.Height), nil
}

// again is a block executed once more; the header after it has its app hash.
func (r rewinding) again(app *shardchain.App, height int64) error {
	block, after := r.blocks.LoadBlock(height), r.blocks.LoadBlockMeta(height+1)
	if block == nil || after == nil {
		return fmt.Errorf("there is no block %d here", height)
	}
	res, err := app.FinalizeBlock(&abci.RequestFinalizeBlock{
		Hash: block.Hash(), NextValidatorsHash: block.NextValidatorsHash, ProposerAddress: block.ProposerAddress, Height: height, Time: block.Time, Misbehavior: block.Evidence.Evidence.ToABCI(), Txs: block.Txs.ToSliceOfBytes(),
	})
	if err != nil {
		return err
	}
	if string(res.AppHash) != string(after.Header.AppHash) {
		return fmt.Errorf("block %d leads to the state %X here, its successor says %X", height, res.AppHash, after.Header.AppHash)
	}
	_, err = app.Commit()
	return err
}
