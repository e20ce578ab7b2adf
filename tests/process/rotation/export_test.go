//go:build process

package rotation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/reimport"
)

// tries to stop a node in the middle of an epoch.
const tries = 8

// In the middle of an epoch, with proofs collected and no seed yet, the state survives export, validation, import and export again, byte by byte; the chain that begins from it
// begins with the committee that sits.
func TestExportInMidEpoch(t *testing.T) {
	chain := reimport.Chain{
		ID: net.Main.ID, Kind: "main", Program: filepath.Join(filepath.Dir(net.Dir), "topchaind"), Logs: filepath.Join(net.Dir, "logs"),
		New: func(o base.Options, load bool) *base.App { return mainchain.New(o, load).App },
	}
	node := net.Main.Nodes[candidates-1]
	for range tries {
		// Two blocks after an epoch's first, proofs are there; a seal takes until the fifth.
		awaitHeight(t, node, int64((int(height(t))/epochBlocks+1)*epochBlocks+3))
		// The node goes on at once: who is away for long is jailed.
		home := filepath.Join(t.TempDir(), node.Name)
		restart(t, node, func() { require.NoError(t, os.CopyFS(home, os.DirFS(node.Home))) })
		genesis, _ := chain.RoundTrip(t, home)
		var e export
		e.read(t, genesis)
		if !e.collecting() {
			continue
		}
		// Who was told when the export's last block ended votes two blocks later; a chain that begins from the export begins with them.
		told := e.InitialHeight + 1
		awaitHeight(t, net.Main.Nodes[0], told)
		require.ElementsMatch(t, votersAt(t, told), e.validators())
		sameState(t, []localnet.Node{net.Main.Nodes[0], node})
		return
	}
	require.Fail(t, "no export fell into a collection", "%d tries", tries)
}

// export is what the test reads of a genesis.
type export struct {
	InitialHeight int64
	Consensus     struct {
		Validators []struct {
			Address string `json:"address"`
		} `json:"validators"`
	}
	State struct {
		Sortition struct {
			Records []struct {
				Record struct {
					Epoch    localnet.Uint `json:"epoch"`
					NextSeed []byte        `json:"next_seed"`
				} `json:"record"`
				Proofs []json.RawMessage `json:"proofs"`
			} `json:"records"`
		} `json:"sortition"`
	}
}

func (e *export) read(t *testing.T, genesis map[string]json.RawMessage) {
	t.Helper()
	require.NoError(t, json.Unmarshal(genesis["initial_height"], &e.InitialHeight))
	require.NoError(t, json.Unmarshal(genesis["consensus"], &e.Consensus))
	require.NoError(t, json.Unmarshal(genesis["app_state"], &e.State))
}

// collecting tells whether the newest record has proofs and no seed yet.
func (e *export) collecting() bool {
	records := e.State.Sortition.Records
	if len(records) == 0 {
		return false
	}
	last := records[len(records)-1]
	return len(last.Proofs) > 0 && len(last.Record.NextSeed) == 0
}

func (e *export) validators() []string {
	var addresses []string
	for _, v := range e.Consensus.Validators {
		addresses = append(addresses, v.Address)
	}
	return slices.Sorted(slices.Values(addresses))
}
