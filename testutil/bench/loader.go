package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// batchRequests is how many requests a node takes in one call by default (config.toml, max_request_batch_size).
const batchRequests = 10

// loader hands transactions to nodes as fast as their mempools take them.
type loader struct {
	// rpc of each node.
	rpc []string
	// block is closed and replaced with every block: a full mempool has room again.
	mu    sync.Mutex
	block chan struct{}

	accepted, refused atomic.Int64
	// full counts how often a mempool had no room: without that, it was not the chain that was measured.
	full atomic.Int64
}

func newLoader(rpc []string) *loader { return &loader{rpc: rpc, block: make(chan struct{})} }

// wake tells that there is a new block.
func (l *loader) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.block)
	l.block = make(chan struct{})
}

func (l *loader) newBlock() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.block
}

// run sends round after round until ctx ends or nothing is left. An account always goes through the same node, so that its transactions stay in order.
func (l *loader) run(ctx context.Context, txs [][][]byte) error {
	workers := max(2, len(l.rpc))
	err := together(workers, func(worker int) error {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
		defer client.CloseIdleConnections()
		url := l.rpc[worker%len(l.rpc)]
		for _, round := range txs {
			from, to := len(round)*worker/workers, len(round)*(worker+1)/workers
			for ; from < to; from += batchRequests {
				if err := l.send(ctx, client, url, round[from:min(from+batchRequests, to)]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// send repeats what a full mempool did not take, after the next block.
func (l *loader) send(ctx context.Context, client *http.Client, url string, txs [][]byte) error {
	for len(txs) > 0 {
		block := l.newBlock()
		left, err := l.broadcast(ctx, client, url, txs)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			l.full.Add(1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-block:
			}
		}
		txs = left
	}
	return nil
}

type rpcRequest struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  struct {
		Tx []byte `json:"tx"`
	} `json:"params"`
}

type rpcResponse struct {
	ID     int `json:"id"`
	Result struct {
		Code uint32 `json:"code"`
		Log  string `json:"log"`
	} `json:"result"`
	Error *struct {
		Message string `json:"message"`
		Data    string `json:"data"`
	} `json:"error"`
}

// broadcastAll is one call of broadcast_tx_sync for several transactions.
func broadcastAll(ctx context.Context, client *http.Client, url string, txs [][]byte) (answers []rpcResponse, err error) {
	calls := make([]rpcRequest, len(txs))
	for i := range calls {
		calls[i] = rpcRequest{Version: "2.0", ID: i, Method: "broadcast_tx_sync"}
		calls[i].Params.Tx = txs[i]
	}
	body, err := json.Marshal(calls)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	// CometBFT answers a batch of one with its answer alone.
	var to any = &answers
	if len(txs) == 1 {
		answers = make([]rpcResponse, 1)
		to = &answers[0]
	}
	if err := errors.Join(json.NewDecoder(res.Body).Decode(to), res.Body.Close()); err != nil {
		return nil, fmt.Errorf("broadcast: %w", err)
	}
	if len(answers) != len(txs) {
		return nil, fmt.Errorf("broadcast: %d answers for %d transactions", len(answers), len(txs))
	}
	return answers, nil
}

// broadcast transactions; it answers those that found the mempool full.
func (l *loader) broadcast(ctx context.Context, client *http.Client, url string, txs [][]byte) (full [][]byte, err error) {
	answers, err := broadcastAll(ctx, client, url, txs)
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		switch {
		case a.Error != nil && strings.Contains(a.Error.Data, "mempool is full"):
			full = append(full, txs[i])
		case a.Error != nil:
			return nil, fmt.Errorf("broadcast: %s: %s", a.Error.Message, a.Error.Data)
		case a.Result.Code != 0:
			l.refused.Add(1)
		default:
			l.accepted.Add(1)
		}
	}
	return full, nil
}
