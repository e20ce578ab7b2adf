package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/topnetwork/top/protocol/lattice"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// jsonConnections at once, each a client that waits for every answer.
	jsonConnections = 64
	jsonTime        = 30 * time.Second
	jsonRounds      = 15
	// jsonBatch of transfers after which a client looks how much is under way.
	jsonBatch = 10
)

// openJSON is a connection to a member's RPC, with a request for every transfer.
func (s *shardNet) openJSON(ctx context.Context, node int) (offer, func() error, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	return func(txs [][]byte) (refused []*latticetypes.Refusal, err error) {
			for i := range txs {
				answers, err := broadcastAll(ctx, client, s.nodes[node].RPC, txs[i:i+1])
				if err != nil {
					return nil, err
				}
				if a := answers[0]; a.Error != nil {
					return nil, fmt.Errorf("broadcast: %s: %s", a.Error.Message, a.Error.Data)
				} else if a.Result.Code != 0 {
					refused = append(refused, &latticetypes.Refusal{Index: uint32(i), Code: a.Result.Code, Log: a.Result.Log})
				}
			}
			return refused, nil
		}, func() error {
			client.CloseIdleConnections()
			return nil
		}, nil
}

// jsonRPC measures a shard whose transfers come one by one, as wallets send them.
func (r *run) jsonRPC(ctx context.Context) (results []Result, err error) {
	s, err := startShard(ctx, r.Network, filepath.Join(r.Network.Dir, "shard.jsonrpc"), shardConfig{members: 1, accounts: shardAccounts, kind: lattice.Ed25519})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	l, err := s.signFor(jsonConnections, jsonBatch, jsonRounds, s.openJSON)
	if err != nil {
		return nil, err
	}
	f, err := l.measure(ctx, jsonTime)
	if err != nil {
		return nil, err
	}
	r.Network.Logf("%-14s %.0f tx/s, %.1f us", "shard.jsonrpc", f.tps, f.cpu)
	return []Result{newResult("shard.jsonrpc.tps", f.tps, "tx/s", map[string]any{
		"members": 1, "accounts": len(s.signers), "connections": jsonConnections, "transactions": f.count, "seconds": f.seconds, "blocks": f.blocks, "cpu_us": f.cpu, "loader_cpu_s": f.loader.Seconds(),
		"what": "one-utop transfers as in shard.1val, each in a call of broadcast_tx_sync of its own, by clients that keep their connections and wait for every answer, loader on the same machine; committed ones are counted",
	}).against("tx/s: stock.1val.tps", r.figures["stock.1val.tps"])}, nil
}
