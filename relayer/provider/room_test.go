package provider

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/fault"
)

func TestRoomOnAFullDisk(t *testing.T) {
	folder := t.TempDir()
	unmount, err := fault.SmallDisk(folder, 8<<20)
	if errors.Is(err, fault.ErrNoSmallDisk) {
		t.Skip("only root can mount a disk that fills up: " + err.Error())
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unmount()) })
	require.NoError(t, room(folder, 4<<20))
	file := filepath.Join(folder, "ballast")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte{1}, 6<<20), 0o600))
	require.ErrorContains(t, room(folder, 4<<20), "2 MiB left")
	require.NoError(t, os.Remove(file))
	require.NoError(t, room(folder, 4<<20))
	require.Error(t, room(filepath.Join(folder, "missing"), 1))
}
