//go:build process

// Package process tests the network as its users meet it: real programs as processes, on one shared network. Run it with `make test-process`.
package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

const (
	// timeout of all tests together; they take some thirteen minutes on two cores that other packages use as well.
	timeout  = 28 * time.Minute
	messages = 60
)

// The network that all tests share, and what the play on it led to.
var (
	net    *localnet.Network
	played *play.Result
)

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	code, err := run(ctx, m)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, m *testing.M) (code int, err error) {
	build, err := filepath.Abs("../../build")
	if err != nil {
		return 0, err
	}
	dir := filepath.Join(build, "test-process")
	defer func() {
		if err != nil || code != 0 {
			fmt.Fprintln(os.Stderr, "logs are in", filepath.Join(dir, "logs"))
		}
	}()
	began := time.Now()
	logf := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	if net, err = localnet.Start(ctx, localnet.Config{
		Dir: dir, Bin: build, Users: 6, TimeoutCommit: 500 * time.Millisecond, EpochBlocks: 20, VotingPeriod: 10 * time.Second, Logf: logf,
	}); err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := stop(); err == nil {
			err = stopErr
		}
	}()
	if played, err = play.Run(ctx, net, play.Script{
		Messages: messages, Pace: 300 * time.Millisecond, KillRelayer: true, Offline: lookForPlaintext,
	}, logf); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// stop ends the network and makes sure that every process is gone.
func stop() error {
	record, err := localnet.ReadRecord(net.Dir)
	if err != nil {
		return err
	}
	if err := net.Stop(); err != nil {
		return err
	}
	for _, p := range record.Processes {
		if args := process.CommandLine(p.PID); args != nil {
			return fmt.Errorf("%s is stopped, and pid %d runs %q", p.Name, p.PID, args)
		}
	}
	return nil
}
