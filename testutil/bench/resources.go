package bench

import (
	"bytes"
	"fmt"
	"math"
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

const (
	// measured is the least CPU time that a round takes.
	measured = 400 * time.Millisecond
	// rounds are spread over as much time; what shares the core with this process, or slows its clock, only ever adds to a round.
	rounds = 5
)

// measure repeats f and answers its CPU time in nanoseconds per call, in the cheapest round. A failing call ends the measurement.
func measure(f func() error) (float64, error) {
	least := math.Inf(1)
	calls := 1
	for range rounds {
		perCall, n, err := measureRound(f, calls)
		if err != nil {
			return 0, err
		}
		least, calls = min(least, perCall), n
	}
	return least, nil
}

// measureRound raises the number of calls until they take long enough.
func measureRound(f func() error, calls int) (perCall float64, enough int, err error) {
	for {
		began, err := ownCPU()
		if err != nil {
			return 0, 0, err
		}
		for range calls {
			if err := f(); err != nil {
				return 0, 0, err
			}
		}
		ended, err := ownCPU()
		if err != nil {
			return 0, 0, err
		}
		spent := ended - began
		if spent >= measured {
			return float64(spent.Nanoseconds()) / float64(calls), calls, nil
		}
		// A little more than what is missing by this round's cost, at most a hundredfold.
		calls = int(min(1.2*float64(calls)*float64(measured)/float64(max(spent, 1)), 100*float64(calls))) + 1
	}
}
