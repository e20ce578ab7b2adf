// Package localchain keeps the record of a chain whose nodes all run on this machine, and runs them. The testnet commands of both daemons share it.
package localchain

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/topnetwork/top/node/home"
)

// summaryFile in the output directory lets `testnet start` find the nodes.
const summaryFile = "testnet.json"

// Summary says where the nodes are and who validates; it is printed and stored.
type Summary struct {
	ChainID string           `json:"chain_id"`
	Nodes   []home.Endpoints `json:"nodes"`
	Keys    []Key            `json:"keys"`
}

// Key is a test account. These networks are for tests: the mnemonics are in the open.
type Key struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	Mnemonic string `json:"mnemonic"`
}

// CheckEmpty refuses a directory that already holds a network.
func CheckEmpty(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, summaryFile)); err == nil {
		return fmt.Errorf("%s already holds a network: start it with `testnet start`, or remove the directory", dir)
	}
	return nil
}

// Save stores the summary in the network's directory.
func (s *Summary) Save(dir string) error {
	bz, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, summaryFile), bz, 0o600)
}

// Load reads the summary of a network that `testnet init-files` wrote.
func Load(dir string) (*Summary, error) {
	bz, err := os.ReadFile(filepath.Join(dir, summaryFile))
	if err != nil {
		return nil, fmt.Errorf("no test network in %s: make one with `testnet init-files --output-dir %s` (%w)", dir, dir, err)
	}
	var s Summary
	return &s, json.Unmarshal(bz, &s)
}
