package bench

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

const (
	// relayPerTx packets are sent by one transaction of each payer, all at once.
	relayPerTx = 100
	// relayAlone packets are sent one after the other, each when the one before is acknowledged.
	relayAlone = 15
	// relayTimeout bounds the wait for acknowledgements.
	relayTimeout = 5 * time.Minute
)

// journey is when a packet's events were in a block of a node, as this process saw it.
type journey struct{ sent, received, acked time.Time }

// over tells that all of it was seen; the chains are watched independently of each other.
func (j journey) over() bool { return !j.sent.IsZero() && !j.received.IsZero() && !j.acked.IsZero() }

// packets follows the main chain's packets through both chains.
type packets struct {
	mu       sync.Mutex
	journeys map[uint64]journey
	// changed is closed and replaced when something was noted.
	changed chan struct{}
}

func newPackets() *packets {
	return &packets{journeys: map[uint64]journey{}, changed: make(chan struct{})}
}

// note enters every event of one type.
func (p *packets) note(events []abci.Event, event, clientKey, client string, enter func(*journey)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if sequence, ok := packetOf(e, clientKey, client); ok && e.Type == event {
			j := p.journeys[sequence]
			enter(&j)
			p.journeys[sequence] = j
		}
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// packetOf is the sequence of an event's packet, if it went through that client.
func packetOf(e abci.Event, clientKey, client string) (uint64, bool) {
	found := map[string]string{}
	for _, a := range e.Attributes {
		found[a.Key] = a.Value
	}
	sequence, err := strconv.ParseUint(found[channeltypesv2.AttributeKeySequence], 10, 64)
	return sequence, err == nil && found[clientKey] == client
}

// take waits until n journeys are over, answers and forgets them.
func (p *packets) take(ctx context.Context, n int) ([]journey, error) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	for {
		p.mu.Lock()
		var over []journey
		for _, j := range p.journeys {
			if j.over() {
				over = append(over, j)
			}
		}
		changed := p.changed
		if len(over) >= n {
			clear(p.journeys)
			p.mu.Unlock()
			return over, nil
		}
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d packets are acknowledged: %w", len(over), n, context.Cause(ctx))
		case <-changed:
		}
	}
}

// watch notes the packets of all blocks from now on, until ctx ends; the channel then says why, and earlier when it fails.
func (s *scene) watch(ctx context.Context, p *packets) (<-chan error, error) {
	failed := make(chan error, 2)
	for _, w := range []struct {
		rpc  *rpchttp.HTTP
		note func([]abci.Event, time.Time)
	}{
		{s.mainRPC, func(events []abci.Event, seen time.Time) {
			p.note(events, channeltypesv2.EventTypeSendPacket, channeltypesv2.AttributeKeySrcClient, s.Clients.Main, func(j *journey) { j.sent = seen })
			p.note(events, channeltypesv2.EventTypeAcknowledgePacket, channeltypesv2.AttributeKeySrcClient, s.Clients.Main, func(j *journey) { j.acked = seen })
		}},
		{s.serviceRPC, func(events []abci.Event, seen time.Time) {
			p.note(events, channeltypesv2.EventTypeRecvPacket, channeltypesv2.AttributeKeyDstClient, s.Clients.Service, func(j *journey) { j.received = seen })
		}},
	} {
		height, err := latestHeight(ctx, w.rpc)
		if err != nil {
			return nil, err
		}
		go func() {
			failed <- follow(ctx, w.rpc, height, func(height int64, _ time.Time) (bool, error) {
				events, err := eventsIn(ctx, w.rpc, height)
				if err == nil {
					w.note(events, time.Now())
				}
				return false, err
			})
		}()
	}
	return failed, nil
}

// relay measures packets from the main chain to the service chain and their acknowledgements, as the running relayer carries them.
func (s *scene) relay(ctx context.Context) ([]Result, error) {
	if err := s.needPayers(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := newPackets()
	failed, err := s.watch(ctx, p)
	if err != nil {
		return nil, err
	}
	go func() { cancel(<-failed) }()

	var received, acked []time.Duration
	for range relayAlone {
		if err := s.sendPackets(ctx, 0, 1); err != nil {
			return nil, err
		}
		alone, err := p.take(ctx, 1)
		if err != nil {
			return nil, err
		}
		received, acked = append(received, alone[0].received.Sub(alone[0].sent)), append(acked, alone[0].acked.Sub(alone[0].sent))
	}
	cpu, err := cpuOf(s.Processes(localnet.RoleRelayer)...)
	if err != nil {
		return nil, err
	}
	if err := together(len(s.payers), func(i int) error { return s.sendPackets(ctx, i, relayPerTx) }); err != nil {
		return nil, err
	}
	n := len(s.payers) * relayPerTx
	all, err := p.take(ctx, n)
	if err != nil {
		return nil, err
	}
	after, err := cpuOf(s.Processes(localnet.RoleRelayer)...)
	if err != nil {
		return nil, err
	}
	first, last := all[0].sent, all[0].acked
	for _, j := range all {
		if j.sent.Before(first) {
			first = j.sent
		}
		if j.acked.After(last) {
			last = j.acked
		}
	}
	chains := map[string]any{
		"main_validators": len(s.Main.Nodes), "service_validators": len(s.Service.Nodes), "timeout_commit_ms": s.cfg.TimeoutCommit.Milliseconds(), "relayer_poll_ms": 300,
	}
	return []Result{
		newResult("relay.packets_per_s", float64(n)/last.Sub(first).Seconds(), "1/s", with(chains, map[string]any{
			"packets": n, "seconds": last.Sub(first).Seconds(), "relayer_cpu_s": (after - cpu).Seconds(),
			"what": "credit packets, from the first in a block of the main chain until the last is acknowledged there",
		})),
		newResult("relay.latency_p50_ms", milliseconds(percentile(acked, 50)), "ms", with(chains, map[string]any{
			"packets": relayAlone, "received_p50_ms": milliseconds(percentile(received, 50)),
			"what": "one packet at a time, from its block on the main chain to the block there with its acknowledgement; received: to the block on the service chain",
		})),
	}, nil
}

// sendPackets opens as many credit lines of a payer in one transaction, each a packet.
func (s *scene) sendPackets(ctx context.Context, payer, n int) error {
	key := s.payers[payer].key
	msgs := make([]sdk.Msg, n)
	for i := range msgs {
		msgs[i] = &billingtypes.MsgOpenCreditLine{Owner: key.Address(), ChainId: s.Service.ID, Amount: 1}
	}
	_, err := s.main.Send(ctx, key, msgs...)
	return err
}
