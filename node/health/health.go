// Package health answers whether a node is fit to be asked. A process that runs says little: a node counts as healthy while its chain's height advances
// and it has caught up with it.
package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	coretypes "github.com/cometbft/cometbft/rpc/core/types"
)

// Node is what a CometBFT node tells about itself; its local RPC client is one.
type Node interface {
	Status(ctx context.Context) (*coretypes.ResultStatus, error)
	NetInfo(ctx context.Context) (*coretypes.ResultNetInfo, error)
}

// Report is the answer's JSON.
type Report struct {
	Healthy bool  `json:"healthy"`
	Height  int64 `json:"height"`
	// BlockAge is how long ago the last block was made, by the block's time and this machine's clock, in milliseconds.
	BlockAge    int64 `json:"block_age_ms"`
	MaxBlockAge int64 `json:"max_block_age_ms"`
	CatchingUp  bool  `json:"catching_up"`
	Peers       int   `json:"peers"`
	// Reason says what is wrong and what to look at; empty when healthy.
	Reason string `json:"reason,omitempty"`
}

// Judge tells from what a node says whether it is healthy at a moment.
func Judge(status *coretypes.ResultStatus, peers int, now time.Time, limit time.Duration) Report {
	sync := status.SyncInfo
	age := now.Sub(sync.LatestBlockTime)
	r := Report{Height: sync.LatestBlockHeight, BlockAge: age.Milliseconds(), MaxBlockAge: limit.Milliseconds(), CatchingUp: sync.CatchingUp, Peers: peers}
	switch {
	case sync.LatestBlockHeight == 0:
		r.BlockAge = 0
		r.Reason = "no block yet: the chain has not started, or this node does not reach its peers (p2p.persistent_peers, p2p.seeds)"
	case sync.CatchingUp:
		r.Reason = "catching up with the chain: wait; if the height does not rise, look at the peers"
	case age > limit && peers == 0:
		r.Reason = fmt.Sprintf("no block for %s and no peers: look at the network and p2p.persistent_peers", age.Round(time.Second))
	case age > limit:
		r.Reason = fmt.Sprintf("no block for %s, the limit is %s: fewer than two thirds of the voting power may be online, this node may have stopped "+
			"(see its log), or its clock may be wrong", age.Round(time.Second), limit)
	case age < -limit:
		r.Reason = fmt.Sprintf("the last block is %s in the future: this machine's clock is wrong", (-age).Round(time.Second))
	default:
		r.Healthy = true
	}
	return r
}

// Handler serves the report: HTTP 200 when healthy, else 503. Without a node (queries only) it is 503.
func Handler(node Node, limit time.Duration, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		report, err := ask(req.Context(), node, limit, now)
		if err != nil {
			report = Report{MaxBlockAge: limit.Milliseconds(), Reason: err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if !report.Healthy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(report)
	})
}

func ask(ctx context.Context, node Node, limit time.Duration, now func() time.Time) (Report, error) {
	if node == nil {
		return Report{}, errors.New("this process runs no consensus (--grpc-only): ask a full node")
	}
	status, err := node.Status(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("status: %w", err)
	}
	info, err := node.NetInfo(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("peers: %w", err)
	}
	return Judge(status, info.NPeers, now(), limit), nil
}
