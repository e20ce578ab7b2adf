package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	// probes of the time to a confirmation, by so many clients that wait for each answer.
	confirmClients = 8
	confirmTime    = 25 * time.Second
	// confirmPoll is how often a client asks for its transaction.
	confirmPoll = 10 * time.Millisecond
)

// rpcGet calls a method of CometBFT's RPC; an answer that is an error is no fault of the call.
func rpcGet(ctx context.Context, base, method string, args url.Values, to any) (answered bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/"+method+"?"+args.Encode(), nil)
	if err != nil {
		return false, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	var answer struct {
		Error  json.RawMessage `json:"error"`
		Result json.RawMessage `json:"result"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || len(answer.Error) > 0 {
		return false, err
	}
	return true, json.Unmarshal(answer.Result, to)
}

// confirm is the time from a client's send to the answer that the transfer is in a block, for one transfer after the other.
func (s *shardNet) confirm(ctx context.Context, node int, from, to *signer, until time.Time) (times []time.Duration, err error) {
	rpc := s.nodes[node].RPC
	for time.Now().Before(until) {
		raw, err := from.transfer(sendtx.AddressOf(to.key))
		if err != nil {
			return times, err
		}
		began := time.Now()
		if err := s.broadcast(ctx, node, raw); err != nil {
			return times, err
		}
		hash := fmt.Sprintf("0x%x", sendtx.Hash(raw))
		for {
			var found struct {
				Height string `json:"height"`
			}
			ok, err := rpcGet(ctx, rpc, "tx", url.Values{"hash": {hash}}, &found)
			if err != nil {
				return times, err
			}
			if ok {
				break
			}
			select {
			case <-ctx.Done():
				return times, ctx.Err()
			case <-time.After(confirmPoll):
			}
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

// broadcast a transfer as wallets do.
func (s *shardNet) broadcast(ctx context.Context, node int, raw []byte) error {
	var sent struct {
		Code uint32 `json:"code"`
		Log  string `json:"log"`
	}
	if ok, err := rpcGet(ctx, s.nodes[node].RPC, "broadcast_tx_sync", url.Values{"tx": {fmt.Sprintf("0x%x", raw)}}, &sent); err != nil || !ok || sent.Code != 0 {
		return errors.Join(err, fmt.Errorf("a transfer was refused: code %d, %s", sent.Code, sent.Log))
	}
	return nil
}

// confirmUnder a load of so many transfers a second.
func (s *shardNet) confirmUnder(ctx context.Context, rate float64) ([]time.Duration, error) {
	rounds := int(rate*(confirmTime.Seconds()+5)/float64(len(s.signers))) + 1
	l, err := s.signLoad(rounds)
	if err != nil {
		return nil, err
	}
	l.rate = rate
	loading, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 2)
	l.loading.Store(true)
	go func() { ended <- l.run(loading) }()
	go func() {
		// What is committed is counted, so that the load knows how much is under way.
		_, _, _, err := l.follow(loading, 10*confirmTime)
		if loading.Err() != nil {
			err = nil
		}
		ended <- err
	}()
	all, err := s.confirmAlone(ctx, confirmTime)
	stop()
	return all, errors.Join(err, <-ended, <-ended)
}

// confirmAlone measures for a time, under whatever load there is.
func (s *shardNet) confirmAlone(ctx context.Context, lasting time.Duration) (all []time.Duration, err error) {
	// A member that hangs is not waited for for ever.
	ctx, cancel := context.WithTimeout(ctx, lasting+stepTimeout)
	defer cancel()
	var mu sync.Mutex
	until := time.Now().Add(lasting)
	err = together(confirmClients, func(i int) error {
		times, err := s.confirm(ctx, i%len(s.nodes), s.probes[i], s.signers[i], until)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, times...)
		return err
	})
	return all, err
}
