package router

import (
	"errors"
	"fmt"
	"time"
)

// Config is the router section of the relayer's config.yaml.
type Config struct {
	// Nodes is a file that says where the shards' nodes are (relayer/nodes).
	Nodes string `yaml:"nodes"`
	// Key names the account that signs on the main chain; empty in a network without one.
	Key string `yaml:"key"`
	// Poll is the pause between two looks at a shard that tells of no blocks.
	Poll time.Duration `yaml:"poll"`
	// Confirm and ConfirmBatches are how long, and how many batches, a shard waits at most to be told that what it has sent was taken.
	Confirm        time.Duration `yaml:"confirm"`
	ConfirmBatches uint64        `yaml:"confirm_batches"`
	// Anchor is the pause between two anchors of the shards' headers on the main chain.
	Anchor time.Duration `yaml:"anchor"`
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	if c.Nodes == "" {
		return errors.New("router.nodes is empty: name a file that says where the shards' nodes are, a line each: CHAIN-ID RPC GRPC, or for each host: host URL")
	}
	for _, bound := range []struct {
		name        string
		value       time.Duration
		least, most time.Duration
	}{{"poll", c.Poll, 50 * time.Millisecond, time.Minute}, {"confirm", c.Confirm, 100 * time.Millisecond, 10 * time.Minute}, {"anchor", c.Anchor, time.Second, time.Hour}} {
		if bound.value < bound.least || bound.value > bound.most {
			return fmt.Errorf("router.%s is %s, want %s to %s", bound.name, bound.value, bound.least, bound.most)
		}
	}
	if c.ConfirmBatches < 1 || c.ConfirmBatches > maxConfirmBatches {
		return fmt.Errorf("router.confirm_batches is %d, want 1 to %d: a shard sends nothing to one that owes it a thousand confirmations", c.ConfirmBatches, maxConfirmBatches)
	}
	return nil
}

// maxConfirmBatches is half of what waits in an outbox before nothing more is sent (x/lattice: MaxWaiting).
const maxConfirmBatches = 512
