// Package user is a messenger user that a program drives: commands come in as JSON lines, events go out as JSON lines.
//
//	in:  {"op":"contact"} {"op":"send","to":CONTACT,"body":TEXT,"tag":ANY} {"op":"online"} {"op":"offline"} {"op":"bill"} {"op":"quit"}
//	out: {"event":"ready","contact","address"} {"event":"contact","contact","address"} {"event":"sent","id","tag"}
//	     {"event":"message","from","body","id"} {"event":"delivered","id"} {"event":"online"} {"event":"offline"}
//	     {"event":"bill","bill":{…}} {"event":"error","op","error","tag","id"}
//
// A user starts online. Sends run side by side; "sent" means that a provider of the recipient has the message on disk.
package user

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/topnetwork/top/sdk"
)

// Command is one line of input.
type Command struct {
	Op   string `json:"op"`
	To   string `json:"to,omitempty"`
	Body string `json:"body,omitempty"`
	// Tag comes back with what the command leads to.
	Tag string `json:"tag,omitempty"`
}

// Event is one line of output.
type Event struct {
	Event   string    `json:"event"`
	Contact string    `json:"contact,omitempty"`
	Address string    `json:"address,omitempty"`
	ID      string    `json:"id,omitempty"`
	From    string    `json:"from,omitempty"`
	Body    string    `json:"body,omitempty"`
	Bill    *sdk.Bill `json:"bill,omitempty"`
	Op      string    `json:"op,omitempty"`
	Error   string    `json:"error,omitempty"`
	Tag     string    `json:"tag,omitempty"`
}

// Config of a user.
type Config struct {
	SDK sdk.Config
	// Credit that is ensured at the start, in utop; 0 leaves it as it is.
	Credit uint64
	// LiveBill writes a bill event after every change.
	LiveBill bool
}

// maxLine of input.
const maxLine = 1 << 20

// session is a running user.
type session struct {
	client *sdk.Client
	me     *sdk.Messenger

	mu  sync.Mutex
	out *json.Encoder

	work    sync.WaitGroup
	offline context.CancelFunc // nil while offline
	gone    chan struct{}      // closed when receiving has ended
}

// Run serves commands from in until "quit", the end of in, or ctx ends.
func Run(ctx context.Context, cfg Config, in io.Reader, out io.Writer) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := sdk.Open(ctx, cfg.SDK)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	if cfg.Credit > 0 {
		if err := client.EnsureCredit(ctx, cfg.Credit); err != nil {
			return err
		}
	}
	me, err := client.Messenger(ctx)
	if err != nil {
		return err
	}
	s := &session{client: client, me: me, out: json.NewEncoder(out)}
	defer s.work.Wait()
	defer cancel()
	s.online(ctx)
	s.emit(Event{Event: "ready", Contact: me.Contact(), Address: client.Address()})
	if cfg.LiveBill {
		s.work.Go(func() { s.bills(ctx) })
	}
	commands := make(chan Command)
	// A read from in cannot be cut off; the goroutine ends with it or with the process.
	go func() {
		defer close(commands)
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			var c Command
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				s.emit(Event{Event: "error", Error: fmt.Sprintf("not a command: %v", err)})
				continue
			}
			select {
			case commands <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case c, ok := <-commands:
			if !ok || c.Op == "quit" {
				return nil
			}
			s.do(ctx, c)
		}
	}
}

func (s *session) do(ctx context.Context, c Command) {
	switch c.Op {
	case "contact":
		s.emit(Event{Event: "contact", Contact: s.me.Contact(), Address: s.client.Address(), Tag: c.Tag})
	case "send":
		s.work.Go(func() {
			id, err := s.me.Send(ctx, c.To, c.Body)
			if err != nil {
				s.emit(Event{Event: "error", Op: c.Op, Error: err.Error(), ID: id, Tag: c.Tag})
				return
			}
			s.emit(Event{Event: "sent", ID: id, Tag: c.Tag})
		})
	case "online":
		s.online(ctx)
		s.emit(Event{Event: "online", Tag: c.Tag})
	case "offline":
		if s.offline != nil {
			s.offline()
			<-s.gone
			s.offline = nil
		}
		s.emit(Event{Event: "offline", Tag: c.Tag})
	case "bill":
		bill := s.client.Bill()
		s.emit(Event{Event: "bill", Bill: &bill, Tag: c.Tag})
	default:
		s.emit(Event{Event: "error", Op: c.Op, Error: "unknown op", Tag: c.Tag})
	}
}

func (s *session) online(ctx context.Context) {
	if s.offline != nil {
		return
	}
	ctx, s.offline = context.WithCancel(ctx)
	gone := make(chan struct{})
	s.gone = gone
	messages := s.me.Receive(ctx)
	s.work.Go(func() {
		defer close(gone)
		for m := range messages {
			if m.Kind == sdk.Delivered {
				s.emit(Event{Event: "delivered", ID: m.ID})
				continue
			}
			s.emit(Event{Event: "message", From: m.From, Body: m.Body, ID: m.ID})
		}
	})
}

func (s *session) bills(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case bill := <-s.client.BillUpdates():
			s.emit(Event{Event: "bill", Bill: &bill})
		}
	}
}

func (s *session) emit(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Whoever reads may be gone; then there is nobody to tell.
	_ = s.out.Encode(e)
}
