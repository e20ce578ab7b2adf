package hosting

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
)

// fakeProcess ends when somebody says so.
type fakeProcess struct {
	pid     int
	done    chan struct{}
	end     sync.Once
	stopped bool
	// deaf to requests: it ends when it is killed.
	deaf bool
}

func (p *fakeProcess) Pid() int              { return p.pid }
func (p *fakeProcess) Done() <-chan struct{} { return p.done }
func (p *fakeProcess) Ended() error          { return errors.New("signal: killed") }
func (p *fakeProcess) die()                  { p.end.Do(func() { close(p.done) }) }

func (p *fakeProcess) Stop(grace time.Duration) error {
	p.stopped = true
	if p.deaf {
		time.Sleep(grace) // of the bubble's clock: a process that takes all the time that it is given
	}
	p.die()
	return nil
}

// fakeMachine launches them.
type fakeMachine struct {
	mu sync.Mutex
	// broken shards, and why they cannot start.
	broken   map[string]error
	launched map[string][]*fakeProcess
	attempts map[string]int
	health   map[string]Health
	others   map[string]int64
	deaf     bool
}

func newFakeMachine() *fakeMachine {
	return &fakeMachine{broken: map[string]error{}, launched: map[string][]*fakeProcess{}, attempts: map[string]int{}, health: map[string]Health{}, others: map[string]int64{}}
}

func (m *fakeMachine) Launch(_ context.Context, d Duty, _ int) (Process, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attempts[d.ChainID]++
	if err := m.broken[d.ChainID]; err != nil {
		return nil, err
	}
	p := &fakeProcess{pid: 100 + m.attempts[d.ChainID], done: make(chan struct{}), deaf: m.deaf}
	m.launched[d.ChainID] = append(m.launched[d.ChainID], p)
	return p, nil
}

func (m *fakeMachine) Ask(_ context.Context, name string) (Health, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.health[name]
	if !ok {
		return h, errors.New("connection refused")
	}
	return h, nil
}

func (m *fakeMachine) Others(name string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.others[name]
}

func (m *fakeMachine) Tend(string) error { return nil }

func (m *fakeMachine) set(name string, height, others int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.health[name], m.others[name] = Health{Height: height}, others
}

func (m *fakeMachine) last(name string) *fakeProcess {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.launched[name]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

const one, two = "top-z0.s0-1", "top-z0.s1-1"

func duties(list ...string) map[string]Duty {
	d := map[string]Duty{}
	for _, name := range list {
		d[name] = Duty{ChainID: name, Role: 1}
	}
	return d
}

func of(s *Supervisor, name string) Status {
	for _, c := range s.Status() {
		if c.Duty.ChainID == name {
			return c
		}
	}
	return Status{}
}

func supervise(t *testing.T, test func(t *testing.T, m *fakeMachine, s *Supervisor)) {
	synctest.Test(t, func(t *testing.T) {
		m := newFakeMachine()
		s := NewSupervisor(m, stall, log.NewNopLogger())
		defer s.Stop()
		test(t, m, s)
	})
}

// pass time, and let everybody do what is due.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock, which stands still meanwhile for everybody else
	synctest.Wait()
}

func TestChildRunsAndIsStopped(t *testing.T) {
	supervise(t, func(t *testing.T, m *fakeMachine, s *Supervisor) {
		m.set(one, 7, 7)
		s.Run(duties(one))
		synctest.Wait()
		require.Equal(t, Starting, of(s, one).State)
		require.Equal(t, 101, of(s, one).Pid)
		pass(pollEvery)
		require.Equal(t, Running, of(s, one).State)
		require.EqualValues(t, 7, of(s, one).Height)
		s.Run(duties(one))
		pass(time.Hour)
		require.Equal(t, 1, of(s, one).Starts, "to be told again is no news")
		s.Run(nil)
		synctest.Wait()
		require.True(t, m.last(one).stopped)
		require.False(t, s.Hosts(one))
		s.Run(duties(one))
		synctest.Wait()
		require.Equal(t, 1, of(s, one).Starts, "it is hosted anew")
	})
}

func TestDeadChildIsStartedAgain(t *testing.T) {
	supervise(t, func(t *testing.T, m *fakeMachine, s *Supervisor) {
		m.set(one, 7, 7)
		s.Run(duties(one))
		pass(2 * steady)
		m.last(one).die()
		synctest.Wait()
		require.Equal(t, Waiting, of(s, one).State)
		require.Equal(t, "signal: killed", of(s, one).Err)
		require.Zero(t, of(s, one).Pid)
		pass(firstPause)
		require.Equal(t, Starting, of(s, one).State)
		require.Equal(t, 2, of(s, one).Starts)
	})
}

// A child that cannot start is tried ever more rarely; the other does not notice, and its repair is found out.
func TestBrokenChildDisturbsNobody(t *testing.T) {
	supervise(t, func(t *testing.T, m *fakeMachine, s *Supervisor) {
		m.broken[one] = errors.New("no genesis")
		m.set(two, 3, 3)
		s.Run(duties(one, two))
		pass(time.Hour)
		require.Equal(t, Waiting, of(s, one).State)
		require.Equal(t, "no genesis", of(s, one).Err)
		require.InDelta(t, 9+time.Hour/mostPause, m.attempts[one], 3)
		require.Equal(t, Running, of(s, two).State)
		require.Equal(t, 1, of(s, two).Starts)
		m.mu.Lock()
		delete(m.broken, one)
		m.health[one] = Health{Height: 1}
		m.mu.Unlock()
		pass(mostPause + pollEvery)
		require.Equal(t, Running, of(s, one).State)
		require.Empty(t, of(s, one).Err)
	})
}

func TestStalledChildIsStartedAgain(t *testing.T) {
	supervise(t, func(t *testing.T, m *fakeMachine, s *Supervisor) {
		m.set(one, 5, 5)
		s.Run(duties(one))
		pass(10 * stall)
		require.Equal(t, 1, of(s, one).Starts)
		m.set(one, 5, 40)
		pass(pollEvery + firstPause + time.Second)
		require.Equal(t, 2, of(s, one).Starts)
		require.True(t, m.launched[one][0].stopped)
	})
}

// To stop takes as long as the slowest child, not as all of them together; nothing is started afterwards.
func TestStopEndsAllAtOnce(t *testing.T) {
	supervise(t, func(t *testing.T, m *fakeMachine, s *Supervisor) {
		m.deaf = true
		s.Run(duties(one, two))
		pass(time.Minute)
		began := time.Now()
		s.Stop()
		require.Equal(t, stopGrace, time.Since(began))
		require.True(t, m.last(one).stopped && m.last(two).stopped)
		s.Run(duties(one))
		synctest.Wait()
		require.Empty(t, s.Status())
	})
}

// While a child is stopping no other of its shard begins, and what is done without it waits.
func TestStoppingChildIsStillThere(t *testing.T) {
	supervise(t, func(t *testing.T, m *fakeMachine, s *Supervisor) {
		m.deaf = true
		s.Run(duties(one))
		pass(time.Minute)
		s.Run(nil)
		pass(time.Second)
		require.Equal(t, Stopping, of(s, one).State)
		s.Run(duties(one))
		pass(time.Second)
		require.Len(t, m.launched[one], 1)
		done, err := s.Without(one, func() error { return errors.New("must not be called") })
		require.False(t, done)
		require.NoError(t, err)
		pass(stopGrace)
		s.Run(duties(one))
		synctest.Wait()
		require.Len(t, m.launched[one], 2)
	})
}
