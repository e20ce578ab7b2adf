package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/relayer/faults"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// informer brings what the main chain says to one shard. All that it remembers are hints.
type informer struct {
	main    Main
	to      *station
	cfg     Config
	log     *slog.Logger
	metrics *Metrics
	told    *faults.Told
	// offered facts, since when, by their ids; a shard that says that it knows one is not told again.
	offered map[string]time.Time
	known   map[string]bool
	// brought header, and when.
	brought   int64
	broughtAt time.Time
	until     time.Time
	pause     time.Duration
	// exits that the main chain has sent to the shard, and what it has taken from there and the shard was not told of: since which height of the main chain.
	exits []*exits
	owing
	owedAt int64
	// others are the shards that the router has met, and searched what was looked for in ledgers' blocks.
	others   func() []*station
	searched map[string]*search
}

func newInformer(main Main, to *station, cfg Config, log *slog.Logger, metrics *Metrics, told *faults.Told, others func() []*station) *informer {
	return &informer{main: main, to: to, others: others, searched: map[string]*search{}, cfg: cfg, exits: exitsOf(to), log: log, metrics: metrics, told: told, offered: map[string]time.Time{}, known: map[string]bool{}}
}

// step: what the shard lacks of what the main chain said, it is told, once its light client has a header that proves it.
func (i *informer) step(ctx context.Context, n *network) error {
	v := i.to.seen()
	if v.ledgers == nil || n == nil {
		return nil
	}
	head, err := i.to.Light(ctx)
	if err != nil {
		return err
	}
	wanted := i.wanted(v, n, time.Now())
	lacks := i.lacksProof(head, v, n, time.Now())
	if n.height > head.Height && (lacks || i.lacksEnd(head, v, n) || i.behind(head, n, wanted)) {
		if err := i.header(ctx, head, n.height); err != nil {
			return err
		}
	}
	return errors.Join(i.facts(ctx, head, wanted), i.settle(ctx, head, v, n), i.exchange(ctx, head, v, n))
}

