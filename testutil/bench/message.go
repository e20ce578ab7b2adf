package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/topnetwork/top/sdk"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const (
	// talkCredit of each user, in utop.
	talkCredit = 40_000_000
	// Saturation: so many messages of a user are under way at a time, for so long.
	talkWindow = 32
	talkTime   = 10 * time.Second
	// Modest load: a message of each user every calmEvery, for calmTime.
	calmEvery = 200 * time.Millisecond
	calmTime  = 60 * time.Second
	// talkTimeout bounds the wait for what was sent to arrive.
	talkTimeout = time.Minute
)

// talker is a user in this process.
type talker struct {
	client *sdk.Client
	me     *sdk.Messenger
}

// talk is two users who write to each other, and what arrived.
type talk struct {
	users [2]talker

	mu      sync.Mutex
	arrived map[string]time.Time
	serial  int
}

// newTalk opens the users, who buy credit and send each other a message, so that sessions are open and prekeys published.
func (s *scene) newTalk(ctx context.Context) (t *talk, err error) {
	t = &talk{arrived: map[string]time.Time{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	return t, together(len(t.users), func(i int) (err error) {
		key, u := s.Users[scenePayers+i], &t.users[i]
		if u.client, err = sdk.Open(ctx, sdk.Config{
			Home: filepath.Join(s.cfg.Dir, key.Name), MainGRPC: s.Main.Nodes[0].GRPC, ServiceGRPC: s.Service.Nodes[0].GRPC, Mnemonic: key.Mnemonic,
			// A delivery notification is a message too; here only texts are counted, so only texts are sent.
			Quiet: true,
		}); err != nil {
			return err
		}
		if err := u.client.EnsureCredit(ctx, talkCredit); err != nil {
			return err
		}
		if u.me, err = u.client.Messenger(ctx); err != nil {
			return err
		}
		received := u.me.Receive(ctx)
		go func() {
			for m := range received {
				t.note(m)
			}
		}()
		return nil
	})
}

func (t *talk) close() error {
	return together(len(t.users), func(i int) error {
		if t.users[i].client == nil {
			return nil
		}
		return t.users[i].client.Close()
	})
}

func (t *talk) note(m sdk.Message) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, twice := t.arrived[m.Body]; !twice {
		t.arrived[m.Body] = now
	}
}

// send writes a message from one user to the other and answers its text, by which it is known on arrival.
func (t *talk) send(ctx context.Context, from int) (string, error) {
	t.mu.Lock()
	t.serial++
	body := fmt.Sprintf("message %d of the benchmark: the quick brown fox jumps over the lazy dog", t.serial)
	t.mu.Unlock()
	_, err := t.users[from].me.Send(ctx, t.users[1-from].me.Contact(), body)
	return body, err
}

// exchange is messages that were sent, and when.
type exchange struct {
	mu   sync.Mutex
	sent map[string]time.Time
}

// one sends a message and remembers it.
func (x *exchange) one(ctx context.Context, t *talk, from int) error {
	at := time.Now()
	body, err := t.send(ctx, from)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sent[body] = at
	return err
}

// all waits until every message has arrived and answers the latencies and the last arrival.
func (x *exchange) all(ctx context.Context, s *scene, t *talk) (latencies []time.Duration, last time.Time, err error) {
	err = s.await(ctx, talkTimeout, "all messages", func(context.Context) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		latencies = latencies[:0]
		for body, sent := range x.sent {
			at, ok := t.arrived[body]
			if !ok {
				return fmt.Errorf("%q has not arrived", body)
			}
			latencies = append(latencies, at.Sub(sent))
			if at.After(last) {
				last = at
			}
		}
		return nil
	})
	return latencies, last, err
}

// saturated is what the provider did when users wrote as fast as they could.
type saturated struct {
	messages int
	lasted   time.Duration
	cpu      time.Duration
}

// perMessage is the provider's CPU time in nanoseconds.
func (r saturated) perMessage() float64 { return float64(r.cpu.Nanoseconds()) / float64(r.messages) }

// cheaper of two runs is the one that others on this machine disturbed less.
func (r saturated) cheaper(other saturated) saturated {
	if other.perMessage() < r.perMessage() {
		return other
	}
	return r
}

