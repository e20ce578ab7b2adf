package finding

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindings(t *testing.T) {
	var lines, table bytes.Buffer
	f := Finding{Name: "a.b", Value: 0.25, Bound: 0.5, Conditions: map[string]any{"epochs": 3}}
	require.NoError(t, f.Write(&lines, &table))
	require.Equal(t, `{"name":"a.b","value":0.25,"bound":0.5,"conditions":{"epochs":3}}`+"\n", lines.String())
	require.Contains(t, table.String(), "holds")
	require.False(t, f.Broken())
	f.Value = 0.51
	require.True(t, f.Broken())
	require.NoError(t, f.Write(&lines, &table))
	require.Contains(t, table.String(), "BROKEN")
}

// What cannot be calculated holds no bound, and is no line that a program could not read.
func TestNoNumberIsAnError(t *testing.T) {
	for _, f := range []Finding{{Value: math.NaN()}, {Bound: math.NaN()}, {Value: math.Inf(1)}} {
		var lines, table bytes.Buffer
		require.Error(t, f.Write(&lines, &table))
		require.Empty(t, lines.String())
	}
	require.True(t, Finding{Value: math.NaN(), Bound: 1}.Broken())
	require.True(t, Finding{Value: 1, Bound: math.NaN()}.Broken())
}
