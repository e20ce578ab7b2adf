package sim

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	protocol "github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/sim/sortition"
)

func TestArgumentsThatAreRefused(t *testing.T) {
	for want, args := range map[string][]string{
		`unknown simulation "weather"`: {"weather"},
		"too many arguments":           {"sortition", "more"},
		"-slow":                        {"sortition", "-slow"},
		"invalid value":                {"sortition", "-seed", "x"},
		"unknown question":             {"sortition", "-only", "bias,luck"},
	} {
		var out, people bytes.Buffer
		require.ErrorContains(t, Run(args, &out, &people), want)
		require.Empty(t, out.String())
	}
	for _, help := range []struct {
		args []string
		want string
	}{{nil, usage}, {[]string{"help"}, usage}, {[]string{"sortition", "-h"}, usageSortition}, {[]string{"network", "-h"}, usageNetwork}} {
		var out bytes.Buffer
		require.NoError(t, Run(help.args, &out, &out))
		require.Equal(t, help.want, out.String())
	}
}

func TestLinesAndExit(t *testing.T) {
	args := []string{"-quick", "-only", "fairness"}
	var out, people bytes.Buffer
	require.NoError(t, runSortition(sortition.Real(), args, &out, &people))
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	require.Len(t, lines, 2)
	for _, line := range lines {
		var fields map[string]any
		require.NoError(t, json.Unmarshal(line, &fields))
		for _, key := range []string{"name", "value", "bound", "conditions"} {
			require.Contains(t, fields, key)
		}
	}
	require.Contains(t, people.String(), "holds")

	wrong := sortition.Real()
	wrong.Elect = func(e protocol.Election) (protocol.Outcome, error) {
		e.Candidates = slices.Clone(e.Candidates)
		e.Candidates[0].Weight *= 3
		return e.Run()
	}
	people.Reset()
	require.ErrorIs(t, runSortition(wrong, args, &out, &people), ErrBroken)
	require.Contains(t, people.String(), "BROKEN")
}
