package hosting

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/topnetwork/top/node/shard"
	"github.com/topnetwork/top/protocol/trie"
)

// homes of a host's shards: a folder with one for each chain id.
type homes struct{ dir string }

// of a shard.
func (h homes) of(chainID string) string { return filepath.Join(h.dir, chainID) }

// log of a shard's process.
func (h homes) log(chainID string) string { return filepath.Join(h.of(chainID), "node.log") }

// has tells whether a shard's home is made.
func (h homes) has(chainID string) bool {
	_, err := os.Stat(filepath.Join(h.of(chainID), "config", "genesis.json"))
	return err == nil
}

// began is the folder with what a shard of this host began with; "" where it has none.
func (h homes) began(chainID string) string {
	if !h.has(chainID) {
		return ""
	}
	return filepath.Join(h.of(chainID), "config")
}

// left is the folder with what a shard of this host has left to become one with its sibling, or to its next generation; "" where it has not.
func (h homes) left(chainID string) string {
	for _, folder := range []string{shard.Frozen(h.of(chainID)), shard.Whole(h.of(chainID))} {
		if _, err := os.Stat(folder); err == nil {
			return folder
		}
	}
	return ""
}

// data tells whether a shard's home has blocks or a state.
func (h homes) data(chainID string) bool {
	_, err := os.Stat(filepath.Join(h.of(chainID), "data", "blockstore.db"))
	return err == nil
}

// snapshots tells whether a shard's node here has one of its state: the library keeps each in a folder with its height as name.
func (h homes) snapshots(chainID string) bool {
	entries, err := os.ReadDir(filepath.Join(h.of(chainID), "data", "snapshots"))
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		_, err := strconv.ParseUint(e.Name(), 10, 64)
		return err == nil && e.IsDir()
	})
}

// discard a shard's home, at once; its votes are elsewhere. What it is removed by may take a while.
func (h homes) discard(chainID string) (remove func() error, err error) {
	away := filepath.Join(h.dir, "removed-"+chainID)
	if err := os.RemoveAll(away); err != nil {
		return nil, err
	}
	return func() error { return os.RemoveAll(away) }, os.Rename(h.of(chainID), away)
}

// leftFile in a shard's home tells by its age how long ago the shard was hosted last.
const leftFile = "left"

// leave marks a shard's home as one that is not needed.
func (h homes) leave(chainID string) error {
	path := filepath.Join(h.of(chainID), leftFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, nil, 0o600)
}

// enter takes the mark away.
func (h homes) enter(chainID string) error {
	if err := os.Remove(filepath.Join(h.of(chainID), leftFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// list the shards that have a home.
func (h homes) list() ([]string, error) {
	entries, err := os.ReadDir(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []string
	for _, e := range entries {
		if _, err := trie.ParseName(e.Name()); err == nil && e.IsDir() {
			list = append(list, e.Name())
		}
	}
	return list, err
}

// leftSince tells when a shard was left; false where it is not marked.
func (h homes) leftSince(chainID string) (time.Time, bool) {
	info, err := os.Stat(filepath.Join(h.of(chainID), leftFile))
	if err != nil {
		return time.Time{}, false
	}
	return info.ModTime(), true
}

// trim a log that has grown beyond so many bytes: its bytes go into a file beside it, and it begins anew. The process writes on at the new end; what it wrote in between may be lost.
func trim(path string, most int64) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() <= most {
		return nil
	}
	if err != nil {
		return err
	}
	if err := copyFile(path, path+".old"); err != nil {
		return err
	}
	return os.Truncate(path, 0)
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = out.ReadFrom(in)
	return err
}

// lastWords of a process: the error that it ended with, as its log has it; empty where it had no time to say one.
func lastWords(tail string) (words string) {
	for line := range strings.Lines(tail) {
		if said, ok := strings.CutPrefix(strings.TrimSpace(line), "Error: "); ok {
			words = oneLine(said)
		}
	}
	return words
}

// oneLine of several.
func oneLine(s string) string {
	const most = 600
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = fmt.Sprintf("%s…", s[:most])
	}
	return s
}
