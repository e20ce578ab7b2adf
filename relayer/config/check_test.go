package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/home"
	"github.com/topnetwork/top/relayer/keys"
)

// good settings of a relayer with both roles.
const good = `
chains:
  main:    {chain_id: top-main-1, rpc: "http://127.0.0.1:26657", grpc: "127.0.0.1:9090"}
  service: {chain_id: top-msg-1,  rpc: "http://127.0.0.1:26757", grpc: "127.0.0.1:9190"}
ibc: {key: relayer, poll: 500ms, refresh: 5s}
provider:
  key: provider
  identity: identity.key
  listen: ["/ip4/0.0.0.0/tcp/4001"]
  service: messaging
  prices: {message: 100, kib: 10}
  tick: 10
  float: 2000
  voucher: 1000
  deposit: 1000000
  data: data
  retention: 72h
metrics: "127.0.0.1:9464"
status_file: status.json
`

// What no relayer could work with is refused with the remedy, before anything is asked or written.
func TestSettingsThatCannotWork(t *testing.T) {
	_, err := config.Parse([]byte(good))
	require.NoError(t, err)
	for name, c := range map[string]struct{ from, to, want string }{
		"grpc with a scheme":          {`"127.0.0.1:9090"`, `"http://127.0.0.1:9090"`, "want host:port without a scheme"},
		"grpc without a port":         {`"127.0.0.1:9090"`, `"127.0.0.1"`, "want host:port"},
		"grpc on port 0":              {`"127.0.0.1:9090"`, `"127.0.0.1:0"`, "want 1 to 65535"},
		"grpc on a port of letters":   {`"127.0.0.1:9090"`, `"127.0.0.1:grpc"`, "want 1 to 65535"},
		"grpc at no host":             {`"127.0.0.1:9090"`, `":9090"`, "want a host name or an IP address"},
		"grpc of garbage":             {`"127.0.0.1:9090"`, `"%&!:9090"`, "want a host name or an IP address"},
		"rpc of garbage":              {`"http://127.0.0.1:26657"`, `"::garbage::"`, "begins with http:// or https://"},
		"rpc without a scheme":        {`"http://127.0.0.1:26657"`, `"127.0.0.1:26657"`, "begins with http:// or https://"},
		"rpc without a host":          {`"http://127.0.0.1:26657"`, `"http://"`, "begins with http:// or https://"},
		"rpc beyond the last port":    {`"http://127.0.0.1:26657"`, `"http://127.0.0.1:266570"`, "want 1 to 65535"},
		"one gRPC for both chains":    {`"127.0.0.1:9190"`, `"127.0.0.1:9090"`, "give each chain its own nodes"},
		"one RPC for both chains":     {`"http://127.0.0.1:26757"`, `"http://127.0.0.1:26657"`, "give each chain its own nodes"},
		"chain id in capitals":        {"top-main-1", "TOP-main-1", "want lower case with a revision at the end"},
		"chain id without revision":   {"top-msg-1", "messages", "want lower case with a revision at the end"},
		"metrics at no port":          {`"127.0.0.1:9464"`, `"127.0.0.1:x"`, "want 0 to 65535"},
		"a price beyond all coins":    {"message: 100", "message: 18446744073709551615", "the main chain takes at most 1152921504606846976"},
		"a deposit of nothing":        {"deposit: 1000000", "deposit: 0", "from its min_provider_deposit (topchaind query services params)"},
		"no deposit":                  {"  deposit: 1000000\n", "", "provider.deposit is 0"},
		"a deposit beyond all coins":  {"deposit: 1000000", "deposit: 1152921504606846977", "provider.deposit is 1152921504606846977"},
		"listen of garbage":           {`"/ip4/0.0.0.0/tcp/4001"`, `"0.0.0.0:4001"`, "want /ip4/ADDRESS/tcp/PORT"},
		"listen on another protocol":  {`"/ip4/0.0.0.0/tcp/4001"`, `"/ip4/0.0.0.0/udp/4001/quic-v1"`, "want /ip4/ADDRESS/tcp/PORT"},
		"listen on UDP":               {`"/ip4/0.0.0.0/tcp/4001"`, `"/ip4/0.0.0.0/udp/4001"`, "want /ip4/ADDRESS/tcp/PORT"},
		"listen on TCP and UDP":       {`"/ip4/0.0.0.0/tcp/4001"`, `"/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/4001"`, "want /ip4/ADDRESS/tcp/PORT"},
		"listen beyond the last port": {`"/ip4/0.0.0.0/tcp/4001"`, `"/ip4/0.0.0.0/tcp/70000"`, "want /ip4/ADDRESS/tcp/PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, good, c.from)
			_, err := config.Parse([]byte(strings.Replace(good, c.from, c.to, 1)))
			require.ErrorContains(t, err, c.want)
		})
	}
	chains, _, _ := strings.Cut(good, "ibc:")
	_, err = config.Parse([]byte(chains))
	require.ErrorContains(t, err, "there is no role")
}

