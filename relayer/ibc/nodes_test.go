package ibc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeNode answers JSON-RPC with what answer says; "" is a request that is not answered until the client gives up.
func fakeNode(t *testing.T, answer func(method string) string) string {
	t.Helper()
	return fakeChain(t, func(method string, _ int64) string { return answer(method) })
}

// fakeChain answers by the height that is asked for.
func fakeChain(t *testing.T, answer func(method string, height int64) string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Height int64 `json:"height,string"`
			} `json:"params"`
		}
		if json.NewDecoder(r.Body).Decode(&req) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body := answer(req.Method, req.Params.Height)
		if body == "" {
			<-r.Context().Done()
			return
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, req.ID, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func statusOf(chainID string, height int64, at time.Time, catchingUp bool) string {
	return fmt.Sprintf(`{"node_info":{"network":%q},"sync_info":{"latest_block_height":"%d","latest_block_time":%q,"catching_up":%t}}`,
		chainID, height, at.Format(time.RFC3339Nano), catchingUp)
}

func TestNodesThatFailOrLieLoseTheirTurn(t *testing.T) {
	now := time.Now()
	good := statusOf("top-a-1", 20, now, false)
	for name, bad := range map[string]string{
		"garbage":       `}{`,
		"truncated":     good[:len(good)/2],
		"null":          `null`,
		"another chain": statusOf("top-b-1", 30, now, false),
		"catching up":   statusOf("top-a-1", 30, now, true),
		"behind":        statusOf("top-a-1", 9, now, false),
		"frozen":        statusOf("top-a-1", 19, now.Add(-time.Hour), false),
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			n, err := dialNodes("top-a-1", []string{
				fakeNode(t, func(string) string { asked++; return bad }), fakeNode(t, func(string) string { return good }),
			}, rpcTimeout)
			require.NoError(t, err)
			n.sawVerified(10)
			for range 3 {
				height, err := n.latest(t.Context(), now)
				require.NoError(t, err)
				require.EqualValues(t, 20, height)
			}
			require.Equal(t, 1, asked, "it keeps no turn")
		})
	}
}

func TestStalledNodeIsLeftInBoundedTime(t *testing.T) {
	now := time.Now()
	n, err := dialNodes("top-a-1", []string{
		fakeNode(t, func(string) string { return "" }), fakeNode(t, func(string) string { return statusOf("top-a-1", 20, now, false) }),
	}, 100*time.Millisecond)
	require.NoError(t, err)
	began := time.Now()
	height, err := n.latest(t.Context(), now)
	require.NoError(t, err)
	require.EqualValues(t, 20, height)
	require.Less(t, time.Since(began), 5*time.Second)
}

// A chain that has stopped is asked for what it has, of the node that has most.
func TestStoppedChainIsReadFromTheNodeThatHasMost(t *testing.T) {
	now := time.Now()
	old := now.Add(-time.Hour)
	n, err := dialNodes("top-a-1", []string{
		fakeNode(t, func(string) string { return statusOf("top-a-1", 18, old, false) }),
		fakeNode(t, func(string) string { return statusOf("top-a-1", 20, old, false) }),
		fakeNode(t, func(string) string { return `}{` }),
	}, rpcTimeout)
	require.NoError(t, err)
	height, err := n.latest(t.Context(), now)
	require.NoError(t, err)
	require.EqualValues(t, 20, height)
	require.Equal(t, 1, n.pick().index)
}

func TestAllNodesFailingNamesEach(t *testing.T) {
	a, b := fakeNode(t, func(string) string { return `}{` }), fakeNode(t, func(string) string { return statusOf("top-b-1", 1, time.Now(), false) })
	n, err := dialNodes("top-a-1", []string{a, b}, rpcTimeout)
	require.NoError(t, err)
	_, err = n.latest(t.Context(), time.Now())
	require.ErrorContains(t, err, a)
	require.ErrorContains(t, err, b)
	require.ErrorIs(t, n.identify(t.Context()), errWrongChain)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = n.latest(ctx, time.Now())
	require.ErrorIs(t, err, context.Canceled)
}

// Answers that are JSON and nothing that was asked for are errors, not crashes.
func TestHollowAnswersAreErrors(t *testing.T) {
	for _, hollow := range []string{
		`{}`, `null`, `{"txs":[null],"total_count":"1"}`, `{"blocks":[null,{"block":null}],"total_count":"1"}`, `{"validators":[null],"total":"1"}`,
		`{"signed_header":{"header":null,"commit":null}}`, `{"response":{"height":"4"}}`, `{"response":{"height":"4","proofOps":{"ops":[]}}}`,
	} {
		n, err := dialNodes("top-a-1", []string{fakeNode(t, func(string) string { return hollow })}, rpcTimeout)
		require.NoError(t, err)
		at := n.pick()
		_, err = validatorsFrom(t.Context(), at, 4, nil)
		require.Error(t, err, hollow)
		_, _, err = (&Endpoint{nodes: n}).sentPackets("07-tendermint-0").packet(t.Context(), 7, nil)
		require.Error(t, err, hollow)
		_, _, err = proofFrom(t.Context(), at, "ibc", []byte("key"), view{height: 5, root: make([]byte, 32)})
		require.Error(t, err, hollow)
		_, err = n.latest(t.Context(), time.Now())
		require.Error(t, err, hollow)
	}
}
