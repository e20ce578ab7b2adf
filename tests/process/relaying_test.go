//go:build process

package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/testutil/fault"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// gate sees every call of a relayer to its chains; what it does with one can be changed while it runs.
type gate struct {
	mu   sync.Mutex
	hook func(context.Context, string, fault.Call) error
}

func (g *gate) set(hook func(ctx context.Context, chainID string, call fault.Call) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hook = hook
}

// reach puts the gate between a relayer and a chain.
func (g *gate) reach(t *testing.T, c *localnet.Chain) localnet.Reach {
	t.Helper()
	proxy, err := fault.NewGRPC(c.Nodes[0].GRPC, func(ctx context.Context, call fault.Call) error {
		g.mu.Lock()
		hook := g.hook
		g.mu.Unlock()
		if hook == nil {
			return nil
		}
		return hook(ctx, c.ID, call)
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = proxy.Close() })
	return localnet.Reach{RPC: []string{c.Nodes[0].RPC}, GRPC: []string{proxy.Address}}
}

// broadcasts tells whether a call hands a transaction to a node that has one kind of message and lacks another.
func broadcasts(call fault.Call, has, lacks string) bool {
	return call.Method == "/cosmos.tx.v1beta1.Service/BroadcastTx" && bytes.Contains(call.Request, []byte(has)) &&
		(lacks == "" || !bytes.Contains(call.Request, []byte(lacks)))
}

// killPoint is a step on a packet's way: a transaction on its way to a node, or its answer on the way back.
type killPoint struct {
	name, chain, has, lacks string
	answered                bool
}

// killAt has a relayer killed by SIGKILL at a point, to which provoke leads it. Until revive, nothing that the dead one had begun reaches a node.
func (g *gate) killAt(t *testing.T, name string, point killPoint, provoke func()) {
	t.Helper()
	killed := make(chan error, 1)
	var once sync.Once
	g.set(func(_ context.Context, chainID string, call fault.Call) error {
		if chainID == point.chain && call.Answered == point.answered && broadcasts(call, point.has, point.lacks) {
			once.Do(func() { killed <- fault.Kill(net.Process(name)) })
			return status.Error(codes.Unavailable, "the relayer is dead")
		}
		return nil
	})
	provoke()
	select {
	case err := <-killed:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "the relayer never came to this step", net.Process(name).LogTail(20))
	}
}

// revive starts the next relayer, which has nothing but configuration and key.
func revive(t *testing.T, name string) *process.Process {
	t.Helper()
	forget(t, name)
	p, err := net.Restart(name)
	require.NoError(t, err)
	return p
}

// A relayer is killed between every two steps of a packet's way, in both directions; the next one brings everything to its end once.
func TestRelayerKilledBetweenAnyTwoSteps(t *testing.T) {
	c := newCourier(t, courierUser)
	withoutRelayer(t)
	var g gate
	const name = "relayer-killed"
	startRelayer(t, name, net.Operator, g.reach(t, net.Main), g.reach(t, net.Service))
	for _, point := range []killPoint{
		{"client updated, packets not received", net.Service.ID, "MsgUpdateClient", "MsgRecvPacket", true},
		{"before packets are received", net.Service.ID, "MsgRecvPacket", "", false},
		{"packets received, answer unknown", net.Service.ID, "MsgRecvPacket", "", true},
		{"before packets are acknowledged", net.Main.ID, "MsgAcknowledgement", "", false},
		{"packets acknowledged, answer unknown", net.Main.ID, "MsgAcknowledgement", "", true},
	} {
		t.Run(point.name, func(t *testing.T) {
			g.killAt(t, name, point, func() { c.send(3) })
			g.set(nil)
			c.arrival(revive(t, name))
		})
	}
	before, _, err := c.line(t.Context())
	require.NoError(t, err)
	for _, point := range []killPoint{
		{"before a settlement is received", net.Main.ID, "MsgRecvPacket", "", false},
		{"settlement received, answer unknown", net.Main.ID, "MsgRecvPacket", "", true},
		{"before a settlement is acknowledged", net.Service.ID, "MsgAcknowledgement", "", false},
		{"settlement acknowledged, answer unknown", net.Service.ID, "MsgAcknowledgement", "", true},
	} {
		t.Run(point.name, func(t *testing.T) {
			g.killAt(t, name, point, c.release)
			g.set(nil)
			c.returned(before, revive(t, name))
		})
	}
}

