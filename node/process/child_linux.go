package process

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// childAttributes put the child into a group of its own and let it die with its parent, however the parent ends.
func childAttributes(outlive bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if !outlive {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}

// awaitExit returns when the child has exited, and leaves it to be reaped.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
