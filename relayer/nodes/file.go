package nodes

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/relayer/faults"
)

const (
	// askEvery is the pause between two questions to a host's directory, askTimeout what one may take.
	askEvery, askTimeout = 2 * time.Second, time.Second
	// askedAtOnce are hosts.
	askedAtOnce = 16
	// running is a node's state in a directory.
	running = "running"
	// forgetAfter a host that does not answer: its nodes are asked until then, for a directory may be down where they are not.
	forgetAfter = 10 * time.Minute
)

// File of nodes that is read again when it changes, with what the hosts that it names tell. One goroutine uses it.
type File struct {
	path     string
	log      *slog.Logger
	told     faults.Told
	list     List
	modified time.Time
	size     int64

	heard map[string]answer
	asked time.Time
	ask   func(ctx context.Context, base string) (directory.Directory, error)
}

// answer of a host's directory.
type answer struct {
	directory.Directory
	at time.Time
}

// Open a file of nodes; log is told when it cannot be read later, or a host does not answer.
func Open(path string, log *slog.Logger) (*File, error) {
	list, err := Read(path)
	if err != nil {
		return nil, err
	}
	return &File{path: path, log: log, list: list, heard: map[string]answer{}, ask: directory.Read}, nil
}

// Named tells whether a file names shards without patterns, or hosts that will.
func (f *File) Named() bool { return len(f.list.hosts) > 0 || len(f.list.Shards()) > 0 }

// Now are the nodes of the file, and those that hosts have told of. What cannot be read stays as it was.
func (f *File) Now(ctx context.Context) List {
	f.reread()
	f.refresh(ctx)
	now := List{entries: slices.Clone(f.list.entries), hosts: f.list.hosts}
	seen := map[entry]bool{}
	for _, e := range now.entries {
		seen[e] = true
	}
	// Those that run are asked before those that begin or end.
	for _, runs := range []bool{true, false} {
		for _, base := range slices.Sorted(maps.Keys(f.heard)) {
			for _, told := range f.heard[base].Shards {
				e := entry{told.ChainID, Node{told.RPC, told.GRPC}}
				if runs == (told.State == running) && e.check() == nil && !seen[e] {
					seen[e] = true
					now.entries = append(now.entries, e)
				}
			}
		}
	}
	return now
}

// reread the file where it has changed.
func (f *File) reread() {
	info, err := os.Stat(f.path)
	if err == nil && info.ModTime().Equal(f.modified) && info.Size() == f.size {
		return
	}
	list := f.list
	if err == nil {
		list, err = Read(f.path)
	}
	if f.told.News(f.path, err) {
		f.log.Error("the file of nodes cannot be read, the nodes stay as they were", "error", err)
	}
	if err == nil {
		f.list, f.modified, f.size = list, info.ModTime(), info.Size()
		f.asked = time.Time{}
	}
}

// refresh what hosts tell.
func (f *File) refresh(ctx context.Context) {
	if time.Since(f.asked) < askEvery {
		return
	}
	f.asked = time.Now()
	maps.DeleteFunc(f.heard, func(base string, a answer) bool {
		return !slices.Contains(f.list.hosts, base) || time.Since(a.at) > forgetAfter
	})
	failed := make([]error, len(f.list.hosts))
	answers := make([]directory.Directory, len(f.list.hosts))
	turn := make(chan struct{}, askedAtOnce)
	var wg sync.WaitGroup
	for i, base := range f.list.hosts {
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			asked, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			answers[i], failed[i] = f.ask(asked, base)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return
	}
	for i, base := range f.list.hosts {
		if f.told.News(base, failed[i]) {
			f.log.Warn("a host does not tell of its nodes, they stay as they were", "host", base, "error", failed[i])
		}
		if failed[i] == nil {
			f.heard[base] = answer{answers[i], time.Now()}
		}
	}
}
