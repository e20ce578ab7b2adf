package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/services"
	"github.com/topnetwork/top/relayer/services/messaging"
)

func TestMain(m *testing.M) {
	services.Register(messaging.New(messaging.DefaultCaps))
	os.Exit(m.Run())
}

func TestExampleIsValid(t *testing.T) {
	cfg, err := config.Parse([]byte(config.Example))
	require.NoError(t, err)
	require.NotNil(t, cfg.IBC)
	require.Nil(t, cfg.Provider, "the provider section is commented out")

	// The commented section must be valid too once its marks are removed.
	var lines []string
	uncomment := false
	for line := range strings.Lines(config.Example) {
		uncomment = uncomment || strings.HasPrefix(line, "# provider:")
		if uncomment && !strings.HasPrefix(line, "# ") {
			uncomment = false
		}
		if uncomment {
			line = strings.TrimPrefix(line, "# ")
		}
		lines = append(lines, line)
	}
	cfg, err = config.Parse([]byte(strings.Join(lines, "")))
	require.NoError(t, err)
	require.NotNil(t, cfg.Provider)
}

func TestSeveralNodesOfAChain(t *testing.T) {
	text := strings.Replace(config.Example, `rpc: "http://127.0.0.1:26657"`, `rpc: ["http://a:26657", "http://b:26657"]`, 1)
	cfg, err := config.Parse([]byte(text))
	require.NoError(t, err)
	require.EqualValues(t, []string{"http://a:26657", "http://b:26657"}, cfg.Chains.Main.RPC)
	require.EqualValues(t, []string{"127.0.0.1:9090"}, cfg.Chains.Main.GRPC)
	_, err = config.Parse([]byte(strings.ReplaceAll(text, "http://b:26657", "http://a:26657")))
	require.ErrorContains(t, err, "stands there twice")
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"unknown key":       {"poll: 500ms", "pol: 500ms", "field pol not found"},
		"unknown section":   {"metrics:", "metricz:", "field metricz not found"},
		"missing endpoint":  {`rpc: "http://127.0.0.1:26657"`, `rpc: ""`, "chains.main.rpc is empty"},
		"same chain":        {"top-msg-1", "top-main-1", "both top-main-1"},
		"poll too short":    {"poll: 500ms", "poll: 1ms", "ibc.poll is 1ms"},
		"refresh too short": {"refresh: 5s", "refresh: 5ms", "ibc.refresh is 5ms"},
		"not a duration":    {"poll: 500ms", "poll: fast", "cannot unmarshal"},
		"no key":            {"key: relayer ", "key: \"\" ", "ibc.key is empty"},
		"metrics address":   {`"127.0.0.1:9464"`, `"9464"`, "want host:port"},
		"log level":         {"level: info", "level: loud", "want debug, info, warn or error"},
		"log format":        {"format: text", "format: xml", "want text or json"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, config.Example, c.from)
			_, err := config.Parse([]byte(strings.Replace(config.Example, c.from, c.to, 1)))
			require.ErrorContains(t, err, c.want)
		})
	}
	for name, text := range map[string]string{"empty": "", "two documents": config.Example + "\n---\na: 1\n"} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse([]byte(text))
			require.Error(t, err)
		})
	}
}

func TestLoadNamesTheRemedy(t *testing.T) {
	_, err := config.Load(t.TempDir())
	require.ErrorContains(t, err, "relayer init --home")

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, config.FileName), []byte(config.Example), 0o600))
	_, err = config.Load(dir)
	require.NoError(t, err)
}
