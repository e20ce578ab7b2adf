//go:build process

package process

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// elected is what tests/sortition/election.mjs prints.
type elected struct {
	Candidates int      `json:"candidates"`
	Members    []string `json:"members"`
}

// Nodes publish and seal by themselves, without fees, and a program that imports nothing of ours makes the elections of two successive epochs again from each node's REST
// server.
func TestStrangersMakeElectionsAgain(t *testing.T) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "install Node 18 or newer")
	first := net.Main.Nodes[0].REST
	epoch := currentEpoch(t, first)
	for _, want := range []uint64{epoch + 2, epoch + 3} {
		path := fmt.Sprintf("/top/sortition/v1/elections/%d", want)
		require.Eventually(t, func() bool {
			for _, n := range net.Main.Nodes {
				res, err := http.Get(n.REST + path)
				if err != nil {
					return false
				}
				_ = res.Body.Close()
				if res.StatusCode != http.StatusOK {
					return false
				}
			}
			return true
		}, 3*time.Minute, 500*time.Millisecond, "no election for epoch %d", want)
		var outcomes []elected
		for _, n := range net.Main.Nodes {
			out, err := exec.Command(node, "../sortition/election.mjs", n.REST, fmt.Sprint(want)).CombinedOutput()
			require.NoError(t, err, "%s", out)
			var e elected
			require.NoError(t, json.Unmarshal(out, &e), "%s", out)
			outcomes = append(outcomes, e)
		}
		require.NotEmpty(t, outcomes[0].Members)
		require.Positive(t, outcomes[0].Candidates)
		for _, o := range outcomes {
			require.Equal(t, outcomes[0], o)
		}
	}
}

// currentEpoch of the main chain, by REST.
func currentEpoch(t *testing.T, rest string) uint64 {
	t.Helper()
	res, err := http.Get(rest + "/top/billing/v1/epoch")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	var body struct {
		Epoch uint64 `json:"epoch,string"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&body))
	return body.Epoch
}
