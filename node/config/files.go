package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	cmtcfg "github.com/cometbft/cometbft/config"
)

// Names of the files in HOME/config.
const (
	AppFile   = "app.toml"
	CometFile = "config.toml"
)

// WriteMissing writes the defaults for those of a home's files that do not exist. The SDK would write others: a pause of five seconds between blocks
// and an open port for profiles.
func WriteMissing(home string, app *App, comet *cmtcfg.Config) error {
	dir := filepath.Join(home, "config")
	for _, sub := range []string{dir, filepath.Join(home, "data")} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return fmt.Errorf("node home: %w", err)
		}
	}
	for file, write := range map[string]func(string){
		AppFile:   app.Write,
		CometFile: func(path string) { cmtcfg.WriteConfigFile(path, comet) },
	} {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			write(path)
		} else if err != nil {
			return err
		}
	}
	return nil
}
