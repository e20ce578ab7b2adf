// Package process runs other programs as children: spawn, wait on a condition, end by pid. A child's output goes to a file, its death is reported with the
// last lines of that file, and it does not outlive the program that started it unless it is meant to.
package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Spec says what to run.
type Spec struct {
	// Name in messages, e.g. "main0".
	Name string
	Path string
	Args []string
	// Env is added to the parent's environment.
	Env []string
	Dir string
	// Log receives stderr, and stdout unless Pipe is set. It is appended to, so that a restarted process keeps its history.
	Log string
	// Pipe connects Stdin and Stdout to the parent.
	Pipe bool
	// Input is what Run writes to the child's standard input.
	Input string
	// Outlive lets the child run on when the parent ends; otherwise it dies with it.
	Outlive bool
}

// Process is a running or ended child.
type Process struct {
	Spec Spec
	// Stdin and Stdout are set with Spec.Pipe. Stdout ends when the child and everything that inherited it have closed it.
	Stdin  io.WriteCloser
	Stdout io.ReadCloser

	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start runs the program in a process group of its own: a terminal's interrupt reaches the parent only, which then ends its children in order.
func Start(spec Spec) (*Process, error) {
	if err := os.MkdirAll(filepath.Dir(spec.Log), 0o700); err != nil {
		return nil, fmt.Errorf("log of %s: %w", spec.Name, err)
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", spec.Name, err)
	}
	defer log.Close()

	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Dir = spec.Dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttributes(spec.Outlive)
	p := &Process{Spec: spec, cmd: cmd, done: make(chan struct{})}

	// Own pipes instead of cmd.StdoutPipe: Wait would close that one before its reader has seen the end.
	var childEnds []io.Closer
	if spec.Pipe {
		inR, inW, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		outR, outW, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, inR.Close(), inW.Close())
		}
		cmd.Stdin, cmd.Stdout = inR, outW
		p.Stdin, p.Stdout = inW, outR
		childEnds = []io.Closer{inR, outW}
	}
	err = spawn(cmd)
	for _, c := range childEnds {
		_ = c.Close()
	}
	if err != nil {
		if spec.Pipe {
			_, _ = p.Stdin.Close(), p.Stdout.Close()
		}
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	go p.reap()
	return p, nil
}

// reap ends what the child left in its group, then collects the child.
func (p *Process) reap() {
	awaitExit(p.Pid())
	// The pid names the group until the child is reaped, so this cannot hit a stranger.
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	p.err = p.cmd.Wait()
	close(p.done)
}

// Pid of the child, also after its end.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running tells whether the child has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Err is how the child ended: nil for exit code 0. It waits for the end.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Signal sends a signal to the child and its group; nothing happens after its end.
func (p *Process) Signal(sig syscall.Signal) error {
	if !p.Running() {
		return nil
	}
	if err := syscall.Kill(-p.Pid(), sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %v to %s (pid %d): %w", sig, p.Spec.Name, p.Pid(), err)
	}
	return nil
}

// Kill ends the child without warning and waits until it is gone.
func (p *Process) Kill() error {
	err := p.Signal(syscall.SIGKILL)
	<-p.done
	return err
}

// Stop asks the child to end and kills it when it has not after grace.
func (p *Process) Stop(grace time.Duration) error {
	// A paused child takes SIGTERM only when it goes on.
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT} {
		if err := p.Signal(sig); err != nil {
			return err
		}
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("%s (pid %d) did not end within %s of SIGTERM and was killed", p.Spec.Name, p.Pid(), grace), p.Kill())
	}
}

// Exited describes an unexpected end, with the last lines of the log.
func (p *Process) Exited() error {
	how := "exit status 0"
	if err := p.Err(); err != nil {
		how = err.Error()
	}
	return fmt.Errorf("%s (pid %d) ended: %s\n%s", p.Spec.Name, p.Pid(), how, p.LogTail(tailLines))
}

// LogTail is the end of the child's log, headed by its place.
func (p *Process) LogTail(lines int) string {
	tail, err := Tail(p.Spec.Log, lines)
	if err != nil {
		return fmt.Sprintf("  (log %s: %v)", p.Spec.Log, err)
	}
	if tail == "" {
		return fmt.Sprintf("  (log %s is empty)", p.Spec.Log)
	}
	return "  last lines of " + p.Spec.Log + ":\n  | " + strings.ReplaceAll(tail, "\n", "\n  | ")
}
