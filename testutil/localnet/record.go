package localnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/topnetwork/top/node/process"
)

// RecordFile in a network's directory tells what runs where.
const RecordFile = "network.json"

// Record is what RecordFile holds. The keys are for tests and in the open.
type Record struct {
	Chains    []ChainRecord   `json:"chains"`
	Processes []ProcessRecord `json:"processes"`
	// Edge is where wallets reach the shards; null where none runs.
	Edge *Edge `json:"edge"`
	Keys []Key `json:"keys"`
}

// ChainRecord lists a chain's endpoints, one per node.
type ChainRecord struct {
	ChainID string   `json:"chain_id"`
	Kind    string   `json:"kind"`
	RPC     []string `json:"rpc"`
	REST    []string `json:"rest"`
	GRPC    []string `json:"grpc"`
}

// ProcessRecord is one running program.
type ProcessRecord struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	ChainID string `json:"chain_id"`
	Home    string `json:"home"`
	PID     int    `json:"pid"`
	Log     string `json:"log"`
}

// Key is a test account.
type Key struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	Mnemonic string `json:"mnemonic"`
}

// ReadRecord of the network in dir.
func ReadRecord(dir string) (*Record, error) {
	bz, err := os.ReadFile(filepath.Join(dir, RecordFile))
	if err != nil {
		return nil, err
	}
	var r Record
	if err := json.Unmarshal(bz, &r); err != nil {
		return nil, fmt.Errorf("%s in %s: %w", RecordFile, dir, err)
	}
	return &r, nil
}

// write replaces the file in one step: whoever reads it sees all of it.
func (r *Record) write(dir string) error {
	bz, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, RecordFile+".tmp")
	if err := os.WriteFile(tmp, append(bz, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, RecordFile))
}

// EndRecorded ends what is left of the network in dir and returns the names of what it ended. A process counts as the network's own if its command line
// names the home on record; any other that has got the pid since is left alone.
func EndRecorded(dir string) ([]string, error) {
	record, err := ReadRecord(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ended []string
	var errs []error
	// Last started, first ended: clients before providers, providers before chains.
	for _, p := range slices.Backward(record.Processes) {
		if p.PID <= 1 || p.Home == "" {
			continue
		}
		own := func(args []string) bool {
			return slices.ContainsFunc(args, func(a string) bool { return a == p.Home || strings.HasSuffix(a, "="+p.Home) })
		}
		was, err := process.End(p.PID, own, stopGrace)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.Name, err))
		}
		if was {
			ended = append(ended, p.Name)
		}
	}
	return ended, errors.Join(errs...)
}

// stopGrace is how long a program has to end in order.
const stopGrace = 15 * time.Second

// clean ends what an earlier run left in dir and empties it. A directory that no network was in is refused: it may hold something dear.
func clean(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, RecordFile)); err != nil {
		return fmt.Errorf("%s is not empty and holds no network (%w): choose another directory or remove it", dir, err)
	}
	if _, err := EndRecorded(dir); err != nil {
		return fmt.Errorf("the network of an earlier run in %s: %w", dir, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o700)
}
