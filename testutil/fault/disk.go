package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/topnetwork/top/node/process"
)

// slowWrites per second are left to a process with a slow disk, where a flush takes a few of them: a tenth of a second and more for each.
const slowWrites = 30

// ErrNoSlowDisk says that this machine cannot slow a disk down: it takes root and the kernel's blkio controller (cgroup v1) or io controller (v2).
var ErrNoSlowDisk = errors.New("no disk can be slowed down here: that takes root and the kernel's io controller")

// The folders of the two kinds of controller.
const (
	blkioV1 = "/sys/fs/cgroup/blkio"
	ioV2    = "/sys/fs/cgroup"
)

var slowed atomic.Uint64

// SlowDisk lets a process write so rarely to the disk of a folder that every flush takes its time, in all threads at once; others are not slowed down. restore ends it, also when the process
// has ended. The error is ErrNoSlowDisk where the machine has no way to do it.
func SlowDisk(p *process.Process, folder string) (restore func() error, err error) {
	if !p.Running() {
		return nil, fmt.Errorf("nothing to slow down: %w", p.Exited())
	}
	device, err := deviceOf(folder)
	if err != nil {
		return nil, err
	}
	parent, file, limit := blkioV1, "blkio.throttle.write_iops_device", fmt.Sprintf("%s %d", device, slowWrites)
	if _, err := os.Stat(filepath.Join(blkioV1, file)); err != nil {
		parent, file, limit = ioV2, "io.max", fmt.Sprintf("%s wiops=%d", device, slowWrites)
	}
	home, err := groupOf(p.Pid(), parent)
	if err != nil {
		return nil, err
	}
	group := filepath.Join(parent, fmt.Sprintf("top-slow-%d-%d", os.Getpid(), slowed.Add(1)))
	if err := os.Mkdir(group, 0o755); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSlowDisk, err)
	}
	pid := strconv.Itoa(p.Pid())
	restore = func() error { return disband(group, home) }
	if err := write(filepath.Join(group, file), limit); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoSlowDisk, err), os.Remove(group))
	}
	if err := write(filepath.Join(group, "cgroup.procs"), pid); err != nil {
		return nil, errors.Join(err, os.Remove(group))
	}
	return restore, nil
}

// disband a group: whoever is in it, children too, goes home.
func disband(group, home string) error {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	return process.Await(ctx, "the end of "+group, func(context.Context) error {
		pids, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		if err != nil {
			return err
		}
		for _, pid := range strings.Fields(string(pids)) {
			if err := write(filepath.Join(home, "cgroup.procs"), pid); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
		return os.Remove(group)
	})
}

// deviceOf a folder, as "major:minor" of the whole disk: partitions are not throttled by themselves.
func deviceOf(folder string) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(folder, &st); err != nil {
		return "", fmt.Errorf("%s: %w", folder, err)
	}
	device := fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
	sys, err := filepath.EvalSymlinks("/sys/dev/block/" + device)
	if err != nil {
		return "", fmt.Errorf("%w: %s is on no disk (device %s)", ErrNoSlowDisk, folder, device)
	}
	if _, err := os.Stat(filepath.Join(sys, "partition")); errors.Is(err, fs.ErrNotExist) {
		return device, nil
	}
	bz, err := os.ReadFile(filepath.Join(filepath.Dir(sys), "dev"))
	return strings.TrimSpace(string(bz)), err
}

// groupOf is the folder of the control group in which a process is, under one hierarchy.
func groupOf(pid int, hierarchy string) (string, error) {
	bz, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", err
	}
	// Lines of "number:controllers:path"; cgroup v2 has number 0 and no controllers.
	for line := range strings.Lines(string(bz)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if hierarchy == blkioV1 && slices.Contains(strings.Split(parts[1], ","), "blkio") || hierarchy == ioV2 && parts[0] == "0" {
			return filepath.Join(hierarchy, parts[2]), nil
		}
	}
	return "", fmt.Errorf("%w: process %d is in no group of it", ErrNoSlowDisk, pid)
}

// write to a file of the kernel, which is there or not.
func write(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
