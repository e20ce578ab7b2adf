//go:build process

package gate

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	gatetypes "github.com/topnetwork/top/x/gate/types"
)

const (
	exited    = 3_000_000
	deposited = 700_000
	// first and second router.
	first, second = localnet.RouterName, "router2"
)

// Coins go from the main chain to shards and back, to whom and for what their owners say, by a router that is killed before and after each of its steps, then by two that race, then while an upgrade closes the main chain's payments: all arrives exactly once, and nothing is left waiting.
func TestCoinsCrossTheGate(t *testing.T) {
	n := start(t)
	issued := uint64(len(n.users)+len(n.far)) * funds
	books, err := gatetypes.NewQueryClient(n.main.Conn()).Books(t.Context(), &gatetypes.QueryBooksRequest{})
	require.NoError(t, err)
	require.Equal(t, issued, books.Books.Issued.Uint64())
	require.Equal(t, issued, books.Books.Balance.Uint64())
	n.routesAreProven()
	require.NoError(t, n.StartRouter(t.Context(), first, n.Carrier))
	times := n.killedAtEveryStep(n.users[0])
	n.race(times)
	// Six exits in each of three rounds, and the nine deposits that stayed.
	n.paymentsClose((times+18)*exited, (times+9)*deposited)
}

// race of two routers, one of which is killed and begun again: exits and deposits of every kind at once. Before, the first user has made so many exits and deposits.
func (n *network) race(before uint64) {
	t := n.t
	t.Helper()
	validator := n.validator()
	require.NoError(t, n.StartRouter(t.Context(), second, n.Operator))
	stakes, pays, lost := n.users[1], n.users[2], n.users[3]
	for round := range 3 {
		for _, u := range n.users[:6] {
			n.exit(u, exited)
		}
		n.deposit(stakes, deposited, "stake="+validator)
		n.deposit(pays, deposited, "")
		// Nobody runs such a validator: the coins come back.
		n.deposit(lost, deposited, "stake="+sdk.ValAddress(lost.address[:]).String())
		n.deposit(n.users[0], deposited, "escrow")
		// At any time, also while all moves.
		n.supply()
		switch round {
		case 0:
			n.kill(first)
		case 1:
			n.begin(first)
			n.kill(second)
			n.begin(second)
		}
	}
	at := time.Now()
	n.await("deposits", func(ctx context.Context) error {
		for _, c := range []struct {
			name string
			want uint64
			of   func(context.Context) (uint64, error)
		}{
			{"the escrow", (before + 3) * deposited, n.escrow(n.users[0])},
			{"the stake", 3 * deposited, n.stake(stakes, validator)},
			{"the account on the main chain", localnet.UserFunds - 3*exited + 3*deposited, func(ctx context.Context) (uint64, error) { return n.onMain(ctx, pays) }},
			{"the account whose deposits came back", funds + 3*exited, func(ctx context.Context) (uint64, error) { return n.onShard(ctx, lost) }},
			{"the account that staked", funds + 3*exited - 3*deposited, func(ctx context.Context) (uint64, error) { return n.onShard(ctx, stakes) }},
			{"the account that exited only", funds + 3*exited, func(ctx context.Context) (uint64, error) { return n.onShard(ctx, n.users[4]) }},
		} {
			if err := has(c.name, c.want, c.of)(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	n.settled()
	t.Logf("all has arrived %.1fs after the last was sent", time.Since(at).Seconds())
	require.Less(t, time.Since(at), goesOn)
	// Eighteen exits and 3 + 3 + 3 deposits that stayed; those that came back did not.
	n.exact((before+18)*exited, (before+9)*deposited)
	for _, s := range n.Shards {
		require.NoError(t, n.SameState(t.Context(), s.ID))
	}
}

// settled: nothing waits, on neither side.
func (n *network) settled() {
	n.t.Helper()
	n.await("all is taken and confirmed", func(ctx context.Context) error {
		for _, s := range n.Shards {
			ofShard, ofMain, err := n.ledgers(ctx, s.ID)
			if err != nil {
				return err
			}
			if ofShard.Outbox.Waiting != 0 || ofMain.Outbox.Waiting != 0 || !ofShard.Outbox.Total.Equal(ofMain.Inbox.Total) || !ofMain.Outbox.Total.Equal(ofShard.Inbox.Total) {
				return fmt.Errorf("%s: %d batches wait for it and %d of it; %s were sent to it and %s came, %s were sent back and %s came",
					s.ID, ofShard.Outbox.Waiting, ofMain.Outbox.Waiting, ofShard.Outbox.Total, ofMain.Inbox.Total, ofMain.Outbox.Total, ofShard.Inbox.Total)
			}
		}
		return nil
	})
}

func (n *network) escrow(u *user) func(context.Context) (uint64, error) {
	return func(ctx context.Context) (uint64, error) {
		res, err := billingtypes.NewQueryClient(n.main.Conn()).Escrow(ctx, &billingtypes.QueryEscrowRequest{Owner: u.Address})
		if err != nil {
			return 0, err
		}
		return res.Escrow.Free + res.Escrow.Reserve, nil
	}
}

func (n *network) stake(u *user, validator string) func(context.Context) (uint64, error) {
	return func(ctx context.Context) (uint64, error) {
		res, err := stakingtypes.NewQueryClient(n.main.Conn()).Delegation(ctx, &stakingtypes.QueryDelegationRequest{DelegatorAddr: u.Address, ValidatorAddr: validator})
		if err != nil {
			return 0, err
		}
		return res.DelegationResponse.Balance.Amount.Uint64(), nil
	}
}

// validator that users stake with.
func (n *network) validator() string {
	n.t.Helper()
	res, err := stakingtypes.NewQueryClient(n.main.Conn()).Validators(n.t.Context(), &stakingtypes.QueryValidatorsRequest{})
	require.NoError(n.t, err)
	require.NotEmpty(n.t, res.Validators)
	return res.Validators[0].OperatorAddress
}
