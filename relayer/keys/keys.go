// Package keys keeps the relayer's account keys: one file per name in HOME/keys, readable by their owner alone.
package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/sdk/keyfile"
)

// Folder of the keys in a home.
const Folder = "keys"

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Stored is a key as its file holds it.
type Stored struct {
	Address  string `json:"address"`
	Mnemonic string `json:"mnemonic"`
}

// String keeps the mnemonic out of logs and messages.
func (s Stored) String() string { return s.Address }

// Named is a key as others may know it.
type Named struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

func file(home, name string) (string, error) {
	if !namePattern.MatchString(name) {
		return "", fmt.Errorf("key name %q: want 1 to 64 of a-z, 0-9, '.', '_', '-'", name)
	}
	return filepath.Join(home, Folder, name+".json"), nil
}

// Add stores a mnemonic under a name, a new one if mnemonic is empty. A name that is taken is refused: overwriting a key loses it.
func Add(home, name, mnemonic string) (Stored, error) {
	path, err := file(home, name)
	if err != nil {
		return Stored{}, err
	}
	if _, err := os.Stat(path); err == nil {
		return Stored{}, fmt.Errorf("key %q exists in %s: choose another name, or remove the file once its mnemonic is safe elsewhere", name, home)
	}
	if mnemonic = strings.TrimSpace(mnemonic); mnemonic == "" {
		if mnemonic, err = chain.NewMnemonic(); err != nil {
			return Stored{}, err
		}
	}
	key, err := chain.FromMnemonic(mnemonic)
	if err != nil {
		return Stored{}, err
	}
	s := Stored{Address: key.Address(), Mnemonic: mnemonic}
	bz, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return s, err
	}
	return s, keyfile.Write(path, append(bz, '\n'))
}

// Load reads a key by its name.
func Load(home, name string) (*chain.Key, error) {
	path, err := file(home, name)
	if err != nil {
		return nil, err
	}
	bz, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key %q in %s: add it with `relayer keys add %s --home %s`", name, home, name, home)
	}
	if err != nil {
		return nil, err
	}
	var s Stored
	if err := json.Unmarshal(bz, &s); err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	key, err := chain.FromMnemonic(s.Mnemonic)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	if key.Address() != s.Address {
		return nil, fmt.Errorf("key file %s: the mnemonic gives %s, the file says %s", path, key.Address(), s.Address)
	}
	return key, nil
}

// List answers all keys, sorted by name.
func List(home string) ([]Named, error) {
	files, err := filepath.Glob(filepath.Join(home, Folder, "*.json"))
	if err != nil {
		return nil, err
	}
	all := make([]Named, 0, len(files))
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		key, err := Load(home, name)
		if err != nil {
			return nil, err
		}
		all = append(all, Named{Name: name, Address: key.Address()})
	}
	return all, nil
}
