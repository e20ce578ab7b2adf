package hosting

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// votesDir in the folder of shards' homes has a file for every chain id that this host has ever run: what its operator's key signed there last. It is kept for good. Who is elected again after its data were removed
// would sign the same heights a second time without it.
const votesDir = "votes"

// unsigned is the memory of a key that has signed nothing on a chain, as CometBFT writes it.
const unsigned = `{
  "height": "0",
  "round": 0,
  "step": 0
}
`

// ErrForgotten tells that this host has run the shard, and what it signed there is gone.
var ErrForgotten = errors.New("what was signed in the shard is forgotten")

// votes of one chain id, in a file.
func (h homes) votes(chainID string) string { return filepath.Join(h.dir, votesDir, chainID+".json") }

// remember makes the memory of a shard that this host has never run, and leaves any other as it is: the shard's own process refuses one that it cannot read.
func (h homes) remember(chainID string) error {
	path := h.votes(chainID)
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(h.of(chainID)); err == nil {
		return fmt.Errorf("%w: %s is missing, and %s is there. See that no other process has the key, ask another member for the height of the last block, write {\"height\":\"HEIGHT\",\"round\":0,\"step\":3} into the file, and the "+
			"node starts by itself", ErrForgotten, path, h.of(chainID))
	}
	return replace(path, []byte(unsigned))
}