// facts that the shard lacks, as far as the header that it has proves them.
func (i *informer) facts(ctx context.Context, head lighttypes.Header, wanted []fact) error {
	for _, f := range wanted {
		// The state that the header commits is that of the height before it.
		if head.Height > f.since {
			if err := i.fact(ctx, head, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// behind tells whether the shard needs a newer header: for the epoch that it is in, or to prove a fact.
func (i *informer) behind(head lighttypes.Header, n *network, wanted []fact) bool {
	if blocks := i.to.params.Params.MainEpochBlocks; blocks > 0 && epoch.At(n.height, blocks) > epoch.At(head.Height, blocks) {
		return true
	}
	return slices.ContainsFunc(wanted, func(f fact) bool { return f.since >= head.Height })
}

// header of the main chain, the next one on the way to a height.
func (i *informer) header(ctx context.Context, head lighttypes.Header, height int64) error {
	if i.brought > head.Height && time.Since(i.broughtAt) < patience {
		return nil // it waits for a block
	}
	u, err := i.main.Update(ctx, head, height)
	if err != nil {
		return err
	}
	raw, err := encode(latticetypes.Carried{Content: &latticetypes.Carried_MainHeader{MainHeader: u}})
	if err != nil {
		return err
	}
	_, err = i.offer(ctx, "main_header", raw)
	if err == nil {
		i.brought, i.broughtAt = u.Block.SignedHeader.Header.Height, time.Now()
	}
	return err
}

// fact that a header of the shard's light client proves.
func (i *informer) fact(ctx context.Context, head lighttypes.Header, f fact) error {
	value, ops, err := i.main.Prove(ctx, f.store, f.key, head)
	if err != nil {
		return err
	}
	if len(value) == 0 {
		return fmt.Errorf("the main chain has nothing under key %X of store %q at height %d, and its node said so", f.key, f.store, head.Height-1)
	}
	raw, err := encode(latticetypes.Carried{Content: &latticetypes.Carried_Fact{Fact: &latticetypes.Fact{Height: head.Height, Store: f.store, Key: f.key, Value: value, Ops: ops}}})
	if err != nil {
		return err
	}
	verdict, err := i.offer(ctx, "fact", raw)
	if err != nil {
		return err
	}
	i.offered[f.id()] = time.Now()
	if verdict == done {
		i.known[f.id()] = true
	}
	return nil
}

func (i *informer) offer(ctx context.Context, step string, raw []byte) (verdict, error) {
	err := i.to.Submit(ctx, raw)
	switch v := judge(err); v {
	case accepted:
		i.metrics.carried(i.to.Name(), step)
		return v, nil
	case done:
		i.metrics.redundant(i.to.Name(), step)
		return v, nil
	default:
		if v == wrong {
			i.to.Rotate()
		}
		return v, fmt.Errorf("%s: %w", step, err)
	}
}

// wanted facts: those that the shard does not know by what it says, in the order in which it needs them.
func (i *informer) wanted(v view, n *network, now time.Time) (list []fact) {
	want := func(f fact) {
		if f.since > 0 && !i.known[f.id()] && now.Sub(i.offered[f.id()]) > patience {
			list = append(list, f)
		}
	}
	for _, name := range sortedNames(n.shards) {
		m := n.shards[name]
		ledger := v.ledger(name)
		for at, c := range m.committees {
			if i.lacksTerm(ledger.Members, &c) {
				want(m.terms[at])
			}
		}
		if i.lacksRecord(v, ledger, &m.shard) {
			want(m.record)
		}
		if i.lacksAudit(ledger, m) {
			want(m.audit)
		}
	}
	if n.table.Version > v.ledgers.RoutingVersion {
		want(n.fact)
	}
	return list
}

// lacksTerm tells whether a shard may not know a term, or where it begins. Of older terms than the newest it does not say: it is told, and says then.
func (i *informer) lacksTerm(newest *latticetypes.Members, c *shardstypes.Committee) bool {
	switch {
	case newest == nil || c.Term > newest.Term:
		return true
	case c.Term == newest.Term:
		return newest.FirstHeight == 0 && c.FirstHeight > 0
	}
	return c.FirstHeight > 0
}

// lacksRecord tells whether a shard does not know that another one has ended, or that it is to end itself.
func (i *informer) lacksRecord(v view, ledger latticetypes.Ledger, s *shardstypes.Shard) bool {
	if s.Name == i.to.Name() {
		return v.ledgers.FinalHeight == 0 && s.Status != shardstypes.Status_STATUS_ACTIVE && s.Status != shardstypes.Status_STATUS_FORMING
	}
	if s.Status != shardstypes.Status_STATUS_FROZEN && s.Status != shardstypes.Status_STATUS_RETIRED {
		return false
	}
	at := ledger.Standing
	return at == nil || !at.Ended || at.FinalHeight > s.FinalHeight || len(at.Children) != len(s.Children)
}

// lacksAudit tells whether auditors have confirmed more than a shard knows; where it takes anything unaudited it does not ask.
func (i *informer) lacksAudit(ledger latticetypes.Ledger, m *subject) bool {
	if m.audited == nil || m.shard.Name == i.to.Name() || i.to.params.Params.UnauditedUtop == 0 {
		return false
	}
	return ledger.Standing == nil || m.audited.Height > ledger.Standing.AuditedHeight
}

// run informs at every block of the shard, until ctx ends; network answers what the main chain said last.
func (i *informer) run(ctx context.Context, wake <-chan struct{}, network func() *network) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
		if time.Now().Before(i.until) {
			continue
		}
		err := i.step(ctx, network())
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errNoMainChain) {
			i.until = time.Now().Add(lastPause)
		}
		if i.told.News(i.to.Name()+" main", err) {
			i.log.Warn("what the main chain says is not brought to a shard, tried again", "shard", i.to.Name(), "error", err)
		}
		if err == nil {
			i.pause = 0
			continue
		}
		i.pause = min(max(2*i.pause, firstPause), lastPause)
		i.until = time.Now().Add(i.pause)
	}
}
