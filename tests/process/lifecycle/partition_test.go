//go:build process

package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// packetTimeout is the shortest that parameters allow.
const packetTimeout = 60 * time.Second

// shortenPacketTimeouts of both chains, by governance.
func shortenPacketTimeouts(t *testing.T) {
	t.Helper()
	main, service := sides()[0], sides()[1]
	seconds := uint64(packetTimeout / time.Second)

	client := main.dial(t)
	billing, err := billingtypes.NewQueryClient(client.Conn()).Params(t.Context(), &billingtypes.QueryParamsRequest{})
	require.NoError(t, err)
	billing.Params.PacketTimeoutSeconds = seconds
	main.decide(t, client, &billingtypes.MsgUpdateParams{Authority: authority(), Params: billing.Params})

	client = service.dial(t)
	usage, err := usagetypes.NewQueryClient(client.Conn()).Params(t.Context(), &usagetypes.QueryParamsRequest{})
	require.NoError(t, err)
	usage.Params.PacketTimeoutSeconds = seconds
	service.decide(t, client, &usagetypes.MsgUpdateParams{Authority: authority(), Params: usage.Params})
}

// settlement packets of the service chain.
type settlement struct {
	Epoch    amount `json:"epoch"`
	Status   string `json:"status"`
	Sequence amount `json:"sequence"`
	Attempts int    `json:"attempts"`
}

func settlements(ctx context.Context) ([]settlement, error) {
	return localnet.All[settlement](ctx, net.Service.REST(), "/top/usage/v1/settlements", "settlements")
}

// The network is cut: one service-chain node is alone, and the main chain's halves do not hear each other for longer than packets may take. The main chain makes no block; packets
// of both sides that were under way time out: the settlement is sent again and paid once, the credit goes back to its owner.
func TestChainWithoutQuorumAndBack(t *testing.T) {
	shortenPacketTimeouts(t)
	writing := converse(t, 2, 400)
	for try := 1; !stopRelayerInFlight(t); try++ {
		require.Less(t, try, tries, "no packet stayed under way")
		startRelayer(t)
	}
	openCreditLine(t, 12)
	sent, err := sides()[1].undelivered(t.Context())
	require.NoError(t, err)
	began, err := net.Service.Nodes[0].Header(t.Context(), 0)
	require.NoError(t, err)

	// One of four validators of the service chain is cut off, and two of four of the main chain from the other two. All of them run.
	alone, half := net.Service.Nodes[3], net.Main.Nodes[2]
	cut := []string{alone.Name, half.Name, net.Main.Nodes[3].Name}
	require.NoError(t, net.Cut(cut...))
	stood := standstill(t, net.Main.Nodes[0])
	left := standstill(t, alone)
	ended := began.Time.Add(packetTimeout + 5*time.Second)
	await(t, "the packets' timeout", func(ctx context.Context) error {
		h, err := net.Service.Nodes[0].Header(ctx, 0)
		if err == nil && h.Time.Before(ended) {
			err = fmt.Errorf("block %d is of %s, want %s", h.Height, h.Time, ended)
		}
		return err
	}, net.Process(net.Service.Nodes[0].Name))
	for _, node := range net.Main.Nodes {
		require.LessOrEqual(t, height(t, node), stood+1, "without a quorum there is no block on either side: %s", node.Name)
	}
	require.Equal(t, left, height(t, alone), "who is cut off makes no block")
	require.Greater(t, height(t, net.Service.Nodes[0]), left+int64(packetTimeout/(5*time.Second)), "the others go on")
	require.NoError(t, net.Mend(cut...))
	awaitHeight(t, net.Main.Nodes[0], stood+5)
	for _, s := range sides() {
		sameState(t, s.Nodes[3], s.Nodes[0])
	}
	// Not earlier: the first block after a standstill has the time of the votes before it, so a packet that waits in the mempool still arrives.
	startRelayer(t)

	// What was under way has timed out, was sent again and arrived.
	await(t, "settlements to arrive", func(ctx context.Context) error {
		list, err := settlements(ctx)
		if err != nil {
			return err
		}
		again := 0
		for _, s := range list {
			if s.Attempts > 1 {
				again++
				if slices.Contains(sent, uint64(s.Sequence)) || s.Status != "SETTLEMENT_STATUS_ACKNOWLEDGED" {
					return fmt.Errorf("settlement of epoch %d is %s with packet %d after %d attempts", s.Epoch, s.Status, s.Sequence, s.Attempts)
				}
			}
		}
		if again == 0 {
			return fmt.Errorf("none of %d settlements was sent again, packets %v were under way", len(list), sent)
		}
		return nil
	})
	creditWentBack(t, net.Users[12].Address)
	require.NoError(t, <-writing)
	for _, s := range sides() {
		s.booksHold(t, s.Nodes[0])
		// Each epoch sends packets; none of them stays.
		await(t, "the packets of "+s.ID+" to arrive", func(ctx context.Context) error {
			left, err := s.undelivered(ctx)
			if err == nil && len(left) > 0 {
				err = fmt.Errorf("packets %v are under way", left)
			}
			return err
		})
	}
}

// standstill waits until a node has made no block for as long as ten blocks take, and answers its height.
func standstill(t *testing.T, node localnet.Node) int64 {
	t.Helper()
	at, since := height(t, node), time.Now()
	await(t, node.Name+" to stand", func(ctx context.Context) error {
		s, err := node.Status(ctx)
		if err != nil {
			return err
		}
		if s.Height != at {
			at, since = s.Height, time.Now()
		}
		if idle := time.Since(since); idle < 10*time.Second {
			return fmt.Errorf("height %d for %s", at, idle)
		}
		return nil
	}, net.Process(node.Name))
	return at
}

// creditWentBack waits until an owner's escrow has all of the deposit free again.
func creditWentBack(t *testing.T, owner string) {
	t.Helper()
	await(t, "the credit of "+owner, func(ctx context.Context) error {
		var answer struct {
			Escrow struct {
				Free amount `json:"free"`
			} `json:"escrow"`
		}
		err := net.Main.REST().Get(ctx, "/top/billing/v1/escrows/"+owner, &answer)
		if err == nil && answer.Escrow.Free != creditDeposit {
			err = fmt.Errorf("%d of %d utop are free", answer.Escrow.Free, creditDeposit)
		}
		return err
	})
	lines, err := localnet.All[struct {
		Credited amount `json:"credited"`
		InFlight amount `json:"in_flight"`
	}](t.Context(), net.Main.REST(), "/top/billing/v1/escrows/"+owner+"/credit_lines", "credit_lines")
	require.NoError(t, err)
	for _, l := range lines {
		require.Zero(t, l.Credited)
		require.Zero(t, l.InFlight)
	}
}
