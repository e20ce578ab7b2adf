package localnet

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
)

func TestRecordHasTheDocumentedForm(t *testing.T) {
	n := &Network{Dir: t.TempDir(), Operator: Key{Name: "operator", Address: "top1x", Mnemonic: "m"}}
	n.Main = &Chain{ID: MainChainID, Kind: "main", Nodes: []Node{{RPC: "http://r", REST: "http://a", GRPC: "g:1"}}}
	p := sleeper(t, n, "provider0")
	bz, err := os.ReadFile(filepath.Join(n.Dir, RecordFile))
	require.NoError(t, err)
	var got, want any
	require.NoError(t, json.Unmarshal(bz, &got))
	form, err := json.Marshal(map[string]any{
		"chains": []any{map[string]any{"chain_id": "top-main-1", "kind": "main", "rpc": []string{"http://r"}, "rest": []string{"http://a"}, "grpc": []string{"g:1"}}},
		"processes": []any{map[string]any{
			"name": "provider0", "role": "provider", "chain_id": "top-msg-1", "home": filepath.Join(n.Dir, "provider0"), "pid": p.Pid(),
			"log": filepath.Join(n.Dir, "logs", "provider0.log"),
		}},
		"edge": nil,
		"keys": []any{map[string]any{"name": "operator", "address": "top1x", "mnemonic": "m"}},
	})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(form, &want))
	require.Equal(t, want, got)
}

// Wallets of a network that runs find the edge in its record; one that has ended is not there.
func TestRecordNamesTheEdge(t *testing.T) {
	n := &Network{Dir: t.TempDir()}
	p := sleeper(t, n, EdgeName)
	n.edge = &Edge{RPC: "http://r", REST: "http://a", GRPC: "g:1"}
	require.NoError(t, n.writeRecord())
	record, err := ReadRecord(n.Dir)
	require.NoError(t, err)
	require.Equal(t, n.edge, record.Edge)

	require.NoError(t, p.Kill())
	require.NoError(t, n.writeRecord())
	record, err = ReadRecord(n.Dir)
	require.NoError(t, err)
	require.Nil(t, record.Edge)
}

// sleeper is a process that names its home on its command line, as every program of a network does.
func sleeper(t *testing.T, n *Network, name string) *process.Process {
	t.Helper()
	home := filepath.Join(n.Dir, name)
	p, err := n.launch(name, RoleProvider, ServiceChainID, home, process.Spec{Path: "/bin/sh", Args: []string{"-c", "while :; do sleep 0.05; done", "--home", home}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func TestNextRunEndsAndCleansTheLast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "net")
	require.NoError(t, clean(dir))
	old := &Network{Dir: dir, cfg: Config{Outlive: true}}
	left := sleeper(t, old, "provider0")
	// The record's second process has ended, and its pid is now somebody else's: this test's own.
	record, err := ReadRecord(dir)
	require.NoError(t, err)
	record.Processes = append(record.Processes, ProcessRecord{Name: "provider1", Home: filepath.Join(dir, "provider1"), PID: os.Getpid()})
	require.NoError(t, record.write(dir))

	require.NoError(t, clean(dir))
	require.Error(t, left.Err(), "it was ended by a signal")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)

	ended, err := EndRecorded(dir)
	require.NoError(t, err)
	require.Empty(t, ended)
}

func TestCleanRefusesForeignDirectories(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("dear"), 0o600))
	require.ErrorContains(t, clean(dir), "holds no network")
	require.FileExists(t, filepath.Join(dir, "thesis.txt"))
}

func TestFleetKillsAndRestartsByName(t *testing.T) {
	n := &Network{Dir: t.TempDir()}
	first := sleeper(t, n, "provider0")
	_, err := n.launch("provider0", RoleProvider, "", n.Dir, process.Spec{Path: "/bin/sh"})
	require.ErrorContains(t, err, "already part")
	_, err = n.Restart("provider0")
	require.ErrorContains(t, err, "still runs")
	require.ErrorContains(t, n.Kill("provider9"), `no process is named "provider9"`)

	require.NoError(t, n.Kill("provider0"))
	require.EqualError(t, first.Err(), "signal: killed")
	second, err := n.Restart("provider0")
	require.NoError(t, err)
	require.NotEqual(t, first.Pid(), second.Pid())
	require.Same(t, second, n.Process("provider0"))
	record, err := ReadRecord(n.Dir)
	require.NoError(t, err)
	require.Len(t, record.Processes, 1)
	require.Equal(t, second.Pid(), record.Processes[0].PID)

	require.NoError(t, n.Expel("provider0"))
	require.False(t, second.Running())
	require.Nil(t, n.Process("provider0"))
	third := sleeper(t, n, "provider0")

	require.NoError(t, n.Stop())
	require.False(t, third.Running())
	require.NoError(t, n.Stop(), "a stopped network stays stopped")
}

func TestPortsAreFreeAndBelowTheEphemeralRange(t *testing.T) {
	base, err := FreeBlock(40)
	require.NoError(t, err)
	require.GreaterOrEqual(t, base, lowestPort)
	require.Less(t, base+40, highestPort)
	require.NoError(t, allFree(base, 40))
}
