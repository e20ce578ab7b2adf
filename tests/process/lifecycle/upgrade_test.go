//go:build process

package lifecycle

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
)

const (
	upgradeName = "v2"
	// upgradeIn is how many blocks after its proposal an upgrade is due: more than voting takes.
	upgradeIn = 60
)

// next is the daemon of the release with the upgrade (`make build-next`).
func (s side) next() string { return filepath.Join(filepath.Dir(net.Dir), "next", s.program) }

// old is the daemon without it.
func (s side) old() string { return filepath.Join(filepath.Dir(net.Dir), s.program) }

// records that the migration rewrites: name → text. Their first letter becomes a capital one.
func (s side) records(t *testing.T, node localnet.Node) map[string]string {
	t.Helper()
	type record struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Address     string `json:"address"`
		Moniker     string `json:"moniker"`
	}
	path, field := "/top/services/v1/types", "types"
	if s.Kind == "service" {
		path, field = "/top/operators/v1/operators", "operators"
	}
	records, err := localnet.All[record](t.Context(), localnet.REST{URL: node.REST}, path, field)
	require.NoError(t, err)
	out := map[string]string{}
	for _, r := range records {
		out[r.Name+r.Address] = r.Description + r.Moniker
	}
	require.NotEmpty(t, out)
	return out
}

// archived reads what the migration put into the new store, from the store itself.
func archived(t *testing.T, node localnet.Node, key string) string {
	t.Helper()
	var answer struct {
		Result struct {
			Response struct {
				Value string `json:"value"`
			} `json:"response"`
		} `json:"result"`
	}
	require.NoError(t, localnet.REST{URL: node.RPC}.Get(t.Context(), `/abci_query?path="/store/archive/key"&data=0x`+hex.EncodeToString([]byte(key)), &answer))
	bz, err := base64.StdEncoding.DecodeString(answer.Result.Response.Value)
	require.NoError(t, err)
	return string(bz)
}

// halted waits until a node has stopped by itself for a reason that its log names since the offset.
func halted(t *testing.T, node localnet.Node, since int64, reason string) {
	t.Helper()
	p := net.Process(node.Name)
	select {
	case <-p.Done():
	case <-time.After(waitTimeout):
		require.Fail(t, "still runs", "%s\n%s", node.Name, p.LogTail(15))
	}
	require.Error(t, p.Err(), "a node that cannot go on does not end as if all were well")
	require.Contains(t, logSince(t, node, since), reason)
}

func logSince(t *testing.T, node localnet.Node, offset int64) string {
	t.Helper()
	bz, err := os.ReadFile(net.Process(node.Name).Spec.Log)
	require.NoError(t, err)
	return string(bz[offset:])
}

func logSize(t *testing.T, node localnet.Node) int64 {
	t.Helper()
	info, err := os.Stat(net.Process(node.Name).Spec.Log)
	require.NoError(t, err)
	return info.Size()
}

func restartWith(t *testing.T, node localnet.Node, program string) {
	t.Helper()
	_, err := net.RestartWith(node.Name, program)
	require.NoError(t, err)
}

// Governance of each chain decides on an upgrade with a migration. Three of four validators go on with the new release, the fourth comes late and signs again;
// a node that stays on the old release stops with the reason and has nothing that the others have not.
func TestGovernanceUpgradesBothChains(t *testing.T) {
	for _, s := range sides() {
		t.Run(s.Kind, s.upgrades)
	}
	// The chains still understand each other: what users use is claimed, proven, settled and paid.
	require.NoError(t, <-converse(t, 6, 24))
	for _, s := range sides() {
		s.booksHold(t, s.Nodes[0])
	}
}

