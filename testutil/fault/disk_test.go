package fault_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
)

// syncedWrites of a process are under a slow disk's limit of 30 a second, which lets a few through at once.
const syncedWrites = 30

func TestSlowDisk(t *testing.T) {
	dir := t.TempDir()
	// Each round is one flushed write, after which the log has a byte more.
	p, err := process.Start(process.Spec{
		Name: "writer", Path: "/bin/sh", Log: filepath.Join(dir, "log"),
		Args: []string{"-c", fmt.Sprintf("while :; do dd if=/dev/zero of=%s bs=4k count=1 oflag=dsync conv=notrunc status=none; printf .; done", filepath.Join(dir, "data"))},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Kill() })
	growsBeyond(t, p, 0)

	restore, err := fault.SlowDisk(p, dir)
	if errors.Is(err, fault.ErrNoSlowDisk) {
		t.Skip(err)
	}
	require.NoError(t, err)
	// What was under way when the limit came does not count; children of the shell inherit its group.
	growsBeyond(t, p, logSize(t, p))
	began := time.Now()
	growsBeyond(t, p, logSize(t, p)+syncedWrites)
	require.Greater(t, time.Since(began), time.Second/2)
	require.NoError(t, restore())
	growsBeyond(t, p, logSize(t, p))

	restore, err = fault.SlowDisk(p, dir)
	require.NoError(t, err)
	require.NoError(t, fault.Kill(p))
	require.NoError(t, restore(), "also of a process that is gone")
	_, err = fault.SlowDisk(p, dir)
	require.ErrorContains(t, err, "nothing to slow down")
}
