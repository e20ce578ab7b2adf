package hosting

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cosmossdk.io/log/v2"
)

const (
	// pollEvery is how often a child is asked how it is.
	pollEvery = 2 * time.Second
	// answerIn is how long its answer may take.
	answerIn = 5 * time.Second
	// stopGrace is how long it has to end in order.
	stopGrace = 20 * time.Second
)

// Process of a child.
type Process interface {
	Pid() int
	// Done is closed when it has ended.
	Done() <-chan struct{}
	// Ended says how, in one line.
	Ended() error
	// Stop asks it to end, and kills it when it has not after grace.
	Stop(grace time.Duration) error
}

// Machine is what a supervisor cannot do by thought alone.
type Machine interface {
	// Launch a shard's process, whose home it makes ready. failures are those in a row before it.
	Launch(ctx context.Context, d Duty, failures int) (Process, error)
	// Ask a shard's process how it is.
	Ask(ctx context.Context, chainID string) (Health, error)
	// Others is the height that other hosts of the shard have reached, as far as is known.
	Others(chainID string) int64
	// Tend to what a running child leaves behind, i.e. its log.
	Tend(chainID string) error
}

// Supervisor keeps a child running for every shard that it is told of. One child's fate does not touch another's.
type Supervisor struct {
	machine Machine
	stall   time.Duration
	log     log.Logger

	mu       sync.Mutex
	children map[string]*child
	stopped  bool
	left     sync.WaitGroup
}

// NewSupervisor without children. stall is how long one may make no block while others do.
func NewSupervisor(m Machine, stall time.Duration, logger log.Logger) *Supervisor {
	return &Supervisor{machine: m, stall: stall, log: logger, children: map[string]*child{}}
}

// Run these shards from now on, and no others. It does not wait for them: a child that is stopped stays listed until it has ended, and is started again only then.
func (s *Supervisor) Run(duties map[string]Duty) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	for name, d := range duties {
		if c, ok := s.children[name]; ok {
			c.assign(d)
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		c := &child{s: s, name: name, log: s.log.With("shard", name), cancel: cancel, duty: d, record: newRecord()}
		s.children[name] = c
		s.log.Info("shard is hosted", "shard", name, "role", d.RoleName())
		s.left.Go(func() {
			c.run(ctx)
			s.remove(c)
		})
	}
	for name, c := range s.children {
		if _, wanted := duties[name]; !wanted && !c.leaving() {
			s.log.Info("shard is hosted no longer", "shard", name)
			c.leave()
		}
	}
}

func (s *Supervisor) remove(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.children, c.name)
}

// Stop all children and wait until they have ended.
func (s *Supervisor) Stop() {
	s.mu.Lock()
	s.stopped = true
	for _, c := range s.children {
		c.leave()
	}
	s.mu.Unlock()
	s.left.Wait()
}

// Hosts tells whether there is a child of a shard, also one that is stopping.
func (s *Supervisor) Hosts(chainID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.children[chainID] != nil
}

// Without a child of a shard, and none that begins meanwhile, do something; false where there is one.
func (s *Supervisor) Without(chainID string, do func() error) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.children[chainID] != nil {
		return false, nil
	}
	return true, do()
}

// Status of all children, in the order of their names.
func (s *Supervisor) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Status, 0, len(s.children))
	for _, name := range names(s.children) {
		list = append(list, s.children[name].status())
	}
	return list
}

// Status of one child.
type Status struct {
	Duty   Duty
	State  State
	Height int64
	// Err is why it does not run, or what was wrong last.
	Err string
	// Starts of its process since the host began.
	Starts int
	// Pid of its process; 0 without one.
	Pid int
}

// child is one shard's supervision: a goroutine for as long as the shard is hosted.
type child struct {
	s      *Supervisor
	name   string
	log    log.Logger
	cancel context.CancelFunc

	mu     sync.Mutex
	duty   Duty
	record record
	pid    int
	left   bool
}

func (c *child) assign(d Duty) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.Role != c.duty.Role {
		c.log.Info("role in the shard changes", "from", c.duty.RoleName(), "to", d.RoleName())
	}
	c.duty = d
}

func (c *child) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
	c.record.stopping()
	c.cancel()
}

func (c *child) leaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}

func (c *child) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Status{Duty: c.duty, State: c.record.state, Height: c.record.height, Err: c.record.err, Starts: c.record.starts, Pid: c.pid}
}

// note what happened, unless the child is leaving.
func (c *child) note(what func(r *record)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.left {
		what(&c.record)
	}
}

// run processes, one after the other, until the child leaves.
func (c *child) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := c.serve(ctx)
		if ctx.Err() != nil {
			return
		}
		var pause time.Duration
		var failures int
		c.note(func(r *record) { pause, failures = r.ended(time.Now(), err), r.failures })
		c.log.Error("the shard's node does not run", "reason", err, "failures", failures, "again_in", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// serve by one process until it ends, is found ill or the child leaves.
func (c *child) serve(ctx context.Context) error {
	c.mu.Lock()
	duty, failures := c.duty, c.record.failures
	c.mu.Unlock()
	p, err := c.s.machine.Launch(ctx, duty, failures)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.pid = p.Pid()
	c.mu.Unlock()
	c.note(func(r *record) { r.launched(time.Now()) })
	c.log.Info("the shard's node is started", "pid", p.Pid(), "role", duty.RoleName())
	err = c.watch(ctx, p)
	c.mu.Lock()
	c.pid = 0
	c.mu.Unlock()
	return err
}

func (c *child) watch(ctx context.Context, p Process) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := p.Stop(stopGrace); err != nil {
				c.log.Error("the shard's node did not stop in order", "error", err)
			} else {
				c.log.Info("the shard's node is stopped")
			}
			return ctx.Err()
		case <-p.Done():
			return p.Ended()
		case <-tick.C:
			if ill := c.look(ctx); ill != nil {
				return errors.Join(fmt.Errorf("started again: %w", ill), p.Stop(stopGrace))
			}
		}
	}
}

// look how the process is; an error is why it must be started again.
func (c *child) look(ctx context.Context) error {
	if err := c.s.machine.Tend(c.name); err != nil {
		c.log.Error("log of the shard's node", "error", err)
	}
	asked, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	h, err := c.s.machine.Ask(asked, c.name)
	others := c.s.machine.Others(c.name)
	now := time.Now()
	var ill error
	c.note(func(r *record) {
		before := r.state
		if err == nil {
			r.seen(now, h)
		}
		ill = r.verdict(now, others, c.s.stall)
		if r.state != before {
			c.log.Info("the shard's node is "+string(r.state), "height", r.height)
		}
	})
	return ill
}
