package router

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const (
	// askedAtOnce of the main chain, shards or committees.
	askedAtOnce = 8
	// termsTold of each shard: where an older one ended nobody needs to know any more.
	termsTold = 3
)

// fact is a key of the main chain's state that shards learn of, with the value it had when the router saw it first.
type fact struct {
	store string
	key   []byte
	value []byte
	// since is a height of the main chain at which it stood there.
	since int64
}

// id of a fact among all.
func (f fact) id() string { return fmt.Sprintf("%s/%x/%x", f.store, f.key, f.value) }

// network is what the main chain says of the shards.
type network struct {
	height int64
	table  zonestypes.RoutingTable
	fact   fact
	shards map[string]*subject
	// gate is the main chain as a ledger; nil where it is none.
	gate *Gate
}

// subject is a shard by the main chain.
type subject struct {
	shard      shardstypes.Shard
	anchored   uint64
	audited    *shardstypes.Audited
	committees []shardstypes.Committee
	// record, audit and terms as facts.
	record, audit fact
	terms         []fact
}

// ask the main chain. known is what it said before: where committees do not change any more, they are not asked again.
func ask(ctx context.Context, main Main, known *network) (*network, error) {
	n := &network{shards: map[string]*subject{}}
	var err error
	if n.table, err = main.Table(ctx); err != nil {
		return nil, fmt.Errorf("routing table: %w", err)
	}
	shards, err := main.Shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("shards: %w", err)
	}
	if n.gate, err = main.Gate(ctx); err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(askedAtOnce)
	var mu sync.Mutex
	for _, s := range shards {
		group.Go(func() error {
			m, err := askShard(asking, main, s, known.of(s.Name))
			if err == nil {
				mu.Lock()
				n.shards[s.Name] = m
				mu.Unlock()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	// After all answers: what they said stood in the state of this height, or of one before.
	if n.height, err = main.Latest(ctx); err != nil {
		return nil, err
	}
	return n, n.date(known)
}

func (n *network) of(name string) *subject {
	if n == nil {
		return nil
	}
	return n.shards[name]
}

func askShard(ctx context.Context, main Main, s shardstypes.Shard, known *subject) (*subject, error) {
	res, err := main.Shard(ctx, s.Name)
	if err != nil {
		return nil, fmt.Errorf("shard %s: %w", s.Name, err)
	}
	m := &subject{shard: s, audited: res.Audited}
	if res.Anchor != nil {
		m.anchored = res.Anchor.Height
	}
	for term := max(s.Term, termsTold) - termsTold + 1; term <= s.Term; term++ {
		if known != nil {
			if c := known.settled(term); c != nil {
				m.committees = append(m.committees, *c)
				continue
			}
		}
		c, err := main.Committee(ctx, s.Name, term)
		if err != nil {
			return nil, fmt.Errorf("committee %d of %s: %w", term, s.Name, err)
		}
		m.committees = append(m.committees, c)
	}
	return m, nil
}

// settled committee of a term: where it begins is known, and then nothing of it changes.
func (m *subject) settled(term uint64) *shardstypes.Committee {
	for i, c := range m.committees {
		if c.Term == term && c.FirstHeight > 0 {
			return &m.committees[i]
		}
	}
	return nil
}

// date every fact: since when the router knows of it.
func (n *network) date(known *network) error {
	record := func(store string, key []byte, of interface{ Marshal() ([]byte, error) }, before fact) (fact, error) {
		value, err := of.Marshal()
		f := fact{store, key, value, n.height}
		if bytes.Equal(before.value, value) && before.since > 0 {
			f.since = before.since
		}
		return f, err
	}
	var err error
	if n.table.Version > 0 {
		var before fact
		if known != nil {
			before = known.fact
		}
		if n.fact, err = record(zonestypes.StoreKey, zonestypes.TableKey(), &n.table, before); err != nil {
			return err
		}
	}
	for name, m := range n.shards {
		before := known.of(name)
		if before == nil {
			before = &subject{}
		}
		if m.record, err = record(shardstypes.StoreKey, shardstypes.ShardKey(name), &m.shard, before.record); err != nil {
			return err
		}
		if m.audited != nil {
			if m.audit, err = record(shardstypes.StoreKey, shardstypes.AuditedKey(name), m.audited, before.audit); err != nil {
				return err
			}
		}
		for i := range m.committees {
			c := &m.committees[i]
			var old fact
			for j, o := range before.committees {
				if o.Term == c.Term && j < len(before.terms) {
					old = before.terms[j]
				}
			}
			f, err := record(shardstypes.StoreKey, shardstypes.CommitteeKey(name, c.Term), c, old)
			if err != nil {
				return err
			}
			m.terms = append(m.terms, f)
		}
	}
	return nil
}

// sortedNames of what is kept by name.
func sortedNames[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
