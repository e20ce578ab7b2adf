package bench

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

// What is measured must be the real thing: a voucher that a chain would pay.
func TestMeasuredEvidenceIsPayable(t *testing.T) {
	w, err := newWorld()
	require.NoError(t, err)
	require.NoError(t, voucher.VerifyEvidence(w.evidence(1), chainID, epoch))
}

func TestResultsHaveTheDocumentedForm(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Write(&out, newResult("a", 1, "ns", nil), newResult("b", 1, "ns", map[string]any{"vouchers": 2}).against("c", 4)))
	dec := json.NewDecoder(&out)
	var a, b map[string]any
	require.NoError(t, dec.Decode(&a))
	require.NoError(t, dec.Decode(&b))
	for _, r := range []map[string]any{a, b} {
		require.Len(t, r, 7)
	}
	require.Nil(t, a["baseline"])
	require.Equal(t, "c", b["baseline"])
	require.Equal(t, 0.25, b["ratio"])
	require.EqualValues(t, 2, b["conditions"].(map[string]any)["vouchers"])
}
