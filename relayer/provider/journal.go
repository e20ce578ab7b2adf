package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/topnetwork/top/sdk/keyfile"
)

// notebook keeps what the main chain said last, so that a provider that starts while the main chain is silent knows what one that ran on would know.
type notebook struct {
	path string
	last heard
}

// heard is the main chain's word on one provider.
type heard struct {
	ChainID  string    `json:"chain_id"`
	Address  string    `json:"address"`
	At       time.Time `json:"at"`
	Standing Standing  `json:"standing"`
}

// recall answers what an earlier run heard; what is unreadable, or of another chain or account, says nothing.
func (j *notebook) recall(chainID, address string) (heard, bool) {
	bz, err := os.ReadFile(j.path)
	if err != nil {
		return heard{}, false
	}
	var h heard
	if json.Unmarshal(bz, &h) != nil || h.ChainID != chainID || h.Address != address {
		return heard{}, false
	}
	return h, true
}

// write what was heard when it differs from what stands there; its time is then that of the first word, which errs to the safe side.
func (j *notebook) write(h heard) error {
	if h.Standing == j.last.Standing {
		return nil
	}
	bz, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := keyfile.Write(j.path, bz); err != nil {
		return fmt.Errorf("%s: %w", j.path, err)
	}
	j.last = h
	return nil
}
