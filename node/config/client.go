package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/spf13/viper"

	clientconfig "github.com/cosmos/cosmos-sdk/client/config"

	"github.com/topnetwork/top/internal/reference"
)

// ClientFile in HOME/config holds the defaults of commands that ask a node.
const ClientFile = "client.toml"

func clientKeys() []reference.Key {
	return reference.Keys(reflect.TypeFor[clientconfig.ClientConfig](), "mapstructure")
}

// CheckClient refuses a home's client.toml with which commands could not work, or would ask another chain than the home's node is of.
func CheckClient(home, chainID string) error {
	v := viper.New()
	v.SetConfigFile(filepath.Join(home, "config", ClientFile))
	if err := v.ReadInConfig(); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("%s: %w", v.ConfigFileUsed(), err)
	}
	c := clientconfig.DefaultConfig()
	if err := v.Unmarshal(c); err != nil {
		return fmt.Errorf("%s: %w", v.ConfigFileUsed(), err)
	}
	errs := faults([]value{
		{"chain-id", c.ChainID, optional(oneOf(chainID))},
		{"keyring-backend", c.KeyringBackend, oneOf("os", "file", "kwallet", "pass", "test", "memory")},
		{"output", c.Output, oneOf("text", "json")},
		{"node", c.Node, rpcURL},
		{"broadcast-mode", c.BroadcastMode, oneOf("sync", "async")},
	})
	for i := range errs {
		errs[i] = fmt.Errorf("%s: %w", v.ConfigFileUsed(), errs[i])
	}
	return errors.Join(errs...)
}

// WriteClient writes a client.toml for a node: its chain and where its RPC listens.
func WriteClient(path, chainID, node string) error {
	text := `# Defaults of commands that ask a node; a flag goes before.
# The chain, to which transactions are signed.
chain-id = %q
# Where keys are kept (os|file|kwallet|pass|test|memory).
keyring-backend = "os"
# The key that signs when --from is not given.
keyring-default-keyname = ""
# text or json
output = "text"
# CometBFT RPC of a node.
node = %q
# sync waits for a transaction's check, async for nothing.
broadcast-mode = "sync"
`
	return os.WriteFile(path, fmt.Appendf(nil, text, chainID, node), 0o600)
}
