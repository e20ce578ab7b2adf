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
	"github.com/topnetwork/top/relayer/nodes"
	"github.com/topnetwork/top/sdk/keyfile"
)

// Check reads HOME/config.yaml and says whether a relayer could start with it: the settings, and what they need of the home. It leaves no trace.
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
	if c.Router != nil {
		if c.Router.Key != "" {
			if _, err := keys.Load(home, c.Router.Key); err != nil {
				return fmt.Errorf("router.key: %w", err)
			}
		}
		if _, err := nodes.Read(relayerhome.Within(home, c.Router.Nodes)); err != nil {
			return fmt.Errorf("router.nodes: %w", err)
		}
	}
	if c.Edge != nil {
		if _, err := nodes.Read(relayerhome.Within(home, c.Edge.Nodes)); err != nil {
			return fmt.Errorf("edge.nodes: %w", err)
		}
	}
	return c.places(home)
}

// place is a path that a setting names, or that the relayer uses without being told.
type place struct {
	setting, path string
	folder        bool
	// kept is a file that is only read once it is there.
	kept bool
}

// places tells whether each file has a place of its own: one that another file has would be written over.
func (c *Config) places(home string) error {
	lock := place{setting: "the lock", path: filepath.Join(home, relayerhome.LockName)}
	if err := lock.within(home); err != nil {
		return err
	}
	taken := []place{{setting: "the configuration", path: filepath.Join(home, FileName)}, {setting: "the keys", path: filepath.Join(home, keys.Folder), folder: true}, lock}
	var named []place
	if c.Provider != nil {
		named = append(named,
			place{setting: "provider.identity", path: relayerhome.Within(home, c.Provider.Identity), kept: true},
			place{setting: "provider.data", path: relayerhome.Within(home, c.Provider.Data), folder: true})
	}
	if c.Router != nil {
		named = append(named, place{setting: "router.nodes", path: relayerhome.Within(home, c.Router.Nodes), kept: true})
	}
	if c.StatusFile != "" {
		named = append(named, place{setting: "status_file", path: relayerhome.Within(home, c.StatusFile)})
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

// usable tells whether a file or folder can be read and written, or made: a missing folder around it may be a disk that is not mounted.
func (p place) usable() error {
	around := filepath.Dir(p.path)
	if info, err := os.Stat(around); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is in %s, which is no folder: make it with `mkdir -p %s`, or mount its disk", p.setting, around, around)
	}
	info, err := os.Stat(p.path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", p.setting, err)
	case err != nil:
		return p.within(around)
	case info.IsDir() != p.folder && p.folder:
		return fmt.Errorf("%s is %s, which is a file: name a folder", p.setting, p.path)
	case info.IsDir() != p.folder:
		return fmt.Errorf("%s is %s, which is a folder: name a file", p.setting, p.path)
	case p.folder:
		if err := writable(p.path); err != nil {
			return fmt.Errorf("%s is %w", p.setting, err)
		}
		return nil
	case p.kept:
		return nil
	}
	// It is replaced by another file.
	return p.within(around)
}

// within tells whether a place can be made in a folder.
func (p place) within(folder string) error {
	if err := writable(folder); err != nil {
		return fmt.Errorf("%s is in %w", p.setting, err)
	}
	return nil
}

// writable tells whether a folder takes files, which only trying tells of every disk; the file that it makes is gone again.
func writable(folder string) error {
	file, err := os.CreateTemp(folder, ".check-*")
	if err != nil {
		return fmt.Errorf("%s, which takes no files: give it to the relayer's user, or name another folder: %w", folder, err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
