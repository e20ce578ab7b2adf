package fault

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrNoSmallDisk says that this machine mounts no disk: that takes root.
var ErrNoSmallDisk = errors.New("no small disk can be mounted here: that takes root")

// SmallDisk mounts a disk of so many bytes, in memory, on a folder, until unmount is called. The error is ErrNoSmallDisk where the user may not.
func SmallDisk(folder string, bytes int) (unmount func() error, err error) {
	err = unix.Mount("none", folder, "tmpfs", 0, fmt.Sprintf("size=%d", bytes))
	if errors.Is(err, unix.EPERM) {
		return nil, ErrNoSmallDisk
	}
	if err != nil {
		return nil, fmt.Errorf("mount a disk of %d bytes on %s: %w", bytes, folder, err)
	}
	return func() error { return unix.Unmount(folder, unix.MNT_DETACH) }, nil
}

// Fill lets a file grow by so many bytes, or as far as its disk goes.
func Fill(path string, more int) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zeros := make([]byte, 64<<10)
	for written := 0; written < more; written += len(zeros) {
		if _, err := file.Write(zeros); errors.Is(err, unix.ENOSPC) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
