package home

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// LockName is the file in the home that a running relayer has locked. It stays when the relayer ends; the kernel takes the lock off it, however that happened.
const LockName = "relayer.lock"

// Lock makes this process the only relayer of a home: two would take each other's sequence numbers, addresses and database. release gives the home back.
func Lock(home string) (release func() error, err error) {
	path := filepath.Join(home, LockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%s runs with the home %s: stop it first, or give this relayer a home and keys of its own", holder(file), home)
	}
	if err == nil {
		// Advice for whoever comes second; the lock is what counts.
		err = errors.Join(file.Truncate(0), note(file))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

func note(file *os.File) error {
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder of a lock, as it has named itself.
func holder(file *os.File) string {
	bz, err := io.ReadAll(io.LimitReader(file, 32))
	if pid := strings.TrimSpace(string(bz)); err == nil && pid != "" {
		return "another relayer, process " + pid + ","
	}
	return "another relayer"
}
