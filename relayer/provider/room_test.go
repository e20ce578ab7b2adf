package provider

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestRoomOnAFullDisk(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mount("none", folder, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("mounting a small disk takes root: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(folder, unix.MNT_DETACH)) })
	require.NoError(t, room(folder, 4<<20))
	file := filepath.Join(folder, "ballast")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte{1}, 6<<20), 0o600))
	require.ErrorContains(t, room(folder, 4<<20), "2 MiB left")
	require.NoError(t, os.Remove(file))
	require.NoError(t, room(folder, 4<<20))
	require.Error(t, room(filepath.Join(folder, "missing"), 1))
}
