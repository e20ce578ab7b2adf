package play

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
)

func (s *stage) users(ctx context.Context) error {
	before, err := ReadBooks(ctx, s.Network)
	if err != nil {
		return err
	}
	s.before, s.Users = before, make([]*User, 2)
	return each(len(s.Users), func(i int) (err error) {
		s.Users[i], err = StartUser(ctx, s.Network, s.Network.Users[s.script.FirstUser+i])
		return err
	})
}

// each runs f for 0 … n-1 at the same time.
func each(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// send lets a user write messages to another, one after the other, at the script's pace.
func (s *stage) send(ctx context.Context, from, to *User, messages int) error {
	var next <-chan time.Time
	if s.script.Pace > 0 {
		ticker := time.NewTicker(s.script.Pace)
		defer ticker.Stop()
		next = ticker.C
	}
	for range messages {
		if next != nil {
			<-next
		}
		body := fmt.Sprintf("%s %d from %s: the quick brown fox", Marker, s.serial.Add(1), from.Key.Name)
		if err := from.Send(ctx, to, body); err != nil {
			return err
		}
	}
	return nil
}

// talk lets both users write to each other at the same time, messages in all.
func (s *stage) talk(ctx context.Context, messages int) error {
	a, b := s.Users[0], s.Users[1]
	return each(2, func(i int) error {
		if i == 0 {
			return s.send(ctx, a, b, messages/2)
		}
		return s.send(ctx, b, a, messages-messages/2)
	})
}

func (s *stage) quarter() int { return s.script.Messages / 4 }

func (s *stage) bothOnline(ctx context.Context) error {
	return s.talk(ctx, s.script.Messages-3*s.quarter())
}

// calm is what is left of a conversation in which nothing goes wrong.
func (s *stage) calm(ctx context.Context) error { return s.talk(ctx, 3*s.quarter()) }

// whileAway sends messages to a user who is offline and comes back.
func (s *stage) whileAway(ctx context.Context, from, to *User, messages int) error {
	if err := to.SetOnline(ctx, false); err != nil {
		return err
	}
	if err := s.send(ctx, from, to, messages); err != nil {
		return err
	}
	if s.script.Offline != nil {
		if err := s.script.Offline(&s.Cast); err != nil {
			return err
		}
	}
	return to.SetOnline(ctx, true)
}

func (s *stage) oneOffline(ctx context.Context) error {
	return s.whileAway(ctx, s.Users[0], s.Users[1], s.quarter())
}

func (s *stage) otherOffline(ctx context.Context) error {
	return s.whileAway(ctx, s.Users[1], s.Users[0], s.quarter())
}

// providerKilled kills a provider in the middle of a conversation and starts it again after it.
func (s *stage) providerKilled(ctx context.Context) error {
	half := s.quarter() / 2
	if err := s.talk(ctx, half); err != nil {
		return err
	}
	p, err := s.busiest(ctx)
	if err != nil {
		return err
	}
	if err := fault.Kill(s.Network.Process(p.Name)); err != nil {
		return err
	}
	s.logf("%-18s SIGKILL to %s", "", p.Name)
	if err := s.talk(ctx, s.quarter()-half); err != nil {
		return err
	}
	if _, err := s.Network.Restart(p.Name); err != nil {
		return err
	}
	if err := s.Network.ProviderReady(ctx, p); err != nil {
		return err
	}
	s.logf("%-18s %s is back", "", p.Name)
	return nil
}

// busiest is the provider that the first user's open sessions owe most to: the one whose death hurts.
func (s *stage) busiest(ctx context.Context) (*localnet.Provider, error) {
	var found *localnet.Provider
	u := s.Users[0]
	err := u.wait(ctx, "a session", func() error {
		most := uint64(0)
		for _, session := range u.bill.Sessions {
			for _, p := range s.Network.Providers {
				if p.Address == session.Provider && session.Due > most {
					found, most = p, session.Due
				}
			}
		}
		if found == nil {
			return fmt.Errorf("the bill lists %d sessions", len(u.bill.Sessions))
		}
		return nil
	})
	return found, err
}

// delivery waits until every message has arrived exactly once and its sender knows.
func (s *stage) delivery(ctx context.Context) error {
	for _, u := range s.Users {
		if err := u.AwaitDelivery(ctx); err != nil {
			return err
		}
	}
	sent, received := s.counts()
	if sent != s.script.Messages || received != sent {
		return fmt.Errorf("%d messages sent, %d received, %d in the script", sent, received, s.script.Messages)
	}
	return nil
}

// counts messages sent, and received at least once.
func (s *stage) counts() (sent, received int) {
	for _, u := range s.Users {
		u.mu.Lock()
		sent += len(u.answers["sent"])
		received += len(u.received)
		u.mu.Unlock()
	}
	return sent, received
}

// relayerKilled lets the chains run without a relayer for a while.
func (s *stage) relayerKilled(ctx context.Context) error {
	if err := fault.Kill(s.Network.Process(localnet.RelayerName)); err != nil {
		return err
	}
	height, err := s.Network.Main.REST().LatestHeight(ctx)
	if err != nil {
		return err
	}
	if err := process.Await(ctx, "blocks without a relayer", func(ctx context.Context) error {
		now, err := s.Network.Main.REST().LatestHeight(ctx)
		if err == nil && now < height+10 {
			err = fmt.Errorf("height is %d", now)
		}
		return err
	}); err != nil {
		return err
	}
	_, err = s.Network.Restart(localnet.RelayerName)
	return err
}

// settlementTimeout bounds the wait for the last payout: an epoch's end, a claim, its seed, its proof, a packet and the payout window.
const settlementTimeout = 5 * time.Minute

// settlement waits until all that the users used is vouchered, claimed, proven, settled and paid.
func (s *stage) settlement(ctx context.Context) error {
	patience := s.script.Patience
	if patience == 0 {
		patience = settlementTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Without these nothing is claimed; whether a chain can miss a node is for the caller to know.
	needs := s.Network.Processes(localnet.RoleProvider)
	for _, u := range s.Users {
		needs = append(needs, u.proc)
	}
	reported := ""
	return process.Await(ctx, "the last payout", func(ctx context.Context) error {
		var due, vouchered uint64
		for _, u := range s.Users {
			bill := u.Bill()
			due += bill.Due
			vouchered += bill.Vouchered
		}
		books, err := ReadBooks(ctx, s.Network)
		if err != nil {
			return err
		}
		if state := fmt.Sprintf("used %d utop, vouchered %d, claimed %d, paid %d, fees %d", due, vouchered, books.Claimed, books.Paid, books.Fees); state != reported {
			s.logf("%-18s %s", "", state)
			reported = state
		}
		if claimed := books.Claimed - s.before.Claimed; due != vouchered || vouchered != claimed {
			return errors.Join(fmt.Errorf("the users used %d utop and signed vouchers over %d, claims are over %d", due, vouchered, claimed), books.Unsettled)
		}
		return books.Unsettled
	}, needs...)
}

func (s *stage) books(ctx context.Context) (*Result, error) {
	books, err := ReadBooks(ctx, s.Network)
	if err != nil {
		return nil, err
	}
	if books.Claimed == 0 || books.Paid != books.Claimed-books.Fees {
		return nil, fmt.Errorf("claimed %d utop, paid %d, fees %d: paid must be claimed − fees", books.Claimed, books.Paid, books.Fees)
	}
	if err := CheckInvariants(ctx, s.Network); err != nil {
		return nil, fmt.Errorf("invariants: %w", err)
	}
	r := &Result{Vouchers: books.Vouchers, Claimed: books.Claimed, Paid: books.Paid, Fees: books.Fees, InvariantsOK: true}
	r.MessagesSent, r.MessagesDelivered = s.counts()
	if r.Packets, err = countPackets(ctx, s.Network); err != nil {
		return nil, err
	}
	if r.MainHeight, err = s.Network.Main.REST().LatestHeight(ctx); err != nil {
		return nil, err
	}
	r.ServiceHeight, err = s.Network.Service.REST().LatestHeight(ctx)
	return r, err
}

// goodbye lets the users close in order.
func (s *stage) goodbye(ctx context.Context) error {
	return each(len(s.Users), func(i int) error { return s.Users[i].Quit(ctx, s.Network) })
}
