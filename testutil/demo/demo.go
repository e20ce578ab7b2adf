// Package demo is what topdemo runs: the network at work, the network alone, and the benchmarks.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/topnetwork/top/testutil/bench"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/crowd"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// wellKnownREST is where `topdemo localnet` serves the main chain's REST if nobody else does.
const wellKnownREST = 1317

// Demo is one call of topdemo.
type Demo struct {
	// Bin is the folder with the programs; each command works in a folder of its own in there.
	Bin string
	// Keep leaves the network running.
	Keep bool
	// Stdout gets results, Stderr progress.
	Stdout, Stderr io.Writer
}

const usage = `topdemo                 the network at work: messages between two users, paid and settled; one JSON line on stdout
topdemo localnet        the network without the play, until interrupted
topdemo bench           what the network costs and how fast it is, as JSON lines (ONLY=rules,committee,… measures some of it, REPORT=FILE for a page)
topdemo soak            a long conversation under random faults (SOAK=30m, SEED=1); one JSON line on stdout
topdemo soak-committee  21 members and 7 standbys under random faults (SOAK=20m, SEED=1, REPORT=FILE for a page); one JSON line on stdout
topdemo soak-shard      a shard of four members under load, killed 200 times (KILLS=200, SEED=1); one JSON line on stdout
topdemo stop            end what KEEP=1 left running
`

// Run does what the arguments say.
func (d Demo) Run(ctx context.Context, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("too many arguments: %q\n%s", args, usage)
	}
	command := ""
	if len(args) == 1 {
		command = args[0]
	}
	switch command {
	case "":
		return d.play(ctx)
	case "localnet":
		return d.localnet(ctx)
	case "bench":
		return d.bench(ctx)
	case "soak":
		return d.soak(ctx)
	case "soak-committee":
		return d.soakCommittee(ctx)
	case "soak-shard":
		return d.soakShard(ctx)
	case "stop":
		return d.stop()
	case "help", "-h", "--help":
		_, err := io.WriteString(d.Stdout, usage)
		return err
	default:
		return fmt.Errorf("unknown command %q\n%s", command, usage)
	}
}

func (d Demo) dir(name string) string { return filepath.Join(d.Bin, name) }

// progress prints a line with the time since the start.
func (d Demo) progress() func(format string, args ...any) {
	began := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(d.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
}

// config of a network that is fast enough to watch: half-second blocks, epochs of ten seconds or so.
func (d Demo) config(dir string) localnet.Config {
	return localnet.Config{Dir: dir, Bin: d.Bin, TimeoutCommit: 500 * time.Millisecond, EpochBlocks: 20, Logf: d.progress()}
}

func (d Demo) play(ctx context.Context) error {
	crowd, err := crowd.New(demoPayers)
	if err != nil {
		return err
	}
	cfg := sharded(play.Stage(d.config(d.dir("demo"))), crowd.Accounts())
	cfg.Outlive = d.Keep
	cfg.Logf("demo in %s", cfg.Dir)
	result, n, err := perform(ctx, cfg, crowd)
	if err != nil {
		return fmt.Errorf("%w\nlogs are in %s", err, filepath.Join(cfg.Dir, "logs"))
	}
	if d.Keep {
		cfg.Logf("the network runs on: endpoints, keys and pids are in %s; end it with `%s stop`", filepath.Join(cfg.Dir, localnet.RecordFile), os.Args[0])
	} else if err := n.Stop(); err != nil {
		return fmt.Errorf("stop: %w\nlogs are in %s", err, filepath.Join(cfg.Dir, "logs"))
	}
	cfg.Logf("a shard of its own: ten thousand transfers")
	act, err := bench.ShardAct(ctx, cfg, d.dir("demo-shard"))
	if err != nil {
		return fmt.Errorf("shard: %w\nlogs are in %s", err, filepath.Join(d.dir("demo-shard"), "logs"))
	}
	cfg.Logf("%d transfers at %.0f a second; a single one is in a block after %.0f ms", act.Transfers, act.PerSecond, act.Confirm50)
	result.Shard = act
	return json.NewEncoder(d.Stdout).Encode(result)
}

func (d Demo) localnet(ctx context.Context) error {
	cfg := sharded(play.Stage(d.config(d.dir("localnet"))), nil)
	cfg.RESTPort = wellKnownREST
	n, err := localnet.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%w\nlogs are in %s", err, filepath.Join(cfg.Dir, "logs"))
	}
	edge, err := carry(ctx, n)
	if err != nil {
		return fmt.Errorf("%w\nlogs are in %s", errors.Join(err, n.Stop()), filepath.Join(cfg.Dir, "logs"))
	}
	cfg.Logf("wallets' address of the shards: REST at %s, RPC at %s, gRPC at %s", edge.REST, edge.RPC, edge.GRPC)
	cfg.Logf("REST of the main chain at %s, of the service chain at %s", n.Main.Nodes[0].REST, n.Service.Nodes[0].REST)
	cfg.Logf("everything else is in %s; interrupt to stop", filepath.Join(cfg.Dir, localnet.RecordFile))
	select {
	case <-ctx.Done():
		cfg.Logf("stopping")
		return n.Stop()
	case err := <-n.Failed(ctx):
		return errors.Join(err, n.Stop())
	}
}

func (d Demo) stop() error {
	for _, dir := range append(bench.NetworkDirs(d.dir("bench")), d.dir("demo"), d.dir("localnet"), d.dir("soak"), d.dir("soak-committee")) {
		ended, err := localnet.EndRecorded(dir)
		if err != nil {
			return err
		}
		for _, process := range ended {
			fmt.Fprintf(d.Stderr, "ended %s of %s\n", process, dir)
		}
	}
	return nil
}

func (d Demo) bench(ctx context.Context) error {
	options := bench.Options{Network: d.config(d.dir("bench"))}
	if only := os.Getenv("ONLY"); only != "" {
		options.Only = strings.Split(only, ",")
	}
	var all []bench.Result
	err := bench.Run(ctx, options, func(results ...bench.Result) error {
		all = append(all, results...)
		return bench.Write(d.Stdout, results...)
	})
	if report := os.Getenv("REPORT"); err == nil && report != "" {
		err = os.WriteFile(report, []byte(bench.Page(all, os.Getenv("COMMIT"), time.Now())), 0o644)
	}
	if err != nil {
		return fmt.Errorf("%w\nlogs are in %s", err, options.Network.Dir)
	}
	return nil
}
