package localnet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/topnetwork/top/node/process"
)

// member is one program of the network; a restart replaces its process.
type member struct {
	record ProcessRecord
	spec   process.Spec
	proc   *process.Process
}

// fleet holds every process of a network, in the order of their start.
type fleet struct {
	mu      sync.Mutex
	members []*member
}

// launch starts a program. Its name must be new.
func (n *Network) launch(name, role, chainID, home string, spec process.Spec) (*process.Process, error) {
	spec.Name = name
	spec.Log = filepath.Join(n.Dir, "logs", name+".log")
	spec.Outlive = n.cfg.Outlive
	n.fleet.mu.Lock()
	if slices.ContainsFunc(n.fleet.members, func(m *member) bool { return m.record.Name == name }) {
		n.fleet.mu.Unlock()
		return nil, fmt.Errorf("a process named %q is already part of the network", name)
	}
	p, err := process.Start(n.on(name, spec))
	if err != nil {
		n.fleet.mu.Unlock()
		return nil, err
	}
	n.fleet.members = append(n.fleet.members, &member{
		record: ProcessRecord{Name: name, Role: role, ChainID: chainID, Home: home, PID: p.Pid(), Log: spec.Log},
		spec:   spec,
		proc:   p,
	})
	n.fleet.mu.Unlock()
	return p, n.writeRecord()
}

// Process is the running (or last) process of that name; nil when there never was one.
func (n *Network) Process(name string) *process.Process {
	n.fleet.mu.Lock()
	defer n.fleet.mu.Unlock()
	for _, m := range n.fleet.members {
		if m.record.Name == name {
			return m.proc
		}
	}
	return nil
}

// Processes of a role, or all with "".
func (n *Network) Processes(role string) []*process.Process {
	n.fleet.mu.Lock()
	defer n.fleet.mu.Unlock()
	var procs []*process.Process
	for _, m := range n.fleet.members {
		if role == "" || m.record.Role == role {
			procs = append(procs, m.proc)
		}
	}
	return procs
}

// Kill ends a process without warning.
func (n *Network) Kill(name string) error {
	p := n.Process(name)
	if p == nil {
		return fmt.Errorf("no process is named %q", name)
	}
	return p.Kill()
}

// Restart starts an ended process again, with the same arguments, home and log.
func (n *Network) Restart(name string) (*process.Process, error) { return n.RestartWith(name, "") }

// RestartWith is Restart with another program, e.g. the next release; "" is the one that ran before. Later restarts use it too. Further arguments are for this run alone.
func (n *Network) RestartWith(name, program string, further ...string) (*process.Process, error) {
	n.fleet.mu.Lock()
	i := slices.IndexFunc(n.fleet.members, func(m *member) bool { return m.record.Name == name })
	if i < 0 {
		n.fleet.mu.Unlock()
		return nil, fmt.Errorf("no process is named %q", name)
	}
	m := n.fleet.members[i]
	if m.proc.Running() {
		n.fleet.mu.Unlock()
		return nil, fmt.Errorf("%s (pid %d) still runs: end it before a restart", name, m.proc.Pid())
	}
	if program != "" {
		m.spec.Path = program
	}
	spec := m.spec
	spec.Args = slices.Concat(spec.Args, further)
	p, err := process.Start(n.on(name, spec))
	if err != nil {
		n.fleet.mu.Unlock()
		return nil, err
	}
	m.proc, m.record.PID = p, p.Pid()
	n.fleet.mu.Unlock()
	return p, n.writeRecord()
}

// stopOrder ends users of a thing before the thing.
var stopOrder = []string{RoleUser, RoleProvider, RoleRelayer, RoleServiceNode, RoleMainNode}

// Stop ends every process, each role together. It may be called twice.
func (n *Network) Stop() error {
	var errs []error
	for _, role := range stopOrder {
		procs := n.Processes(role)
		failed := make([]error, len(procs))
		var wg sync.WaitGroup
		for i, p := range procs {
			wg.Go(func() { failed[i] = p.Stop(stopGrace) })
		}
		wg.Wait()
		errs = append(errs, failed...)
	}
	return errors.Join(append(errs, n.unwire(), n.closeMachines(), n.writeRecord())...)
}

// Leave waits until a process has ended by itself, and takes it out of the network. Any end but exit code 0 is an error.
func (n *Network) Leave(ctx context.Context, name string) error {
	p := n.Process(name)
	select {
	case <-p.Done():
	case <-ctx.Done():
		return fmt.Errorf("%s does not end: %w\n%s", name, context.Cause(ctx), p.LogTail(15))
	}
	if p.Err() != nil {
		return p.Exited()
	}
	return n.forget(name)
}

// Expel kills a process, if it still runs, and takes it out of the network.
func (n *Network) Expel(name string) error {
	if err := n.Kill(name); err != nil {
		return err
	}
	return n.forget(name)
}

func (n *Network) forget(name string) error {
	n.fleet.mu.Lock()
	n.fleet.members = slices.DeleteFunc(n.fleet.members, func(m *member) bool { return m.record.Name == name })
	n.fleet.mu.Unlock()
	return n.writeRecord()
}

// Failed answers once, with the first process that ends while ctx lasts.
func (n *Network) Failed(ctx context.Context) <-chan error {
	failed := make(chan error, 1)
	for _, p := range n.Processes("") {
		go func() {
			select {
			case <-ctx.Done():
			case <-p.Done():
				select {
				case failed <- p.Exited():
				default:
				}
			}
		}()
	}
	return failed
}