// forget deletes all that a relayer has written, its configuration and keys apart.
func forget(t *testing.T, name string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(net.Dir, name))
	require.NoError(t, err)
	for _, e := range entries {
		if e.Name() != "config.yaml" && e.Name() != "keys" {
			require.NoError(t, os.RemoveAll(filepath.Join(net.Dir, name, e.Name())))
		}
	}
}

// Two relayers with keys of their own serve the same clients: nothing happens twice, nobody's failed transaction is tried for ever.
func TestTwoRelayersRace(t *testing.T) {
	c := newCourier(t, courierUser)
	// A stranger's smallest credit line makes its account on the service chain: no one's signature is needed.
	rival := newCourier(t, rivalUser)
	rival.send(1)
	rival.arrival()
	second, secondStatus := startRelayer(t, "relayer-rival", net.Users[rivalUser], net.Main.Reach(), net.Service.Reach())
	first := net.Process(localnet.RelayerName)
	firstStatus, err := net.RelayerStatus(t.Context(), localnet.RelayerName)
	require.NoError(t, err)

	for range 8 {
		c.send(6)
	}
	c.arrival(first, second)
	failures := func() (sum float64) {
		for _, s := range []localnet.Status{firstStatus, secondStatus} {
			failed, _, err := metric(t.Context(), s, "top_relayer_failed_transactions_total", `code=`)
			require.NoError(t, err)
			sum += failed
		}
		return sum
	}
	// Both go on refreshing clients; what the losers of the race tried is not tried again.
	backlog := func() float64 {
		var sum float64
		for _, s := range []localnet.Status{firstStatus, secondStatus} {
			for _, name := range []string{"top_relayer_backlog_packets", "top_relayer_unacknowledged_packets"} {
				open, found, err := metric(t.Context(), s, name)
				require.NoError(t, err)
				require.True(t, found, name)
				sum += open
			}
		}
		return sum
	}
	require.Eventually(t, func() bool { return backlog() == 0 }, time.Minute, 200*time.Millisecond)
	before := failures()
	blocks(t, net.Main, 6)
	require.LessOrEqual(t, failures()-before, 4.0, "at most a race for a client's refresh is lost now and then")
	for _, s := range []localnet.Status{firstStatus, secondStatus} {
		brought, found, err := metric(t.Context(), s, "top_relayer_packets_total")
		require.NoError(t, err)
		require.True(t, found && brought > 0, "both took part")
	}
}

// The first packet is held back until those after it have arrived, while batches with it are refused and split: the others do not wait for it.
func TestPacketsArriveInAnyOrder(t *testing.T) {
	c := newCourier(t, courierUser)
	c.send(1)
	c.arrival()
	withoutRelayer(t)
	var g gate
	var first []byte
	var mu sync.Mutex
	refused := 0
	hold := func(_ context.Context, chainID string, call fault.Call) error {
		mu.Lock()
		defer mu.Unlock()
		if chainID == net.Service.ID && !call.Answered && call.Method == "/cosmos.tx.v1beta1.Service/Simulate" && bytes.Contains(call.Request, first) {
			refused++
			return status.Error(codes.Unknown, "held back for the test")
		}
		return nil
	}
	before, _, err := c.line(t.Context())
	require.NoError(t, err)
	first = nextPacket(t)
	g.set(hold)
	p, _ := startRelayer(t, "relayer-order", net.Operator, g.reach(t, net.Main), g.reach(t, net.Service))
	c.send(4)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	held := 100 + c.serial - 3
	require.NoError(t, process.Await(ctx, "all packets but the first", func(ctx context.Context) error {
		line, credited, err := c.line(ctx)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && (credited != uint64(line.Credited)-held || refused == 0) {
			err = fmt.Errorf("credited %d, the service chain knows of %d, %d transactions were refused", line.Credited, credited, refused)
		}
		return err
	}, p))
	g.set(nil)
	c.arrival(p)
	after, credited, err := c.line(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 4*held+6, after.Credited-before.Credited)
	require.EqualValues(t, after.Credited, credited)
}

