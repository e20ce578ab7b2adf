package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/topnetwork/top/node/process"
)

// cpuOf is the user and system time of processes so far.
func cpuOf(procs ...*process.Process) (time.Duration, error) {
	var sum time.Duration
	for _, p := range procs {
		used, err := process.CPU(p.Pid())
		if err != nil {
			return 0, fmt.Errorf("%s: %w", p.Spec.Name, err)
		}
		sum += used
	}
	return sum, nil
}

// ownCPU is the user and system time of this process so far.
func ownCPU() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// residentMiB is the resident size of a process.
func residentMiB(pid int) (float64, error) {
	bz, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	pages, err := residentPages(bz)
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20), err
}

// residentPages is the second field of /proc/PID/statm (proc(5)).
func residentPages(statm []byte) (uint64, error) {
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, fmt.Errorf("unreadable statm: %q", statm)
	}
	return strconv.ParseUint(string(fields[1]), 10, 64)
}

// measured is the least CPU time that a figure comes from.
const measured = time.Second

// measure repeats f and answers its CPU time in nanoseconds per call: unlike the clock's, it is the same on a busy machine. A failing call ends the measurement.
func measure(f func() error) (float64, error) {
	for calls := 1; ; {
		began, err := ownCPU()
		if err != nil {
			return 0, err
		}
		for range calls {
			if err := f(); err != nil {
				return 0, err
			}
		}
		ended, err := ownCPU()
		if err != nil {
			return 0, err
		}
		spent := ended - began
		if spent >= measured {
			return float64(spent.Nanoseconds()) / float64(calls), nil
		}
		// A little more than what is missing by this round's cost, at most a hundredfold.
		calls = int(min(1.2*float64(calls)*float64(measured)/float64(max(spent, 1)), 100*float64(calls))) + 1
	}
}
