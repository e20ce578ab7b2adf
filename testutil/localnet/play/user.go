package play

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/localnet"
)

// User drives a topuser process: a messaging client with keys and funds of its own, told what to do line by line.
type User struct {
	Key  localnet.Key
	Home string
	// Contact is what others need to write to this user.
	Contact string

	proc *process.Process

	mu       sync.Mutex
	answers  map[string][]event
	received map[string]int
	arrived  map[string]bool
	bill     Bill
	failure  error
	changed  chan struct{}
}

// Bill is a user's own running account, in utop.
type Bill struct {
	Due, Vouchered, Messages uint64
	Sessions                 []SessionBill
}

// SessionBill is one session's part of it.
type SessionBill struct {
	// Provider is the account that is paid.
	Provider string
	Due      uint64
}

// event is one line of a topuser's output.
type event struct {
	Event   string `json:"event"`
	ID      string `json:"id"`
	Contact string `json:"contact"`
	Body    string `json:"body"`
	Op      string `json:"op"`
	Error   string `json:"error"`
	Bill    Bill   `json:"bill"`
}

// StartUser runs a topuser and waits until it is ready, that is, has credit on the service chain.
func StartUser(ctx context.Context, n *localnet.Network, key localnet.Key) (*User, error) {
	u := &User{
		Key: key, Home: filepath.Join(n.Dir, key.Name),
		answers: map[string][]event{}, received: map[string]int{}, arrived: map[string]bool{}, changed: make(chan struct{}),
	}
	var err error
	if u.proc, err = n.StartUser(key, u.Home); err != nil {
		return nil, err
	}
	go u.read()
	if err := u.wait(ctx, "ready", func() error { return u.has("ready") }); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.Contact = u.answers["ready"][0].Contact
	return u, nil
}

// read takes in events until the process closes its output.
func (u *User) read() {
	lines := bufio.NewScanner(u.proc.Stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		err := json.Unmarshal(lines.Bytes(), &e)
		u.mu.Lock()
		switch {
		case err != nil:
			u.failure = fmt.Errorf("%s printed %.200q: %w", u.Key.Name, lines.Text(), err)
		case e.Event == "error":
			u.failure = fmt.Errorf("%s: %s: %s", u.Key.Name, e.Op, e.Error)
		case e.Event == "message":
			u.received[e.Body]++
		case e.Event == "delivered":
			u.arrived[e.ID] = true
		case e.Event == "bill":
			u.bill = e.Bill
		default:
			u.answers[e.Event] = append(u.answers[e.Event], e)
		}
		close(u.changed)
		u.changed = make(chan struct{})
		u.mu.Unlock()
	}
}

func (u *User) tell(op map[string]any) error {
	bz, err := json.Marshal(op)
	if err != nil {
		return err
	}
	if _, err := u.proc.Stdin.Write(append(bz, '\n')); err != nil {
		return fmt.Errorf("tell %s %v: %w", u.Key.Name, op["op"], err)
	}
	return nil
}

// wait looks at a condition after every event until it holds.
func (u *User) wait(ctx context.Context, what string, condition func() error) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		u.mu.Lock()
		err, failure, changed := condition(), u.failure, u.changed
		u.mu.Unlock()
		switch {
		case failure != nil:
			return failure
		case err == nil:
			return nil
		}
		select {
		case <-changed:
		case <-u.proc.Done():
			return fmt.Errorf("waiting for %s: %w", what, u.proc.Exited())
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting for %s: %w (last seen: %w)\n%s", u.Key.Name, what, context.Cause(ctx), err, u.proc.LogTail(15))
		}
	}
}

// answerTimeout bounds one wait for a user: a message may have to wait for a killed provider or the next epoch.
const answerTimeout = 90 * time.Second

// has is a condition: the event has come at least once.
func (u *User) has(name string) error {
	if len(u.answers[name]) == 0 {
		return fmt.Errorf("no %q event", name)
	}
	return nil
}

// Send writes a message and waits until a provider has it on disk.
func (u *User) Send(ctx context.Context, to *User, body string) error {
	u.mu.Lock()
	before := len(u.answers["sent"])
	u.mu.Unlock()
	if err := u.tell(map[string]any{"op": "send", "to": to.Contact, "body": body}); err != nil {
		return err
	}
	return u.wait(ctx, "sent", func() error {
		if len(u.answers["sent"]) <= before {
			return fmt.Errorf("%d messages sent", before)
		}
		return nil
	})
}

// SetOnline lets the user come and go.
func (u *User) SetOnline(ctx context.Context, online bool) error {
	name := map[bool]string{true: "online", false: "offline"}[online]
	u.mu.Lock()
	delete(u.answers, name)
	u.mu.Unlock()
	if err := u.tell(map[string]any{"op": name}); err != nil {
		return err
	}
	return u.wait(ctx, name, func() error { return u.has(name) })
}

// Bill is the newest that the user has reported.
func (u *User) Bill() Bill {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.bill
}

// AwaitDelivery waits until every message that the user has sent is acknowledged by its recipient.
func (u *User) AwaitDelivery(ctx context.Context) error {
	return u.wait(ctx, "delivery", u.allDelivered)
}

// Received is how often a message with that body came.
func (u *User) Received(body string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.received[body]
}

// allDelivered is a condition: every sent message has been acknowledged by its recipient.
func (u *User) allDelivered() error {
	for _, e := range u.answers["sent"] {
		if !u.arrived[e.ID] {
			return fmt.Errorf("message %s is not acknowledged (%d of %d are)", e.ID, len(u.arrived), len(u.answers["sent"]))
		}
	}
	return nil
}

// Quit ends the process in order.
func (u *User) Quit(ctx context.Context, n *localnet.Network) error {
	if err := u.tell(map[string]any{"op": "quit"}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return n.Leave(ctx, u.Key.Name)
}