// nextPacket is what the main chain's next packet to the service chain begins with, sequence and clients, as a transaction with it contains it.
func nextPacket(t *testing.T) []byte {
	t.Helper()
	var answer struct {
		Next amount `json:"next_sequence_send"`
	}
	require.NoError(t, net.Main.REST().Get(t.Context(), "/ibc/core/channel/v2/clients/"+net.Clients.Main+"/next_sequence_send", &answer))
	packet := channeltypesv2.Packet{Sequence: uint64(answer.Next), SourceClient: net.Clients.Main, DestinationClient: net.Clients.Service}
	bz, err := packet.Marshal()
	require.NoError(t, err)
	return bz
}

// A node that answers garbage, half answers, none, old ones or lies cannot make a relayer lose a packet or deliver a wrong one; another node takes its place.
func TestRelayerSurvivesLyingNodes(t *testing.T) {
	c := newCourier(t, courierUser)
	withoutRelayer(t)
	main, service := fault.NewRPC(net.Main.Nodes[0].RPC), fault.NewRPC(net.Service.Nodes[0].RPC)
	t.Cleanup(main.Close)
	t.Cleanup(service.Close)
	set := func(m fault.Mode) { main.Set(m); service.Set(m) }
	only := func(c *localnet.Chain, rpc string) localnet.Reach {
		return localnet.Reach{RPC: []string{rpc}, GRPC: []string{c.Nodes[0].GRPC}}
	}
	both := func(c *localnet.Chain, rpc string) localnet.Reach {
		return localnet.Reach{RPC: []string{rpc, c.Nodes[len(c.Nodes)-1].RPC}, GRPC: []string{c.Nodes[0].GRPC}}
	}
	modes := []fault.Mode{fault.Garbage, fault.Truncated, fault.Stalled, fault.Old, fault.Lying}

	alone, _ := startRelayer(t, "relayer-alone", net.Operator, only(net.Main, main.URL), only(net.Service, service.URL))
	for _, mode := range modes {
		t.Run("the only node is "+string(mode), func(t *testing.T) {
			set(mode)
			// The first status is the one that an old node repeats.
			require.NoError(t, process.Await(t.Context(), "a request", func(context.Context) error {
				if main.Asked() == 0 {
					return fmt.Errorf("the node of %s was not asked", net.Main.ID)
				}
				return nil
			}, alone))
			c.send(2)
			asked := main.Asked()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			require.NoError(t, process.Await(ctx, "more requests", func(context.Context) error {
				if now := main.Asked(); now < asked+2 {
					return fmt.Errorf("%d requests", now)
				}
				return nil
			}, alone))
			line, credited, err := c.line(t.Context())
			require.NoError(t, err)
			require.Less(t, credited, uint64(line.Credited), "nothing is delivered on such a node's word")
			set(fault.Honest)
			c.arrival(alone)
		})
	}
	require.NoError(t, alone.Kill())

	several, _ := startRelayer(t, "relayer-several", net.Operator, both(net.Main, main.URL), both(net.Service, service.URL))
	for _, mode := range modes {
		t.Run("one of two nodes is "+string(mode), func(t *testing.T) {
			set(mode)
			c.send(2)
			c.arrival(several)
		})
	}
}

