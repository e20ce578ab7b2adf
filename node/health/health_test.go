package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"

	"github.com/topnetwork/top/node/health"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// node says what a test wants.
type node struct {
	height     int64
	age        time.Duration
	catchingUp bool
	peers      int
	err        error
}

func (n node) Status(context.Context) (*coretypes.ResultStatus, error) {
	return &coretypes.ResultStatus{SyncInfo: coretypes.SyncInfo{LatestBlockHeight: n.height, LatestBlockTime: noon.Add(-n.age), CatchingUp: n.catchingUp}}, n.err
}

func (n node) NetInfo(context.Context) (*coretypes.ResultNetInfo, error) {
	return &coretypes.ResultNetInfo{NPeers: n.peers}, nil
}

func TestHealth(t *testing.T) {
	const limit = 10 * time.Second
	for name, c := range map[string]struct {
		node   health.Node
		code   int
		reason string
	}{
		"advancing":       {node{height: 7, age: time.Second, peers: 3}, 200, ""},
		"at the limit":    {node{height: 7, age: limit, peers: 3}, 200, ""},
		"alone, but fine": {node{height: 7, age: time.Second}, 200, ""},
		"stalled":         {node{height: 7, age: limit + time.Millisecond, peers: 3}, 503, "no block for 10s, the limit is 10s"},
		"cut off":         {node{height: 7, age: time.Minute}, 503, "no peers"},
		"catching up":     {node{height: 7, age: time.Second, catchingUp: true, peers: 3}, 503, "catching up"},
		"before genesis":  {node{age: 0, peers: 3}, 503, "no block yet"},
		"clock is behind": {node{height: 7, age: -time.Minute, peers: 3}, 503, "clock is wrong"},
		"status fails":    {node{err: errors.New("disk full")}, 503, "disk full"},
		"no consensus":    {nil, 503, "--grpc-only"},
	} {
		rec := httptest.NewRecorder()
		health.Handler(c.node, limit, func() time.Time { return noon }).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/health", nil))
		require.Equal(t, c.code, rec.Code, name)
		var r health.Report
		require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &r), name)
		require.Equal(t, c.code == http.StatusOK, r.Healthy, name)
		require.Contains(t, r.Reason, c.reason, name)
		if n, ok := c.node.(node); ok && n.err == nil {
			require.Equal(t, n.height, r.Height, name)
			require.Equal(t, n.peers, r.Peers, name)
			require.Equal(t, n.catchingUp, r.CatchingUp, name)
		}
	}
}
