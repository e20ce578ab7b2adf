package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/viper"
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

// CheckHome refuses a home with whose files no node of the chain could start, or commands not work.
func CheckHome(home, chainID, coin string) error {
	if err := CheckFiles(home); err != nil {
		return err
	}
	v := viper.New()
	for _, file := range []string{CometFile, AppFile} {
		v.SetConfigFile(filepath.Join(home, "config", file))
		if err := v.MergeInConfig(); err != nil {
			return fmt.Errorf("%s: %w", v.ConfigFileUsed(), err)
		}
	}
	comet := DefaultComet()
	if err := v.Unmarshal(comet); err != nil {
		return fmt.Errorf("%s: %w", CometFile, err)
	}
	comet.SetRoot(home)
	app, err := FromViper(v)
	if err != nil {
		return err
	}
	return errors.Join(Check(app, comet, coin), CheckClient(home, chainID))
}
