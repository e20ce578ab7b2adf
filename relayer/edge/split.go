package edge

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
)

const (
	// splitPatience is how long a transaction waits for the shard that goes on from one that has ended.
	splitPatience = 20 * time.Second
	// splitPoll is the pause between two looks for it.
	splitPoll = 100 * time.Millisecond
	// carried for so long: what a shard took longer ago is in its blocks, or was dropped.
	carriedFor = 2 * time.Minute
)

// sentTx is a transaction that a shard has taken.
type sentTx struct {
	shard string
	raw   []byte
	at    time.Time
}

// remember to which shard a transaction went.
func (e *Edge) remember(raw []byte, shard string) {
	e.sent.Add(sendtx.Hash(raw), sentTx{shard, slices.Clone(raw), time.Now()})
}

// ended tells whether a refusal is that of a shard that has ended.
func ended(refusal string) bool { return strings.Contains(refusal, lattice.ErrEnded.Error()) }

// heir of a shard that has ended, for an account: waited for until it answers. Nil when it does not in time.
func (v view) heir(ctx context.Context, from *shard, a lattice.Address) *shard {
	ctx, cancel := context.WithTimeout(ctx, splitPatience)
	defer cancel()
	tick := time.NewTicker(splitPoll)
	defer tick.Stop()
	for {
		if s, err := v.of(a); err == nil && s.name != from.name && s.latest() != nil && !v.carrying.Load() {
			return s
		}
		v.wake()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// better tells whether to go by another table: not while the present one's shards all answer and the other's do not yet. A shard that has split is read from until its children can be.
func (e *Edge) better(now, next trie.Table) bool {
	return !slices.Equal(now, next) && (e.answered(next) || !e.answered(now))
}

// answered tells whether all shards of a table can be asked.
func (e *Edge) answered(t trie.Table) bool {
	return !slices.ContainsFunc(t, func(r trie.Route) bool { return e.routed(r.Name).latest() == nil })
}

// carryOver what shards that are in the table no more have taken lately, to the shards that have the senders now: it may have been too late there. What was in time is refused here, by its sequence.
func (e *Edge) carryOver(ctx context.Context, before, after trie.Table) {
	gone := map[string]bool{}
	for _, r := range before {
		gone[r.Name] = !slices.ContainsFunc(after, func(n trie.Route) bool { return n.Name == r.Name })
	}
	var late [][]byte
	// The oldest first: an account's transactions stay in their order.
	for _, hash := range e.sent.Keys() {
		if tx, ok := e.sent.Peek(hash); ok && gone[tx.shard] && time.Since(tx.at) < carriedFor {
			late = append(late, tx.raw)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, splitPatience)
	defer cancel()
	v := view{Edge: e}
	for len(late) > 0 {
		n := min(len(late), maxTransactions)
		parts, err := v.split(late[:n])
		if err != nil {
			e.log.WarnContext(ctx, "transactions of a shard that has ended were not carried over", "error", err)
			return
		}
		refused := len(v.deliver(ctx, streams{}, parts))
		e.log.InfoContext(ctx, "transactions of a shard that has ended were carried over", "offered", n, "refused", refused)
		late = late[n:]
	}
}

// past are the shards that these have come from and whose nodes still answer: what was in their blocks is nowhere else.
func (v view) past(all []*shard) (list []*shard) {
	for _, s := range all {
		for _, name := range s.ancestors() {
			if p := v.placed(name); p != nil && p.latest() != nil && !slices.Contains(all, p) && !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// pastOf the shard of an account: of those that it comes from, the ones that had the account.
func (v view) pastOf(s *shard, a lattice.Address) []*shard {
	bucket := lattice.BucketOf(a)
	return slices.DeleteFunc(v.past([]*shard{s}), func(p *shard) bool {
		named, err := trie.ParseName(p.name)
		return err == nil && !named.Prefix.Holds(bucket)
	})
}

// ancestors of a shard, as its nodes tell.
func (s *shard) ancestors() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parents
}
