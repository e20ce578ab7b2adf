package edge

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/topnetwork/top/protocol/lattice"
)

// atOnce shards are asked by one request.
const atOnce = 16

// view of the network: all shards as if they were one chain, or one of them as it is.
type view struct {
	*Edge
	// only is the one shard's name; empty for all.
	only string
}

// shardHeader names in gRPC's metadata and in HTTP the shard that is asked; in HTTP, /shard/NAME before the path does, too.
const shardHeader = "x-top-shard"

type viewKey struct{}

// viewOf a request.
func (e *Edge) viewOf(ctx context.Context) view {
	only, _ := ctx.Value(viewKey{}).(string)
	return view{e, only}
}

// within a view of one shard; an empty name is the network's.
func within(ctx context.Context, name string) context.Context {
	if name == "" {
		return ctx
	}
	return context.WithValue(ctx, viewKey{}, name)
}

// list of the view's shards, in the order of their accounts.
func (v view) list() ([]*shard, error) {
	if v.only != "" {
		s, err := v.shard(v.only)
		if err != nil {
			return nil, err
		}
		return []*shard{s}, nil
	}
	table, _ := v.routes.now()
	if len(table) == 0 {
		return nil, fmt.Errorf("%w: the edge does not know the network's shards yet", errUnreachable)
	}
	out := make([]*shard, len(table))
	for i, r := range table {
		out[i] = v.routed(r.Name)
	}
	return out, nil
}

// shard by its name.
func (e *Edge) shard(name string) (*shard, error) {
	if s := e.placed(name); s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("%w: %.60q", errNoShard, name)
}

// errNoShard tells of a name that is none.
var errNoShard = errors.New("this edge knows no shard of that name")

// placed shard; nil where nothing is known of it.
func (e *Edge) placed(name string) *shard {
	e.placing.RLock()
	defer e.placing.RUnlock()
	return e.shards[name]
}

// routed shard, which the table names. One of which nothing is known yet has no node that could be asked.
func (e *Edge) routed(name string) *shard {
	if s := e.placed(name); s != nil {
		return s
	}
	return &shard{name: name}
}

// of an account: the shard that owns it.
func (v view) of(a lattice.Address) (*shard, error) {
	if v.only != "" {
		return v.shard(v.only)
	}
	table, _ := v.routes.now()
	route, ok := table.Owner(a)
	if !ok {
		return nil, fmt.Errorf("%w: no shard has the account", errUnreachable)
	}
	return v.routed(route.Name), nil
}

// any shard answers what is the same everywhere: the first that can be reached, so that answers do not jump.
func (v view) any() (*shard, error) {
	all, err := v.list()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.latest() != nil {
			return s, nil
		}
	}
	return all[0], nil
}

// single shard of the view, for what only one can answer.
func (v view) single(what string) (*shard, error) {
	all, err := v.list()
	if err != nil {
		return nil, err
	}
	if len(all) > 1 {
		return nil, fmt.Errorf("%s is of one shard, and the network has %d: ask for it below /shard/NAME, or name the shard by %s, e.g. %s", what, len(all), shardHeader, all[0].name)
	}
	return all[0], nil
}

// told is what one shard has answered.
type told[T any] struct {
	shard *shard
	value T
	err   error
}

// each of the shards is asked, some at once; the answers are in their order.
func each[T any](ctx context.Context, all []*shard, f func(ctx context.Context, s *shard) (T, error)) []told[T] {
	out := make([]told[T], len(all))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, s := range all {
		group.Go(func() error {
			out[i].shard = s
			out[i].value, out[i].err = f(ctx, s)
			return nil
		})
	}
	_ = group.Wait()
	return out
}

// failures of the shards that did not answer.
func failures[T any](all []told[T]) (err error) {
	for _, t := range all {
		if t.err != nil && errors.Is(t.err, errUnreachable) {
			err = errors.Join(err, t.err)
		}
	}
	return err
}
