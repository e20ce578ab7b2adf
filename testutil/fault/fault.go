// Package fault breaks running processes on purpose. Each fault has happened when its function returns.
package fault

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/topnetwork/top/node/process"
)

// settle bounds how long the kernel may take to stop or continue a process.
const settle = 10 * time.Second

// Kill ends a process as a power cut would: no handler runs, nothing is flushed. A process that has ended by itself is an error, for then the test did
// not break what it meant to.
func Kill(p *process.Process) error {
	if !p.Running() {
		return fmt.Errorf("nothing to kill: %w", p.Exited())
	}
	return p.Kill()
}

// Pause stops a process where it stands; its peers see silence on open connections.
func Pause(p *process.Process) error {
	if !p.Running() {
		return fmt.Errorf("nothing to pause: %w", p.Exited())
	}
	return signalUntil(p, syscall.SIGSTOP, true)
}

// Resume lets a paused process go on.
func Resume(p *process.Process) error { return signalUntil(p, syscall.SIGCONT, false) }

func signalUntil(p *process.Process, sig syscall.Signal, stopped bool) error {
	if err := p.Signal(sig); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	return process.Await(ctx, fmt.Sprintf("%v of %s", sig, p.Spec.Name), func(context.Context) error {
		state, err := process.State(p.Pid())
		if err == nil && (state == 'T') != stopped {
			err = fmt.Errorf("state is %c", state)
		}
		return err
	}, p)
}