// The gRPC of a node stalls: the next one is asked.
func TestRelayerLeavesStalledGRPC(t *testing.T) {
	c := newCourier(t, courierUser)
	withoutRelayer(t)
	var g gate
	reach := func(c *localnet.Chain) localnet.Reach {
		r := g.reach(t, c)
		r.GRPC = append(r.GRPC, c.Nodes[len(c.Nodes)-1].GRPC)
		return r
	}
	p, _ := startRelayer(t, "relayer-stalled", net.Operator, reach(net.Main), reach(net.Service))
	stalled := make(chan struct{}, 1)
	g.set(func(ctx context.Context, _ string, _ fault.Call) error {
		select {
		case stalled <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return ctx.Err()
	})
	select {
	case <-stalled:
	case <-time.After(time.Minute):
		require.Fail(t, "the proxy was not asked")
	}
	c.send(2)
	c.arrival(p)
}

// A node that keeps packets to itself, or says that they have arrived, is found out by its chain's state: they are delivered even when there is no other node.
func TestRelayerDeliversWhatNodesHide(t *testing.T) {
	c := newCourier(t, courierUser)
	withoutRelayer(t)
	var g gate
	p, st := startRelayer(t, "relayer-hidden", net.Operator, g.reach(t, net.Main), g.reach(t, net.Service))
	for _, lie := range []struct{ name, chain, method string }{
		{"nothing was sent", net.Main.ID, "/ibc.core.channel.v2.Query/PacketCommitments"},
		{"everything has arrived", net.Service.ID, "/ibc.core.channel.v2.Query/UnreceivedPackets"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			g.set(func(_ context.Context, chainID string, call fault.Call) error {
				if call.Answered && chainID == lie.chain && call.Method == lie.method {
					*call.Answer = nil
				}
				return nil
			})
			c.send(3)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			require.NoError(t, process.Await(ctx, "delivery", func(ctx context.Context) error {
				line, credited, err := c.line(ctx)
				if err == nil && credited != uint64(line.Credited) {
					err = fmt.Errorf("credited %d, the service chain knows of %d", line.Credited, credited)
				}
				return err
			}, p))
			hidden, _, err := metric(t.Context(), st, "top_relayer_hidden_packets_total", fmt.Sprintf("chain=%q", lie.chain))
			require.NoError(t, err)
			require.Positive(t, hidden)
			g.set(nil)
			c.arrival(p)
		})
	}
}

// The metrics say what waits, since when, how long the clients last, what the signer has, and what failed.
func TestRelayerMetrics(t *testing.T) {
	c := newCourier(t, courierUser)
	withoutRelayer(t)
	var g gate
	p, st := startRelayer(t, "relayer-metrics", net.Operator, g.reach(t, net.Main), g.reach(t, net.Service))
	g.set(func(_ context.Context, chainID string, call fault.Call) error {
		if chainID == net.Service.ID && !call.Answered && call.Method == "/cosmos.tx.v1beta1.Service/Simulate" && bytes.Contains(call.Request, []byte("MsgRecvPacket")) {
			return status.Error(codes.Unknown, "refused for the test")
		}
		return nil
	})
	c.send(3)
	direction := []string{fmt.Sprintf("source=%q", net.Main.ID), fmt.Sprintf("destination=%q", net.Service.ID)}
	read := func(ctx context.Context, name string, labels ...string) (float64, error) {
		value, found, err := metric(ctx, st, name, labels...)
		if err == nil && !found {
			err = fmt.Errorf("there is no %s%v", name, labels)
		}
		return value, err
	}
	await := func(what string, name string, holds func(float64) bool, labels ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, process.Await(ctx, what, func(ctx context.Context) error {
			value, err := read(ctx, name, labels...)
			if err == nil && !holds(value) {
				err = fmt.Errorf("%s%v is %v", name, labels, value)
			}
			return err
		}, p))
	}
	await("the backlog", "top_relayer_backlog_packets", func(v float64) bool { return v == 3 }, direction...)
	await("the oldest packet's age", "top_relayer_oldest_packet_age_seconds", func(v float64) bool { return v > 2 && v < 120 }, direction...)
	await("failed transactions", "top_relayer_failed_transactions_total", func(v float64) bool { return v > 0 }, fmt.Sprintf("chain=%q", net.Service.ID))
	const days = 24 * 3600
	for _, at := range []struct{ chain, client string }{{net.Main.ID, net.Clients.Main}, {net.Service.ID, net.Clients.Service}} {
		await("the client's time", "top_relayer_client_expiry_seconds", func(v float64) bool { return v > 13*days && v < 15*days },
			fmt.Sprintf("chain=%q", at.chain), fmt.Sprintf("client=%q", at.client))
	}
	has := ledger{t, net.Main.REST()}.balance(net.Operator.Address)
	await("the balance", "top_relayer_balance_utop", func(v float64) bool { return v == float64(has) },
		fmt.Sprintf("chain=%q", net.Main.ID), fmt.Sprintf("address=%q", net.Operator.Address))

	g.set(nil)
	c.arrival(p)
	await("an empty backlog", "top_relayer_backlog_packets", func(v float64) bool { return v == 0 }, direction...)
	await("no oldest packet", "top_relayer_oldest_packet_age_seconds", func(v float64) bool { return v == 0 }, direction...)
	await("nothing unacknowledged", "top_relayer_unacknowledged_packets", func(v float64) bool { return v == 0 }, direction...)
}