func (s side) upgrades(t *testing.T) {
	require.FileExists(t, s.next(), "build it with `make build-next`")
	stays := s.fullNode(t)
	before := s.records(t, s.Nodes[0])
	due := s.scheduleUpgrade(t, upgradeName, "release v2 for the test", upgradeIn)
	logf("%s: upgrade decided for height %d", s.ID, due)

	// The new release before its time is refused and changes nothing.
	early := logSize(t, stays)
	require.NoError(t, net.Process(stays.Name).Stop(waitTimeout))
	restartWith(t, stays, s.next())
	halted(t, stays, early, "start the earlier release")
	restartWith(t, stays, s.old())

	// Every node of the old release stops before the block of the upgrade.
	reason := fmt.Sprintf(`Error: upgrade %q is due at height %d`, upgradeName, due)
	for _, node := range append(slices.Clone(s.Nodes), stays) {
		halted(t, node, 0, reason)
	}
	logf("%s: halted", s.ID)

	onTime, late := s.Nodes[:3], s.Nodes[3]
	for _, node := range onTime {
		restartWith(t, node, s.next())
	}
	awaitHeight(t, onTime[0], due+5)
	logf("%s: goes on", s.ID)
	s.migrated(t, onTime[0], before, due)

	// One node stays on the old release: started again, it stops again, at the same height.
	again := logSize(t, stays)
	restartWith(t, stays, s.old())
	halted(t, stays, again, reason)

	// One validator comes late.
	restartWith(t, late, s.next())
	sameState(t, late, onTime[0])
	s.migrated(t, late, before, due)
	signsAgain(t, late, onTime[0])

	// The node that stayed has not forked: with the new release it goes on from where it stopped.
	restartWith(t, stays, s.next())
	sameState(t, stays, onTime[0])
	s.migrated(t, stays, before, due)

	// The way back is closed: the old release refuses the new state.
	back := logSize(t, stays)
	require.NoError(t, net.Process(stays.Name).Stop(waitTimeout))
	restartWith(t, stays, s.old())
	halted(t, stays, back, fmt.Sprintf(`Error: the state was upgraded to %q at height %d`, upgradeName, due))
	restartWith(t, stays, s.next())
	sameState(t, stays, onTime[0])
	s.booksHold(t, stays)
}

// migrated checks that every record was rewritten, what it replaced is in the new store, and the chain knows when.
func (s side) migrated(t *testing.T, node localnet.Node, before map[string]string, due int64) {
	t.Helper()
	after := s.records(t, node)
	require.Len(t, after, len(before))
	for name, text := range before {
		require.NotEqual(t, text, after[name], "%s is not rewritten", name)
		require.Equal(t, strings.ToUpper(text[:1])+text[1:], after[name])
		require.Equal(t, text, archived(t, node, name))
	}
	rest := localnet.REST{URL: node.REST}
	var applied struct {
		Height amount `json:"height"`
	}
	require.NoError(t, rest.Get(t.Context(), "/cosmos/upgrade/v1beta1/applied_plan/"+upgradeName, &applied))
	require.EqualValues(t, due, applied.Height)
	module := map[string]string{"main": "services", "service": "operators"}[s.Kind]
	var versions struct {
		Modules []struct {
			Version amount `json:"version"`
		} `json:"module_versions"`
	}
	require.NoError(t, rest.Get(t.Context(), "/cosmos/upgrade/v1beta1/module_versions?module_name="+module, &versions))
	require.Len(t, versions.Modules, 1)
	require.EqualValues(t, 2, versions.Modules[0].Version, "version of x/%s", module)
}

type amount = localnet.Uint

// signsAgain waits until a validator's precommit is in a commit that another node has.
func signsAgain(t *testing.T, validator, other localnet.Node) {
	t.Helper()
	status, err := validator.Status(t.Context())
	require.NoError(t, err)
	await(t, "a precommit of "+validator.Name, func(ctx context.Context) error {
		h, err := other.Header(ctx, 0)
		if err == nil && !slices.Contains(h.Signers, status.Validator) {
			err = fmt.Errorf("block %d is signed by %v", h.Height, h.Signers)
		}
		return err
	}, net.Process(validator.Name), net.Process(other.Name))
}
