package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/topnetwork/top/testutil/localnet"
)

// Options of a run.
type Options struct {
	// Network is how local networks are started. Its Dir holds a folder per network.
	Network localnet.Config
	// Only these groups are measured; all when empty.
	Only []string
}

// Groups in their order. Later ones are compared with earlier ones. The shard and the network of shards are measured only where they are named: they take as long as all others.
var Groups = []string{"rules", "stock", "committee", "settle", "relay", "message", "node", "demo", "shard", "net"}

// NetworkDirs are the folders of local networks that a run leaves processes in when it is killed.
func NetworkDirs(dir string) []string {
	return []string{filepath.Join(dir, "network"), filepath.Join(dir, "demo")}
}

// run is what the groups share.
type run struct {
	Options
	// figures of earlier groups by name.
	figures map[string]float64
	// resident is the size of main-chain nodes in MiB, by where they ran.
	resident map[string]float64
	// network for settle, relay and message; nil until one of them needs it.
	network *scene
}

// Run measures group after group and hands over each group's results when it is done. A group that fails does not keep the others from being measured.
func Run(ctx context.Context, o Options, write func(...Result) error) error {
	for _, name := range o.Only {
		if group, _, _ := strings.Cut(name, "."); !slices.Contains(Groups, group) {
			return fmt.Errorf("no group is named %q: there are %q", name, Groups)
		}
	}
	if err := os.MkdirAll(o.Network.Dir, 0o700); err != nil {
		return err
	}
	r := &run{Options: o, figures: map[string]float64{}, resident: map[string]float64{}}
	measure := map[string]func(context.Context) ([]Result, error){
		"rules":     func(context.Context) ([]Result, error) { return Rules() },
		"stock":     r.stock,
		"committee": r.committee,
		"settle":    r.on((*scene).settle),
		"relay":     r.on((*scene).relay),
		"message":   r.on((*scene).message),
		"node":      r.node,
		"demo":      r.demo,
		"shard":     r.shard,
		"net":       r.net,
	}
	var failed []error
	for _, name := range Groups {
		if wanted := o.only(name) || len(o.Only) == 0 && name != "shard" && name != "net"; !wanted || ctx.Err() != nil {
			continue
		}
		began := time.Now()
		results, err := measure[name](ctx)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
			o.Network.Logf("%-14s failed after %.1fs: %v", name, time.Since(began).Seconds(), err)
		} else {
			o.Network.Logf("%-14s measured after %.1fs", name, time.Since(began).Seconds())
		}
		for _, res := range results {
			r.figures[res.Name] = res.Value
		}
		for _, miss := range Missed(results) {
			o.Network.Logf("%-14s %s", "BAR MISSED", miss)
		}
		if err := write(results...); err != nil {
			return errors.Join(append(failed, err)...)
		}
	}
	return errors.Join(append(failed, r.stop(), ctx.Err())...)
}

// only tells whether a group is named, or a part of one: "shard", "shard.1val". A group is named where a part of it is, and a part where its group is.
func (o Options) only(name string) bool {
	return slices.ContainsFunc(o.Only, func(only string) bool {
		return only == name || strings.HasPrefix(only, name+".") || strings.HasPrefix(name, only+".")
	})
}

// on runs a group on the shared network, which the first such group starts.
func (r *run) on(group func(*scene, context.Context) ([]Result, error)) func(context.Context) ([]Result, error) {
	return func(ctx context.Context) ([]Result, error) {
		if r.network == nil {
			s, err := newScene(ctx, r)
			if err != nil {
				return nil, err
			}
			r.network = s
		}
		return group(r.network, ctx)
	}
}

// node reports the largest main-chain node that the groups before left behind, and ends the shared network.
func (r *run) node(context.Context) ([]Result, error) {
	if r.network != nil {
		mib, err := residentMiB(r.network.Process(r.network.Main.Nodes[0].Name).Pid())
		if err != nil {
			return nil, err
		}
		r.resident["network"] = mib
	}
	largest := 0.0
	sizes := map[string]any{}
	for where, mib := range r.resident {
		largest = max(largest, mib)
		sizes[where+"_mib"] = mib
	}
	var results []Result
	if largest > 0 {
		sizes["what"] = "largest of a main-chain node after the transfers of stock.* and the first one of the network after settle, relay and message"
		results = append(results, newResult("node.rss_mib", largest, "MiB", sizes))
	}
	// The demo wants the machine for itself.
	return results, r.stop()
}

func (r *run) stop() error {
	if r.network == nil {
		return nil
	}
	err := r.network.close()
	r.network = nil
	return err
}