// timeoutSeconds is the shortest timeout that x/billing takes.
const timeoutSeconds = 60

// The service chain stands still for longer than a packet may take: the packet is taken back, and the payer has its coins again, though relayers are killed before and
// after they have said so to the main chain.
func TestPacketTimesOutWhileTheServiceChainIsDown(t *testing.T) {
	c := newCourier(t, courierUser)
	c.send(1)
	c.arrival()
	withoutRelayer(t)
	var g gate
	const name = "relayer-timeouts"
	p, _ := startRelayer(t, name, net.Operator, g.reach(t, net.Main), g.reach(t, net.Service))
	params := func() billingtypes.Params {
		res, err := billingtypes.NewQueryClient(c.main.Conn()).Params(t.Context(), &billingtypes.QueryParamsRequest{})
		require.NoError(t, err)
		return res.Params
	}
	usual := params()
	short := usual
	short.PacketTimeoutSeconds = timeoutSeconds
	governBilling(t, short)
	require.Equal(t, short, params())

	before, creditedBefore, err := c.line(t.Context())
	require.NoError(t, err)
	free := func() uint64 {
		res, err := billingtypes.NewQueryClient(c.main.Conn()).Escrow(t.Context(), &billingtypes.QueryEscrowRequest{Owner: c.key.Address()})
		require.NoError(t, err)
		return res.Escrow.Free
	}
	had := free()
	for _, p := range net.Processes(localnet.RoleServiceNode) {
		require.NoError(t, fault.Pause(p))
		t.Cleanup(func() { _ = fault.Resume(p) })
	}
	c.send(1)
	require.Less(t, free(), had)
	sent, err := c.main.Time(t.Context())
	require.NoError(t, err)
	require.NoError(t, process.Await(t.Context(), "the packet's end", func(ctx context.Context) error {
		now, err := c.main.Time(ctx)
		if err == nil && now.Sub(sent) <= (timeoutSeconds+1)*time.Second {
			err = fmt.Errorf("%s have passed", now.Sub(sent))
		}
		return err
	}, p))
	g.killAt(t, name, killPoint{"before the timeout", net.Main.ID, "MsgTimeout", "", false}, func() {
		for _, p := range net.Processes(localnet.RoleServiceNode) {
			require.NoError(t, fault.Resume(p))
		}
	})
	g.killAt(t, name, killPoint{"timed out, answer unknown", net.Main.ID, "MsgTimeout", "", true}, func() { revive(t, name) })
	g.set(nil)
	p = revive(t, name)
	c.arrival(p)
	after, creditedAfter, err := c.line(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, creditedBefore, creditedAfter, "the service chain never heard of it")
	require.Equal(t, had, free())

	// The path works on.
	c.send(1)
	c.arrival(p)
	governBilling(t, usual)
}
