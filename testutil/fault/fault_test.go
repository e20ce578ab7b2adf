package fault_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
)

func logSize(t *testing.T, p *process.Process) int64 {
	t.Helper()
	info, err := os.Stat(p.Spec.Log)
	require.NoError(t, err)
	return info.Size()
}

func growsBeyond(t *testing.T, p *process.Process, size int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, process.Await(ctx, "a longer log", func(context.Context) error {
		if now := logSize(t, p); now <= size {
			return fmt.Errorf("log has %d bytes", now)
		}
		return nil
	}))
}

func TestPauseResumeKill(t *testing.T) {
	// Built-in commands only: a shell stopped between vfork and exec of its child would wait in the kernel and never reach the state "stopped".
	p, err := process.Start(process.Spec{
		Name: "counter", Path: "/bin/sh", Args: []string{"-c", "while :; do echo on; done"}, Log: filepath.Join(t.TempDir(), "log"),
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Kill() })
	growsBeyond(t, p, 0)

	require.NoError(t, fault.Pause(p))
	// What a paused process does is nothing, however long one looks; a tenth of a second is thousands of its rounds.
	before := logSize(t, p)
	time.Sleep(100 * time.Millisecond)
	require.Equal(t, before, logSize(t, p))

	require.NoError(t, fault.Resume(p))
	growsBeyond(t, p, before)

	require.NoError(t, fault.Kill(p))
	require.EqualError(t, p.Err(), "signal: killed")
	require.ErrorContains(t, fault.Kill(p), "nothing to kill")
	require.ErrorContains(t, fault.Pause(p), "nothing to pause")
}