// What the settings name must be in the home, or be makeable, and no two of them may have one place.
func TestSettingsThatDoNotFitTheHome(t *testing.T) {
	dir := t.TempDir()
	check := func(text string) error {
		require.NoError(t, os.WriteFile(filepath.Join(dir, config.FileName), []byte(text), 0o600))
		_, err := config.Check(dir)
		return err
	}
	for _, name := range []string{"relayer", "provider"} {
		require.ErrorContains(t, check(good), "relayer keys add "+name)
		_, err := keys.Add(dir, name, "")
		require.NoError(t, err)
	}
	require.NoError(t, check(good))
	before, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, before, 2, "a check makes nothing")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "short.key"), []byte("short"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	for name, c := range map[string]struct{ from, to, want string }{
		"identity is the configuration":    {"identity: identity.key", "identity: config.yaml", "is the place of the configuration"},
		"identity is the configuration, 2": {"identity: identity.key", "identity: data/../config.yaml", "is the place of the configuration"},
		"identity among the keys":          {"identity: identity.key", "identity: keys/relayer.json", "is the place of the keys"},
		"identity is the lock":             {"identity: identity.key", "identity: " + home.LockName, "is the place of the lock"},
		"identity in the data":             {"identity: identity.key", "identity: data/db", "is in " + filepath.Join(dir, "data")},
		"identity is a folder":             {"identity: identity.key", "identity: folder", "name a file"},
		"identity is no key":               {"identity: identity.key", "identity: short.key", "has 5 bytes, want 32"},
		"data is a file":                   {"data: data", "data: short.key", "name a folder"},
		"data is the identity":             {"data: data", "data: identity.key", "is the place of provider.identity"},
		"data on a disk that is not there": {"data: data", "data: " + filepath.Join(dir, "disk", "data"), "mkdir -p " + filepath.Join(dir, "disk")},
		"data where nothing can be made":   {"data: data", "data: /proc/top", "provider.data is in /proc, which takes no files"},
		"data that cannot be written":      {"data: data", "data: /proc/self", "provider.data is /proc/self, which takes no files"},
		"identity that cannot be made":     {"identity: identity.key", "identity: /proc/identity.key", "provider.identity is in /proc, which takes no files"},
		"status that cannot be written":    {"status_file: status.json", "status_file: /proc/status.json", "status_file is in /proc, which takes no files"},
		"status over the configuration":    {"status_file: status.json", "status_file: config.yaml", "is the place of the configuration"},
		"status over the identity":         {"status_file: status.json", "status_file: " + filepath.Join(dir, "identity.key"), "is the place of provider.identity"},
		"status in a missing folder":       {"status_file: status.json", "status_file: run/status.json", "mkdir -p " + filepath.Join(dir, "run")},
		"another key than there is":        {"key: relayer", "key: carrier", "relayer keys add carrier"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, good, c.from)
			require.ErrorContains(t, check(strings.Replace(good, c.from, c.to, 1)), c.want)
		})
	}
}
