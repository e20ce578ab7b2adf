package sortition

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

const vectors = "../../protocol/sortition/testdata/vectors.json"

// recompute runs the program over a vector file and returns what it printed.
func recompute(t *testing.T, file string) (string, error) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: committees are not recomputed by another implementation (install Node 18 or newer)")
	}
	out, err := exec.Command(node, "recompute.mjs", file).CombinedOutput()
	return string(out), err
}

// A program that shares no code with ours checks every proof and comes to the same seeds and committees.
func TestAnotherImplementationRecomputesCommittees(t *testing.T) {
	out, err := recompute(t, vectors)
	require.NoError(t, err, out)
	require.Contains(t, out, "6 elections: all the same")
}

// The program sees a change of any part: it does not agree because it does not look.
func TestRecomputingSeesChanges(t *testing.T) {
	genuine, err := os.ReadFile(vectors)
	require.NoError(t, err)
	for name, change := range map[string][2]string{
		"possession proof": {`"proof": "(.)`, `"proof": "x$1`},
		"seed":             {`"seed": "2a`, `"seed": "2b`},
		"next seed":        {`"next_seed": ".`, `"next_seed": "x`},
		"weight":           {`"weight": "1152921504606846977"`, `"weight": "1"`},
		"member":           {`("members": \[\s*)"`, `${1}"x`},
		"size":             {`"size": 13`, `"size": 12`},
		"drawn number":     {`("drawn": \[\s*)"`, `${1}"1`},
	} {
		t.Run(name, func(t *testing.T) {
			pattern := regexp.MustCompile(change[0])
			require.Regexp(t, pattern, string(genuine))
			file := filepath.Join(t.TempDir(), "vectors.json")
			require.NoError(t, os.WriteFile(file, pattern.ReplaceAll(genuine, []byte(change[1])), 0o600))
			out, err := recompute(t, file)
			require.Error(t, err, out)
		})
	}
}
