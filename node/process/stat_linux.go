package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// ticksPerSecond is the unit of times in /proc: USER_HZ, 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// stat reads the fields of /proc/PID/stat (proc(5)) from the third on: the second, the program's name, may hold spaces and parentheses.
func stat(pid int) ([][]byte, error) {
	bz, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := bytes.Fields(bz[bytes.LastIndexByte(bz, ')')+1:])
	if len(fields) < 13 {
		return nil, fmt.Errorf("unreadable /proc/%d/stat: %q", pid, bz)
	}
	return fields, nil
}

// State of a process as the kernel's letter: R, S, T (stopped), Z …
func State(pid int) (byte, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return fields[0][0], nil
}

// CPU is the user and system time that a running process has used so far.
func CPU(pid int) (time.Duration, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	var ticks uint64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseUint(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}
