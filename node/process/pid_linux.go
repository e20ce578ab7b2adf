package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// CommandLine of a running process; nil when there is none (or it is a zombie).
func CommandLine(pid int) []string {
	bz, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(bz) == 0 {
		return nil
	}
	var args []string
	for _, arg := range bytes.Split(bytes.TrimSuffix(bz, []byte{0}), []byte{0}) {
		args = append(args, string(arg))
	}
	return args
}

// End ends a process that an earlier run started: SIGTERM, then SIGKILL after grace. It touches the process only if its command line is the one expected,
// for the pid may be another's by now; it answers whether it was.
func End(pid int, expected func(args []string) bool, grace time.Duration) (bool, error) {
	// The descriptor pins the process: between the check below and the signal its pid cannot pass to another.
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if args := CommandLine(pid); args == nil || !expected(args) {
		return false, nil
	}
	for _, step := range []struct {
		signal unix.Signal
		wait   time.Duration
	}{{unix.SIGTERM, grace}, {unix.SIGKILL, 10 * time.Second}} {
		// A stopped process takes no SIGTERM until it goes on.
		for _, sig := range []unix.Signal{step.signal, unix.SIGCONT} {
			if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
				return true, fmt.Errorf("end process %d: %w", pid, err)
			}
		}
		ended, err := awaitDescriptor(fd, step.wait)
		if ended || err != nil {
			return true, err
		}
	}
	return true, fmt.Errorf("process %d survives SIGKILL", pid)
}

// awaitDescriptor waits until the process behind a pid descriptor has ended.
func awaitDescriptor(fd int, timeout time.Duration) (bool, error) {
	deadline := time.Now().Add(timeout)
	for {
		left := max(0, time.Until(deadline))
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return n > 0, err
	}
}
