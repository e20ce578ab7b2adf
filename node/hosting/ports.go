package hosting

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/home"
)

// portsFile in the folder of shards' homes: a shard keeps its ports for as long as it has data here, for others know them.
const portsFile = "ports.json"

// ports of a host's shards.
type ports struct {
	path        string
	first, last int

	mu sync.Mutex
	// taken: the first port of each shard.
	taken map[string]int
}

func openPorts(dir string, first, last int) (*ports, error) {
	p := &ports{path: filepath.Join(dir, portsFile), first: first, last: last, taken: map[string]int{}}
	bz, err := os.ReadFile(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(bz, &p.taken)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove it, and every shard gets new ports", p.path, err)
	}
	return p, nil
}

// of a shard; a new one gets the lowest that are free. Ports outside of the range, which was changed, are given anew.
func (p *ports) of(chainID string) (home.Ports, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.taken[chainID]
	if !ok || at < p.first || at+config.PortsPerShard-1 > p.last {
		if at, ok = p.free(); !ok {
			return home.Ports{}, fmt.Errorf("no free ports from %d to %d for %d shards: set shards.first-port and shards.last-port wider apart", p.first, p.last, len(p.taken)+1)
		}
		p.taken[chainID] = at
		if err := p.save(); err != nil {
			delete(p.taken, chainID)
			return home.Ports{}, err
		}
	}
	return home.Ports{P2P: at, RPC: at + 1, GRPC: at + 2, REST: at + 3}, nil
}

func (p *ports) free() (int, bool) {
	used := map[int]bool{}
	for _, at := range p.taken {
		used[at] = true
	}
	for at := p.first; at+config.PortsPerShard-1 <= p.last; at += config.PortsPerShard {
		if !used[at] {
			return at, true
		}
	}
	return 0, false
}

// release those of a shard that has no data here any more.
func (p *ports) release(chainID string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, chainID)
	return p.save()
}

func (p *ports) save() error {
	bz, err := json.MarshalIndent(p.taken, "", "  ")
	if err != nil {
		return err
	}
	return replace(p.path, append(bz, '\n'))
}

// replace a file in one step: half of one would be read by the next run.
func replace(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, content, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
