package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/testutil/localnet"
)

// ShardSoak is a shard under load whose members are killed at random moments.
type ShardSoak struct {
	// Kills in all; of one member or, one time in five, of all of them.
	Kills int
	Seed  uint64
}

// ShardSoakResult is what became of it.
type ShardSoakResult struct {
	Members    int     `json:"members"`
	Seed       uint64  `json:"seed"`
	Seconds    float64 `json:"seconds"`
	Kills      int     `json:"kills"`
	KillsOfAll int     `json:"kills_of_all"`
	Height     int64   `json:"height"`
	// Acknowledged transfers: a member has said in which block they are. Lost ones are in that block on some members only, or in another.
	Acknowledged int  `json:"acknowledged"`
	Lost         int  `json:"lost"`
	SameState    bool `json:"same_state"`
	InvariantsOK bool `json:"invariants_ok"`
}

// The load and the faults of a soak.
const (
	soakMembers, soakClients = 4, 32
	// soakPause is the longest before a kill, soakResend how long a client waits until it sends a transfer again, to another member.
	soakPause, soakResend = 600 * time.Millisecond, 2 * time.Second
)

// acknowledged transfer of a client.
type acknowledged struct {
	hash   string
	height string
}

// Run a shard in a folder, kill its members, and hold it to what it has acknowledged.
func (k ShardSoak) Run(ctx context.Context, cfg localnet.Config, dir string) (r *ShardSoakResult, err error) {
	s, err := startShard(ctx, cfg, dir, shardConfig{members: soakMembers, accounts: soakClients, kind: lattice.Ed25519})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	began := time.Now()
	r = &ShardSoakResult{Members: soakMembers, Seed: k.Seed}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var known []acknowledged
	ended := make(chan error, 1)
	go func() {
		ended <- together(soakClients, func(i int) error {
			list, err := s.sendOn(loading, i)
			mu.Lock()
			defer mu.Unlock()
			known = append(known, list...)
			return err
		})
	}()
	killed := k.kill(ctx, s, r, cfg.Logf)
	stop()
	if err := errors.Join(killed, <-ended); err != nil {
		return r, err
	}
	r.Acknowledged = len(known)
	if r.Lost, err = s.lost(ctx, known); err != nil {
		return r, err
	}
	if err := errors.Join(s.sameState(ctx), s.invariants(ctx)); err != nil {
		return r, err
	}
	m, err := s.metas(ctx, 0, 0)
	if err != nil {
		return r, err
	}
	r.SameState, r.InvariantsOK, r.Height, r.Seconds = true, true, m.last, time.Since(began).Seconds()
	if r.Acknowledged == 0 || r.Lost > 0 {
		return r, fmt.Errorf("%d of %d acknowledged transfers are lost", r.Lost, r.Acknowledged)
	}
	return r, nil
}

// kill members at random moments; each is started again at once and must make a block before the next is killed.
func (k ShardSoak) kill(ctx context.Context, s *shardNet, r *ShardSoakResult, logf func(format string, args ...any)) error {
	random := rand.New(rand.NewPCG(k.Seed, 0)) //nolint:gosec // faults that a seed repeats
	for r.Kills < k.Kills {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(random.Int64N(int64(soakPause)))):
		}
		victims := []int{random.IntN(len(s.procs))}
		if random.IntN(5) == 0 {
			victims = random.Perm(len(s.procs))
			r.KillsOfAll++
		}
		before, err := s.anyHeight(ctx)
		if err != nil {
			return err
		}
		for _, i := range victims {
			if err := s.procs[i].Kill(); err != nil {
				return err
			}
		}
		for _, i := range victims {
			if s.procs[i], err = process.Start(s.procs[i].Spec); err != nil {
				return err
			}
		}
		r.Kills++
		if r.Kills%20 == 0 {
			logf("%d kills, height %d", r.Kills, before)
		}
		for _, i := range victims {
			if err := s.reaches(ctx, i, before+2); err != nil {
				return err
			}
		}
	}
	return nil
}

// anyHeight is the newest block's of any member.
func (s *shardNet) anyHeight(ctx context.Context) (height int64, err error) {
	for i := range s.nodes {
		m, err := s.metas(ctx, i, 0)
		if err == nil {
			height = max(height, m.last)
		}
	}
	if height == 0 {
		err = errors.New("no member says which block is the last")
	}
	return height, err
}

// reaches waits until a member has a block.
func (s *shardNet) reaches(ctx context.Context, node int, height int64) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return process.Await(ctx, fmt.Sprintf("block %d of %s", height, s.nodes[node].Home), func(ctx context.Context) error {
		m, err := s.metas(ctx, node, 0)
		if err == nil && m.last < height {
			err = fmt.Errorf("height is %d", m.last)
		}
		return err
	}, s.procs[node])
}

// sendOn sends one client's transfers, each until some member says in which block it is, whoever is killed meanwhile.
func (s *shardNet) sendOn(ctx context.Context, client int) (list []acknowledged, err error) {
	from, to := s.signers[client], s.signers[(client+1)%len(s.signers)]
	for node := client; ctx.Err() == nil; {
		raw, err := from.transfer(sendtx.AddressOf(to.key))
		if err != nil {
			return list, err
		}
		ack := acknowledged{hash: fmt.Sprintf("0x%x", sendtx.Hash(raw))}
		for ack.height == "" && ctx.Err() == nil {
			ack.height = s.attempt(ctx, node%len(s.nodes), raw, ack.hash)
			if ack.height == "" {
				node++
			}
		}
		if ack.height != "" {
			list = append(list, ack)
		}
	}
	return list, nil
}

// attempt to bring a transfer into a block through one member; it answers the block, or nothing where the member is away or takes too long.
func (s *shardNet) attempt(ctx context.Context, node int, raw []byte, hash string) (height string) {
	ctx, cancel := context.WithTimeout(ctx, soakResend)
	defer cancel()
	var ignored json.RawMessage
	if _, err := rpcGet(ctx, s.nodes[node].RPC, "broadcast_tx_sync", url.Values{"tx": {fmt.Sprintf("0x%x", raw)}}, &ignored); err != nil {
		select {
		case <-ctx.Done():
		case <-time.After(confirmPoll):
		}
		return ""
	}
	for ctx.Err() == nil {
		var found struct {
			Height string `json:"height"`
		}
		if ok, err := rpcGet(ctx, s.nodes[node].RPC, "tx", url.Values{"hash": {hash}}, &found); err == nil && ok {
			return found.Height
		}
		select {
		case <-ctx.Done():
		case <-time.After(confirmPoll):
		}
	}
	return ""
}

// lost counts acknowledged transfers that a member does not have in the block that was named.
func (s *shardNet) lost(ctx context.Context, known []acknowledged) (lost int, err error) {
	last, err := s.anyHeight(ctx)
	if err != nil {
		return 0, err
	}
	for i, node := range s.nodes {
		if err := s.reaches(ctx, i, last); err != nil {
			return 0, err
		}
		for _, a := range known {
			var found struct {
				Height string `json:"height"`
			}
			ok, err := rpcGet(ctx, node.RPC, "tx", url.Values{"hash": {a.hash}}, &found)
			if err != nil {
				return lost, err
			}
			if !ok || found.Height != a.height {
				lost++
			}
		}
	}
	return lost, nil
}
