package bench

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

// What is measured must be the real thing: a voucher that a chain would pay.
func TestMeasuredEvidenceIsPayable(t *testing.T) {
	w, err := newWorld()
	require.NoError(t, err)
	require.NoError(t, voucher.VerifyEvidence(w.evidence(1), chainID, epoch))
}

// The epoch that is measured is held in full: proofs of all, seals of all, an election.
func TestMeasuredEpochHoldsItsElection(t *testing.T) {
	r, err := epochCost(21)
	require.NoError(t, err)
	require.Equal(t, "epoch.us_21", r.Name)
	require.Positive(t, r.Value)
	require.ErrorContains(t, attempt(func(t testing.TB) { require.True(t, false, "so it says") }), "so it says")
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

func TestBarsThatAreMissedAreTold(t *testing.T) {
	results := []Result{
		newResult("a", 5, "s", nil).atMost(5), newResult("b", 6, "s", nil).atMost(5), newResult("c", 5, "1/s", nil).atLeast(5), newResult("d", 4, "1/s", nil).atLeast(5), newResult("e", 1, "s", nil),
	}
	require.Equal(t, []string{"b is 6 s, want <= 5", "d is 4 1/s, want >= 5"}, Missed(results))
}

func TestPageTellsEveryResult(t *testing.T) {
	page := Page([]Result{
		newResult("a.us", 1234.5, "us", map[string]any{"what": "a thing", "rounds": 5, "share": 0.123456}).against("us: another", 2469).atMost(10),
		newResult("b", 5, "s", nil),
	}, "abc", time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	for _, line := range []string{
		"| a.us | 1234 us | <= 10 missed | 2469 us: another | 0.5 |", "| b | 5 s |  |  |  |", "- **a.us**: a thing; rounds 5, share 0.1235", "2026-11-21, commit abc",
	} {
		require.Contains(t, page, line)
	}
}
