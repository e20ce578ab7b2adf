package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
)

// TestMain lets the test binary play the parent that is killed, see TestChildrenDieWithTheirParent.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PROCESS_TEST_PARENT"); dir != "" {
		for _, outlive := range []bool{false, true} {
			child, err := process.Start(process.Spec{
				Name: "child", Path: "/bin/sh", Args: []string{"-c", "exec sleep 300"}, Log: filepath.Join(dir, "child.log"), Outlive: outlive,
			})
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			fmt.Println(child.Pid())
		}
		select {}
	}
	os.Exit(m.Run())
}

func shell(t *testing.T, script string) process.Spec {
	t.Helper()
	return process.Spec{Name: "shell", Path: "/bin/sh", Args: []string{"-c", script}, Log: filepath.Join(t.TempDir(), "logs", "shell.log")}
}

func start(t *testing.T, spec process.Spec) *process.Process {
	t.Helper()
	p, err := process.Start(spec)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// logged waits until the process has written a line to its log.
func logged(t *testing.T, p *process.Process, line string) {
	t.Helper()
	require.NoError(t, process.Await(within(t, 10*time.Second), line, func(context.Context) error {
		tail, err := process.Tail(p.Spec.Log, 100)
		if err == nil && !strings.Contains(tail, line) {
			err = fmt.Errorf("log has %q", tail)
		}
		return err
	}))
}

func gone(pid int) func(context.Context) error {
	return func(context.Context) error {
		if args := process.CommandLine(pid); args != nil {
			return fmt.Errorf("pid %d runs %q", pid, args)
		}
		return nil
	}
}

// runs is a condition: a shell that executes a program has become that program.
func runs(pid int, program string) func(context.Context) error {
	return func(context.Context) error {
		if args := process.CommandLine(pid); len(args) == 0 || args[0] != program {
			return fmt.Errorf("pid %d runs %q", pid, args)
		}
		return nil
	}
}

func TestExitIsReportedWithTheLogsLastLines(t *testing.T) {
	p := start(t, shell(t, "echo to-stdout; echo the reason >&2; exit 3"))
	require.EqualError(t, p.Err(), "exit status 3")
	require.False(t, p.Running())
	require.ErrorContains(t, p.Exited(), "exit status 3")
	require.ErrorContains(t, p.Exited(), "| to-stdout\n  | the reason")
	require.ErrorContains(t, p.Exited(), p.Spec.Log)
	require.NoError(t, p.Stop(time.Second), "an ended process is already stopped")
}

func TestRestartKeepsTheLog(t *testing.T) {
	spec := shell(t, "echo run")
	for range 2 {
		require.NoError(t, start(t, spec).Err())
	}
	tail, err := process.Tail(spec.Log, 10)
	require.NoError(t, err)
	require.Equal(t, "run\nrun", tail)
}

func TestStopAsksThenKills(t *testing.T) {
	polite := start(t, shell(t, `trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done`))
	logged(t, polite, "up")
	require.NoError(t, polite.Stop(10*time.Second))
	logged(t, polite, "bye")
	require.NoError(t, polite.Err())

	deaf := start(t, shell(t, `trap '' TERM; echo up; while :; do sleep 0.01; done`))
	logged(t, deaf, "up")
	require.ErrorContains(t, deaf.Stop(200*time.Millisecond), "was killed")
	require.EqualError(t, deaf.Err(), "signal: killed")

	paused := start(t, shell(t, `trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done`))
	logged(t, paused, "up")
	require.NoError(t, paused.Signal(syscall.SIGSTOP))
	require.NoError(t, paused.Stop(10*time.Second))
}

func TestGroupEndsWithItsLeader(t *testing.T) {
	p := start(t, shell(t, `sleep 300 & echo grandchild $!; exit 0`))
	require.NoError(t, p.Err())
	tail, err := process.Tail(p.Spec.Log, 1)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimPrefix(tail, "grandchild "))
	require.NoError(t, err)
	require.NoError(t, process.Await(within(t, 10*time.Second), "the end of the grandchild", gone(pid)))
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "PROCESS_TEST_PARENT="+t.TempDir())
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Process.Kill() })
	lines := bufio.NewScanner(out)
	var pids []int
	for len(pids) < 2 && lines.Scan() {
		pid, err := strconv.Atoi(lines.Text())
		require.NoError(t, err)
		require.NoError(t, process.Await(within(t, 10*time.Second), "the child", runs(pid, "sleep")))
		pids = append(pids, pid)
	}
	require.Len(t, pids, 2)

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	require.NoError(t, process.Await(within(t, 10*time.Second), "the end of the child", gone(pids[0])))
	ended, err := process.End(pids[1], func(args []string) bool { return args[0] == "sleep" }, time.Second)
	require.NoError(t, err)
	require.True(t, ended, "the child that may outlive its parent still runs")
}

