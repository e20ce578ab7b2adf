// Package play is what happens on a local network in the demo and in the process tests: users write to each other while some of them are offline and while
// parts of the network are killed; then all that they used is claimed, proven, settled and paid.
package play

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/topnetwork/top/testutil/localnet"
)

// Marker is in every message's text, for whoever looks where it must not be.
const Marker = "top-play-plaintext"

// Script says what happens.
type Script struct {
	// Messages in all; each quarter is sent in another situation.
	Messages int
	// FirstUser of the network who takes part, with the next one. Everything that others used before must be settled.
	FirstUser int
	// Patience bounds the wait for the last payout; 0 is settlementTimeout.
	Patience time.Duration
	// Pace is the time between two messages of a user: sessions then last over several epochs. 0 is as fast as they can.
	Pace time.Duration
	// Calm leaves out every kill and every absence.
	Calm bool
	// KillRelayer kills the relayer while there is something to settle, and starts it again later.
	KillRelayer bool
	// Rotation lets them talk on until the main chain's committee has changed, and has another program make all committees again.
	Rotation bool
	// Offline is called while messages wait in mailboxes for a user who is away.
	Offline func(*Cast) error
}

// Demo is the script of `make demo`.
var Demo = Script{Messages: 200, Pace: 200 * time.Millisecond, Rotation: true}

// Cast is who takes part.
type Cast struct {
	Network *localnet.Network
	Users   []*User
}

// Result is what the play leads to; every number is read from the chains or the users. Amounts in utop.
type Result struct {
	MainHeight        int64  `json:"main_height"`
	ServiceHeight     int64  `json:"service_height"`
	MessagesSent      int    `json:"messages_sent"`
	MessagesDelivered int    `json:"messages_delivered"`
	Vouchers          uint64 `json:"vouchers"`
	Claimed           uint64 `json:"claimed_utop"`
	Paid              uint64 `json:"paid_utop"`
	Fees              uint64 `json:"fees_utop"`
	Packets           uint64 `json:"packets"`
	InvariantsOK      bool   `json:"invariants_ok"`
	// CommitteeChanges are epochs with another committee than the epoch before, since the play began, where the script rotates.
	CommitteeChanges int `json:"committee_changes,omitempty"`
	// CommitteeRecomputed says that a program that shares no code with the chain has come to the same committees, from every node.
	CommitteeRecomputed bool `json:"committee_recomputed_ok,omitempty"`
}

type stage struct {
	Cast
	script Script
	logf   func(format string, args ...any)
	// before is what was claimed when the play began.
	before Books
	// serial makes every message's text unique.
	serial atomic.Int64
	// firstEpoch and firstTerm are the main chain's when the conversation began, where the script rotates.
	firstEpoch mainEpoch
	firstTerm  uint64
}

// Run plays a script on a fresh network with two users or more. It stops the users; the network stays.
func Run(ctx context.Context, n *localnet.Network, script Script, logf func(format string, args ...any)) (*Result, error) {
	s := &stage{Cast: Cast{Network: n}, script: script, logf: logf}
	showing, stop := context.WithCancel(ctx)
	defer stop()
	type step struct {
		name string
		run  func(context.Context) error
	}
	steps := []step{{"users", s.users}}
	if script.Rotation {
		steps = append(steps, step{"committee", s.begin})
	}
	steps = append(steps, step{"both online", s.bothOnline})
	if script.Calm {
		steps = append(steps, step{"more of it", s.calm})
	} else {
		steps = append(steps, step{"one offline", s.oneOffline}, step{"provider killed", s.providerKilled}, step{"the other offline", s.otherOffline})
	}
	if script.Rotation {
		steps = append(steps, step{"another committee", s.rotation})
	}
	steps = append(steps, step{"delivery", s.delivery})
	if script.KillRelayer {
		steps = append(steps, step{"relayer killed", s.relayerKilled})
	}
	var result *Result
	steps = append(steps, step{"settlement", s.settlement}, step{"books", func(ctx context.Context) (err error) { result, err = s.books(ctx); return err }})
	if script.Rotation {
		steps = append(steps, step{"recomputing", func(ctx context.Context) error { return s.committees(ctx, result) }})
	}
	steps = append(steps, step{"goodbye", s.goodbye})
	for _, step := range steps {
		began := time.Now()
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		if step.name == "users" {
			go s.showBill(showing)
		}
		logf("%-18s done after %.1fs", step.name, time.Since(began).Seconds())
	}
	return result, nil
}

// billEvery is how often the running bill is shown.
const billEvery = 3 * time.Second

// showBill reports what the users have used so far, whenever it has changed.
func (s *stage) showBill(ctx context.Context) {
	tick := time.NewTicker(billEvery)
	defer tick.Stop()
	var last string
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		line := ""
		for _, u := range s.Users {
			bill := u.Bill()
			line += fmt.Sprintf("  %s: %d messages, %d utop used, %d vouchered", u.Key.Name, bill.Messages, bill.Due, bill.Vouchered)
		}
		if line != last {
			s.logf("%-18s%s", "bill", line)
			last = line
		}
	}
}