// saturate lets both users write with many messages under way. It begins with an epoch, so that runs differ in nothing but what is compared.
func (s *scene) saturate(ctx context.Context, t *talk) (out saturated, err error) {
	if err := s.nextEpoch(ctx); err != nil {
		return out, err
	}
	warm := &exchange{sent: map[string]time.Time{}}
	for from := range t.users {
		if err := warm.one(ctx, t, from); err != nil {
			return out, err
		}
	}
	if _, _, err := warm.all(ctx, s, t); err != nil {
		return out, err
	}
	provider := s.Process(s.Providers[0].Name)
	before, err := cpuOf(provider)
	if err != nil {
		return out, err
	}
	x := &exchange{sent: map[string]time.Time{}}
	began := time.Now()
	err = together(len(t.users)*talkWindow, func(i int) error {
		for time.Since(began) < talkTime {
			if err := x.one(ctx, t, i%len(t.users)); err != nil {
				return err
			}
		}
		return nil
	})
	var last time.Time
	if err == nil {
		_, last, err = x.all(ctx, s, t)
	}
	if err != nil {
		return out, err
	}
	after, err := cpuOf(provider)
	return saturated{messages: len(x.sent), lasted: last.Sub(began), cpu: after - before}, err
}

// calm lets both users write now and then, whether or not the message before has arrived.
func (s *scene) calm(ctx context.Context, t *talk) ([]time.Duration, error) {
	x := &exchange{sent: map[string]time.Time{}}
	err := together(len(t.users), func(from int) error {
		tick := time.NewTicker(calmEvery)
		defer tick.Stop()
		n := int(calmTime / calmEvery)
		return together(n, func(i int) error {
			// Whoever gets the tick is next: n messages, one per tick.
			<-tick.C
			return x.one(ctx, t, from)
		})
	})
	if err != nil {
		return nil, err
	}
	latencies, _, err := x.all(ctx, s, t)
	return latencies, err
}

// epoch of the service chain.
func (s *scene) epoch(ctx context.Context) (uint64, error) {
	res, err := usagetypes.NewQueryClient(s.service.Conn()).Epoch(ctx, &usagetypes.QueryEpochRequest{})
	if err != nil {
		return 0, err
	}
	return res.Epoch, nil
}

// nextEpoch waits for the service chain's next epoch.
func (s *scene) nextEpoch(ctx context.Context) error {
	now, err := s.epoch(ctx)
	if err != nil {
		return err
	}
	return s.await(ctx, stepTimeout, "the next epoch", func(ctx context.Context) error {
		epoch, err := s.epoch(ctx)
		if err == nil && epoch == now {
			err = fmt.Errorf("epoch is %d", epoch)
		}
		return err
	})
}

// message measures messages through one provider, and what of the provider's work is metering.
func (s *scene) message(ctx context.Context) (results []Result, err error) {
	t, err := s.newTalk(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	metered, err := s.saturate(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("saturation: %w", err)
	}
	s.logf("%d messages in %.1fs at saturation", metered.messages, metered.lasted.Seconds())
	latencies, err := s.calm(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("modest load: %w", err)
	}
	charge, err := chargeCost()
	if err != nil {
		return nil, err
	}
	profiles, err := s.profiles(ctx, t, charge)
	if err != nil {
		return nil, err
	}
	for _, p := range profiles {
		for _, spell := range p.spells {
			metered = metered.cheaper(spell)
		}
	}
	where := map[string]any{
		"providers": len(s.Providers), "users": len(t.users), "main_validators": len(s.Main.Nodes), "service_validators": len(s.Service.Nodes),
		"timeout_commit_ms": s.cfg.TimeoutCommit.Milliseconds(), "notifications": false, "users_run": "in the benchmark's process, on the same machine",
	}
	atSaturation := with(where, map[string]any{
		"messages": metered.messages, "seconds": metered.lasted.Seconds(), "under_way_per_user": talkWindow,
		"rounds": 1 + talkProfiles*talkSpells, "what": "the cheapest round, from the first Send to the last receipt, within one epoch; the sdk deposits one message per recipient at a time",
	})
	calm := with(where, map[string]any{
		"messages": len(latencies), "per_s": float64(len(t.users)) / calmEvery.Seconds(), "epoch_blocks": s.cfg.EpochBlocks, "what": "from Send to receipt, epochs' ends included",
	})
	return []Result{
		newResult("message.per_s", float64(metered.messages)/metered.lasted.Seconds(), "1/s", atSaturation).
			against("tx/s: stock.4val.tps, a bank transfer per message", s.figures["stock.4val.tps"]),
		newResult("message.p50_ms", milliseconds(percentile(latencies, 50)), "ms", calm),
		newResult("message.p99_ms", milliseconds(percentile(latencies, 99)), "ms", calm),
		meteringOverhead(profiles, charge, where),
		newResult("messaging.provider_cpu_per_message", metered.perMessage()/1000, "us", atSaturation),
	}, nil
}
