package localnet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Header is what a node's RPC says about one block.
type Header struct {
	Height int64
	// Hash of the header and AppHash, the state after the block before, upper-case hex.
	Hash, AppHash string
	Time          time.Time
	// Signers are the consensus addresses whose precommits are in the block's commit, upper-case hex.
	Signers []string
}

// Header of a height, with its commit; height 0 is the newest.
func (node Node) Header(ctx context.Context, height int64) (*Header, error) {
	path := "/commit"
	if height > 0 {
		path = fmt.Sprintf("/commit?height=%d", height)
	}
	var answer struct {
		Result struct {
			SignedHeader struct {
				Header struct {
					Height  Uint      `json:"height"`
					AppHash string    `json:"app_hash"`
					Time    time.Time `json:"time"`
				} `json:"header"`
				Commit struct {
					BlockID struct {
						Hash string `json:"hash"`
					} `json:"block_id"`
					Signatures []struct {
						Flag    int    `json:"block_id_flag"`
						Address string `json:"validator_address"`
					} `json:"signatures"`
				} `json:"commit"`
			} `json:"signed_header"`
		} `json:"result"`
		Error json.RawMessage `json:"error"`
	}
	// The RPC answers plain JSON as the gateway does.
	if err := (REST{URL: node.RPC}).Get(ctx, path, &answer); err != nil {
		return nil, err
	}
	if len(answer.Error) > 0 {
		return nil, fmt.Errorf("%s%s: %s", node.RPC, path, answer.Error)
	}
	signed := answer.Result.SignedHeader
	h := &Header{Height: int64(signed.Header.Height), Hash: signed.Commit.BlockID.Hash, AppHash: signed.Header.AppHash, Time: signed.Header.Time}
	const flagCommit = 2
	for _, s := range signed.Commit.Signatures {
		if s.Flag == flagCommit {
			h.Signers = append(h.Signers, s.Address)
		}
	}
	return h, nil
}

// NodeStatus is what a node says about itself.
type NodeStatus struct {
	// Height of the newest block, and Earliest the first that the node has.
	Height, Earliest int64
	CatchingUp       bool
	// Validator is the node's consensus address, upper-case hex.
	Validator string
}

// Status of the node.
func (node Node) Status(ctx context.Context) (*NodeStatus, error) {
	var answer struct {
		Result struct {
			Sync struct {
				Latest     Uint `json:"latest_block_height"`
				Earliest   Uint `json:"earliest_block_height"`
				CatchingUp bool `json:"catching_up"`
			} `json:"sync_info"`
			Validator struct {
				Address string `json:"address"`
			} `json:"validator_info"`
		} `json:"result"`
	}
	if err := (REST{URL: node.RPC}).Get(ctx, "/status", &answer); err != nil {
		return nil, err
	}
	r := answer.Result
	return &NodeStatus{Height: int64(r.Sync.Latest), Earliest: int64(r.Sync.Earliest), CatchingUp: r.Sync.CatchingUp, Validator: r.Validator.Address}, nil
}
