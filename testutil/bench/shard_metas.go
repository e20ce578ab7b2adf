package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// metas of blocks: the last height, and how many transactions are in blocks after a height.
type metas struct {
	last int64
	txs  int
}

// metas of up to twenty blocks after a height, from a member's RPC.
func (s *shardNet) metas(ctx context.Context, node int, after int64) (m metas, err error) {
	url := s.nodes[node].RPC + "/blockchain"
	if after > 0 {
		url += fmt.Sprintf("?minHeight=%d&maxHeight=%d", after+1, after+20)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return m, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	var answer struct {
		Error *struct {
			Data string `json:"data"`
		} `json:"error"`
		Result struct {
			LastHeight string `json:"last_height"`
			BlockMetas []struct {
				NumTxs string `json:"num_txs"`
			} `json:"block_metas"`
		} `json:"result"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return m, err
	}
	if answer.Error != nil {
		// Asked for blocks that are still to come.
		m.last = after
		return m, nil
	}
	if m.last, err = strconv.ParseInt(answer.Result.LastHeight, 10, 64); err != nil {
		return m, err
	}
	for _, b := range answer.Result.BlockMetas {
		n, err := strconv.Atoi(b.NumTxs)
		if err != nil {
			return m, err
		}
		m.txs += n
	}
	if after > 0 {
		m.last = min(m.last, after+int64(len(answer.Result.BlockMetas)))
	}
	return m, nil
}
