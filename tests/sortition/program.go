// Package sortition has another implementation of protocol/sortition, in JavaScript: it shares no code with ours, makes seeds and committees again from what a chain
// publishes, and is run by Node 18 or newer.
package sortition

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

//go:embed *.mjs
var source embed.FS

// Committee of an epoch as the program has made it again.
type Committee struct {
	Epoch uint64 `json:"epoch"`
	// Height from which it votes.
	Height int64 `json:"height"`
	// Elected is false where everyone sits on, for want of an election that could be held.
	Elected bool `json:"elected"`
	// Replaced are those elected who could not sit, so that standbys do.
	Replaced int `json:"replaced"`
	// Voters by the addresses of their consensus keys, in ascending order.
	Voters []string `json:"voters"`
}

// Committees makes the committees of epochs again from one node's REST server and holds them against what its RPC server says; any difference is an error.
func Committees(ctx context.Context, rest, rpc string, from, to uint64) ([]Committee, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("%w: install Node 18 or newer, committees are recomputed by a program in JavaScript", err)
	}
	dir, err := os.MkdirTemp("", "committees")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, source); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, node, filepath.Join(dir, "committee.mjs"), rest, rpc, strconv.FormatUint(from, 10), strconv.FormatUint(to, 10))
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("committees of epochs %d to %d by %s: %w\n%s", from, to, rest, err, &failure)
	}
	var made []Committee
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, fmt.Errorf("the program printed %.300q: %w", out, err)
	}
	return made, nil
}

// Changes counts the epochs whose committee is not that of the epoch before.
func Changes(made []Committee) (n int) {
	for i := 1; i < len(made); i++ {
		if fmt.Sprint(made[i].Voters) != fmt.Sprint(made[i-1].Voters) {
			n++
		}
	}
	return n
}
