package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	relayerhome "github.com/topnetwork/top/relayer/home"
	"github.com/topnetwork/top/relayer/keys"
	"github.com/topnetwork/top/sdk/keyfile"
)

// Check reads HOME/config.yaml and says whether a relayer could start with it: the settings, and what they need of the home. It changes nothing.
func Check(home string) (*Config, error) {
	cfg, err := Load(home)
	if err != nil {
		return nil, err
	}
	if err := cfg.fits(home); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(home, FileName), err)
	}
	return cfg, nil
}

// fits tells whether a home has what the settings name.
func (c *Config) fits(home string) error {
	if c.IBC != nil {
		if _, err := keys.Load(home, c.IBC.Key); err != nil {
			return fmt.Errorf("ibc.key: %w", err)
		}
	}
	if c.Provider != nil {
		if _, err := keys.Load(home, c.Provider.Key); err != nil {
			return fmt.Errorf("provider.key: %w", err)
		}
	}
	return c.places(home)
}

// place is a path that a setting names, or that the relayer uses without being told.
type place struct {
	setting, path string
	folder        bool
}

// places tells whether each file has a place of its own: one that another file has would be written over.
func (c *Config) places(home string) error {
	taken := []place{{"the configuration", filepath.Join(home, FileName), false}, {"the keys", filepath.Join(home, keys.Folder), true}, {"the lock", filepath.Join(home, relayerhome.LockName), false}}
	var named []place
	if c.Provider != nil {
		named = append(named, place{"provider.identity", relayerhome.Within(home, c.Provider.Identity), false}, place{"provider.data", relayerhome.Within(home, c.Provider.Data), true})
	}
	if c.StatusFile != "" {
		named = append(named, place{"status_file", relayerhome.Within(home, c.StatusFile), false})
	}
	for _, p := range named {
		for _, other := range taken {
			if p.path == other.path || other.folder && strings.HasPrefix(p.path, other.path+string(filepath.Separator)) {
				return fmt.Errorf("%s is the place of %s, %s: name another", p.setting, other.setting, other.path)
			}
		}
		if err := p.usable(); err != nil {
			return err
		}
		taken = append(taken, p)
	}
	if c.Provider == nil {
		return nil
	}
	identity := named[0].path
	if _, err := os.Stat(identity); errors.Is(err, fs.ErrNotExist) {
		return nil // made at the first start
	}
	if _, err := keyfile.Load(identity); err != nil {
		return fmt.Errorf("provider.identity: %w", err)
	}
	return nil
}

// usable tells whether a file or folder is there or can be made: a missing folder around it may be a disk that is not mounted.
func (p place) usable() error {
	around := filepath.Dir(p.path)
	if info, err := os.Stat(around); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is in %s, which is no folder: make it with `mkdir -p %s`, or mount its disk", p.setting, around, around)
	}
	info, err := os.Stat(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", p.setting, err)
	case info.IsDir() != p.folder && p.folder:
		return fmt.Errorf("%s is %s, which is a file: name a folder", p.setting, p.path)
	case info.IsDir() != p.folder:
		return fmt.Errorf("%s is %s, which is a folder: name a file", p.setting, p.path)
	}
	return nil
}