func TestPipeCarriesLines(t *testing.T) {
	spec := shell(t, `while read line; do echo "got $line"; done; echo end`)
	spec.Pipe = true
	p := start(t, spec)
	out := bufio.NewScanner(p.Stdout)
	_, err := fmt.Fprintln(p.Stdin, "one")
	require.NoError(t, err)
	require.True(t, out.Scan())
	require.Equal(t, "got one", out.Text())
	require.NoError(t, p.Stdin.Close())
	require.NoError(t, p.Err())
	require.True(t, out.Scan(), "what was written before the end is not lost")
	require.Equal(t, "end", out.Text())
	require.False(t, out.Scan())
}

func TestRun(t *testing.T) {
	spec := shell(t, `echo answer; echo detail >&2`)
	out, err := process.Run(context.Background(), spec)
	require.NoError(t, err)
	require.Equal(t, "answer\n", string(out))

	_, err = process.Run(context.Background(), shell(t, `echo broken >&2; exit 1`))
	require.ErrorContains(t, err, "| broken")

	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err = process.Run(ctx, shell(t, `exec sleep 300`))
	require.ErrorIs(t, err, context.DeadlineExceeded)

	_, err = process.Run(context.Background(), process.Spec{Name: "missing", Path: "/no/such/program", Log: filepath.Join(t.TempDir(), "log")})
	require.ErrorContains(t, err, "start missing")
}

func TestAwait(t *testing.T) {
	never := func(context.Context) error { return errors.New("height is 3") }
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := process.Await(ctx, "height 5", never)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "height 5")
	require.ErrorContains(t, err, "height is 3")

	dead := start(t, shell(t, "echo port taken >&2; exit 1"))
	err = process.Await(within(t, 10*time.Second), "height 5", never, dead)
	require.ErrorContains(t, err, "height 5")
	require.ErrorContains(t, err, "port taken")

	tries := 0
	require.NoError(t, process.Await(within(t, 10*time.Second), "three tries", func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	}))
}

func TestEndTouchesOnlyTheExpectedProcess(t *testing.T) {
	p := start(t, shell(t, "exec sleep 300"))
	require.NoError(t, process.Await(within(t, 10*time.Second), "the program", runs(p.Pid(), "sleep")))
	ended, err := process.End(p.Pid(), func(args []string) bool { return args[0] == "topchaind" }, time.Second)
	require.NoError(t, err)
	require.False(t, ended)
	require.True(t, p.Running())

	// A paused process is ended as well: that is how a fault test may have left it.
	require.NoError(t, p.Signal(syscall.SIGSTOP))
	ended, err = process.End(p.Pid(), func(args []string) bool { return args[0] == "sleep" }, time.Second)
	require.NoError(t, err)
	require.True(t, ended)
	require.EqualError(t, p.Err(), "signal: terminated")

	ended, err = process.End(p.Pid(), func([]string) bool { return true }, time.Second)
	require.NoError(t, err)
	require.False(t, ended, "there is nothing left to end")
}

func TestTailCutsLongLinesAndOldOnes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(path, []byte("first\n"+strings.Repeat("x", 200_000)+"\nlast\n"), 0o600))
	tail, err := process.Tail(path, 2)
	require.NoError(t, err)
	require.Less(t, len(tail), 1000)
	require.True(t, strings.HasSuffix(tail, "…\nlast"))
}

func TestCPUCountsWork(t *testing.T) {
	p := start(t, shell(t, "while :; do :; done"))
	require.NoError(t, process.Await(within(t, 30*time.Second), "a tenth of a second of work", func(context.Context) error {
		used, err := process.CPU(p.Pid())
		if err == nil && used < 100*time.Millisecond {
			err = fmt.Errorf("used %s", used)
		}
		return err
	}))
	require.NoError(t, p.Kill())
	_, err := process.CPU(p.Pid())
	require.Error(t, err)
}
