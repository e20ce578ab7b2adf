// Package archtest keeps the project's boundaries true: who may import whom, and what a state machine may not do.
package archtest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/topnetwork/top"

// deps lists, for each package that matches pattern, everything it links.
func deps(t *testing.T, pattern string) map[string][]string {
	t.Helper()
	list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, pattern)
	list.Dir = "../.."
	out, err := list.Output()
	require.NoError(t, err, "go list %s", pattern)
	res := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		res[fields[0]] = fields[1:]
	}
	require.NotEmpty(t, res, "%s matches no package: the boundary is not tested", pattern)
	return res
}

func TestImportBoundaries(t *testing.T) {
	cases := []struct {
		pattern, why string
		banned       []string
	}{
		{"./protocol/...", "the rules are pure", []string{"github.com/cosmos/cosmos-sdk", "github.com/cometbft/", "github.com/libp2p/", module + "/x/", module + "/app"}},
		{"./relayer/...", "the relayer talks to chains, it does not contain them", []string{module + "/app"}},
		{"./sdk/...", "an app developer links a client, not a node", []string{
			module + "/app", "github.com/cosmos/ibc-go", "github.com/CosmWasm/wasmvm", "github.com/cometbft/cometbft/node",
		}},
	}
	for _, c := range cases {
		t.Run(c.pattern, func(t *testing.T) {
			for pkg, imports := range deps(t, c.pattern) {
				for _, imp := range imports {
					for _, b := range c.banned {
						require.False(t, strings.HasPrefix(imp, b), "%s links %s: %s", pkg, imp, c.why)
					}
				}
			}
		})
	}
}

func TestTypesImportNoKeeper(t *testing.T) {
	checked := 0
	for pkg, imports := range deps(t, "./x/...") {
		if !strings.HasSuffix(pkg, "/types") {
			continue
		}
		checked++
		for _, imp := range imports {
			require.False(t, strings.HasPrefix(imp, module) && strings.HasSuffix(imp, "/keeper"), "%s imports %s", pkg, imp)
		}
	}
	require.NotZero(t, checked)
}
