//go:build process

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// joined are the full nodes, by chain, that came by state-sync.
var joined = map[string]localnet.Node{}

// fullNode of the chain that is not a validator; it joins by state-sync unless it has.
func (s side) fullNode(t *testing.T) localnet.Node {
	t.Helper()
	if node, ok := joined[s.ID]; ok {
		return node
	}
	// A snapshot is taken after its block, and the light client needs two blocks more. What the node trusts must not be newer than the snapshot.
	awaitHeight(t, s.Nodes[0], snapshotInterval+5)
	trusted, err := s.Nodes[1].Header(t.Context(), height(t, s.Nodes[1])-snapshotInterval-3)
	require.NoError(t, err)
	node, err := net.Join(t.Context(), s.Chain, s.Kind+"-full", localnet.Anchor{Height: trusted.Height, Hash: trusted.Hash})
	require.NoError(t, err)
	await(t, node.Name+" to catch up", func(ctx context.Context) error {
		status, err := node.Status(ctx)
		if err == nil && (status.CatchingUp || status.Height == 0) {
			err = fmt.Errorf("height is %d, catching up: %t", status.Height, status.CatchingUp)
		}
		return err
	}, net.Process(node.Name))
	joined[s.ID] = node
	return node
}

// pay sends one utop after the other from a user to another until stop is closed; it fails when one does not arrive, or none was sent.
func pay(t *testing.T, from, to int, stop <-chan struct{}) <-chan error {
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC})
	require.NoError(t, err)
	key, err := chain.FromMnemonic(net.Users[from].Mnemonic)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		defer client.Close()
		paid := 0
		for {
			select {
			case <-stop:
				if paid == 0 {
					done <- errors.New("no payment was made meanwhile")
				} else {
					done <- nil
				}
				return
			default:
			}
			if _, err := client.Send(t.Context(), key, &banktypes.MsgSend{
				FromAddress: key.Address(), ToAddress: net.Users[to].Address, Amount: sdk.NewCoins(sdk.NewInt64Coin("utop", 1)),
			}); err != nil {
				done <- err
				return
			}
			paid++
		}
	}()
	return done
}

// converse lets two users, first and the next, write to each other in the background until all that they used is paid.
func converse(t *testing.T, first, messages int) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := play.Run(t.Context(), net, play.Script{Messages: messages, Pace: 300 * time.Millisecond, Calm: true, FirstUser: first, Patience: 2 * waitTimeout}, logf)
		done <- err
	}()
	return done
}

// A fresh node of each chain joins by state-sync while people pay and write: it begins at a snapshot, reaches the state of the others, and its books hold.
func TestFreshNodeJoinsUnderTraffic(t *testing.T) {
	stop := make(chan struct{})
	paying, writing := pay(t, 10, 11, stop), converse(t, 4, 160)
	for _, s := range sides() {
		node := s.fullNode(t)
		status, err := node.Status(t.Context())
		require.NoError(t, err)
		require.Greater(t, status.Earliest, int64(snapshotInterval), "%s has no block before its snapshot: it did not replay the chain", node.Name)
		sameState(t, node, s.Nodes[0])
		s.booksHold(t, node)
	}
	close(stop)
	require.NoError(t, <-paying)
	require.NoError(t, <-writing)
	for _, s := range sides() {
		sameState(t, joined[s.ID], s.Nodes[0])
		s.booksHold(t, joined[s.ID])
	}
}
