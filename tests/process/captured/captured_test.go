//go:build process

package captured

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/testutil/localnet"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// standing of a host with the main chain: what it has deposited, and whether it may still sit.
type standing struct {
	tokens     uint64
	reputation uint64
	jailed     bool
}

func (n *network) standings() (list []standing) {
	t := n.t
	t.Helper()
	for _, operator := range n.Operators() {
		account, err := sdk.AccAddressFromBech32(operator)
		require.NoError(t, err)
		v, err := stakingtypes.NewQueryClient(n.main.Conn()).Validator(t.Context(), &stakingtypes.QueryValidatorRequest{ValidatorAddr: sdk.ValAddress(account).String()})
		require.NoError(t, err)
		node, err := staketypes.NewQueryClient(n.main.Conn()).Node(t.Context(), &staketypes.QueryNodeRequest{Operator: operator})
		require.NoError(t, err)
		list = append(list, standing{tokens: v.Validator.Tokens.Uint64(), reputation: node.Node.Reputation, jailed: v.Validator.Jailed})
	}
	return list
}

// A whole committee is captured: its members run a program that gives a thief coins out of nothing, and sign that. The thief sends them away in many small payments, to another shard and to the main chain. What gets out is bounded until
// auditors have looked; they deny what was signed, the shard is frozen, all who signed lose a part of their deposits and their seats, and the network goes on. The shard is restarted, and what was lost is paid by what they lose.
func TestCapturedShard(t *testing.T) {
	honest, thief, payee := newUser(t, taken, 0, 1), newUser(t, taken, 0, 2), newUser(t, safe, 1, 3)
	var accomplices []*user
	for i := range uint64(10) {
		accomplices = append(accomplices, newUser(t, safe, 1, 10+i))
	}
	n := start(t, honest, payee)
	require.NoError(t, n.StartRouter(t.Context(), localnet.RouterName, n.Carrier))
	n.honestCoinsPass(honest, payee)
	before, exposure := n.standings(), n.exposure()
	safeBefore, err := n.toSafe(t.Context())
	require.NoError(t, err)
	mainBefore, err := n.toMain(t.Context())
	require.NoError(t, err)

	from := n.capture(thief, 500*coin)
	n.await("coins out of nothing", func(ctx context.Context) error {
		_, utop, err := n.account(ctx, thief)
		if err == nil && utop < 500*coin {
			err = fmt.Errorf("the thief has %d utop", utop)
		}
		return err
	})
	t.Logf("from block %d of %s on the thief is given coins", from, taken)
	began := time.Now()
	stealing, stop := context.WithCancel(t.Context())
	defer stop()
	sent := n.steal(stealing, thief, accomplices)

	var record *shardstypes.QueryShardResponse
	n.await("the shard is frozen", func(ctx context.Context) (err error) {
		if record, err = n.record(ctx, taken); err == nil && record.Shard.Status != shardstypes.Status_STATUS_FROZEN {
			err = fmt.Errorf("it is %s, anchored at height %d, audited at %d", record.Shard.Status, record.Anchor.Height, record.Audited.Height)
		}
		return err
	})
	t.Logf("frozen after %.1fs at height %d: %s", time.Since(began).Seconds(), record.Shard.FinalHeight, record.Shard.Reason)
	require.Equal(t, "its auditors deny a header", record.Shard.Reason)
	require.Positive(t, record.Shard.FinalHeight)
	require.LessOrEqual(t, record.Shard.FinalHeight, from, "nothing is audited that follows on coins out of nothing")
	n.punished(before)
	n.restGoesOn(payee)
	stop()
	coins := <-sent
	toSafe, err := n.toSafe(t.Context())
	require.NoError(t, err)
	toMain, err := n.toMain(t.Context())
	require.NoError(t, err)
	lostThere, lostHere := toSafe.total-safeBefore.total, toMain.total-mainBefore.total
	t.Logf("the thief sent %d coins to each; %s lost %.6f TOP, the main chain %.6f, of at most %d", coins, safe, float64(lostThere)/coin, float64(lostHere)/coin, bound/coin)
	require.Greater(t, coins, uint64(bound/coin), "the thief has tried to take more than the bound")
	for _, lost := range []uint64{lostThere, lostHere} {
		require.LessOrEqual(t, lost, uint64(bound))
		require.Positive(t, lost, "nothing was taken, which proves nothing")
	}
	n.credited(accomplices, lostThere)
	res, err := gatetypes.NewQueryClient(n.main.Conn()).Invariants(t.Context(), &gatetypes.QueryInvariantsRequest{})
	require.NoError(t, err)
	require.True(t, res.Ok, res.Broken)
	require.LessOrEqual(t, lostThere+lostHere, exposure.Most.Uint64())
	n.paidByThieves(lostThere+lostHere, exposure.Fines.Uint64(), honest)
}

// honestCoinsPass in any number: auditors confirm what brought them.
func (n *network) honestCoinsPass(from, to *user) {
	t := n.t
	t.Helper()
	const part = bound * 3 / 5
	for i := range uint64(2) {
		require.NoError(t, n.pay(t.Context(), from, part, to.address, gate()))
		n.await("coins that are audited", func(ctx context.Context) error {
			there, err := n.toSafe(ctx)
			if err != nil {
				return err
			}
			here, err := n.toMain(ctx)
			if want := (i + 1) * part; err == nil && (there.total != want || here.total != want) {
				err = fmt.Errorf("%d utop came to %s and %d to the main chain, want %d", there.total, safe, here.total, want)
			}
			return err
		})
	}
	// Their audit is what the thief does not have: what is unaudited of them is room that it lacks.
	n.await("all of it is audited", func(ctx context.Context) error {
		there, err := n.toSafe(ctx)
		if err == nil && there.unaudited > 0 {
			err = fmt.Errorf("%d utop are not", there.unaudited)
		}
		return err
	})
}

// steal coin by coin until the context ends, as fast as blocks are made. It answers how many were sent to each side.
func (n *network) steal(ctx context.Context, thief *user, accomplices []*user) <-chan uint64 {
	sent := make(chan uint64, 1)
	var to []lattice.Address
	for _, a := range accomplices {
		to = append(to, a.address, gate())
	}
	go func() {
		coins := uint64(0)
		for ctx.Err() == nil {
			if err := n.pay(ctx, thief, coin, to...); err != nil {
				if ctx.Err() == nil {
					n.t.Logf("the thief cannot send: %v", err)
				}
				break
			}
			coins += uint64(len(accomplices))
		}
		sent <- coins
	}()
	return sent
}

// punished are those who signed, and nobody else.
func (n *network) punished(before []standing) {
	t := n.t
	t.Helper()
	after := n.standings()
	for i := range after {
		t.Logf("%s: %+v, before %+v", n.Main.Nodes[i].Name, after[i], before[i])
		if slices.Contains(thieves, i) {
			require.True(t, after[i].jailed, n.Main.Nodes[i].Name)
			require.Less(t, after[i].tokens, before[i].tokens, n.Main.Nodes[i].Name)
			continue
		}
		require.Equal(t, before[i], after[i], n.Main.Nodes[i].Name)
	}
}

// restGoesOn: the main chain and the other shard make blocks, pay, and are audited; what the thief sends meanwhile is not taken.
func (n *network) restGoesOn(payee *user) {
	t := n.t
	t.Helper()
	n.await("the other shard knows of the end", func(ctx context.Context) error {
		there, err := n.ended(ctx)
		if err == nil && !there {
			err = fmt.Errorf("it does not")
		}
		return err
	})
	toSafe, err := n.toSafe(t.Context())
	require.NoError(t, err)
	toMain, err := n.toMain(t.Context())
	require.NoError(t, err)
	departed := n.departed()
	n.await("the thief sends on", func(ctx context.Context) error {
		if now := n.departed(); now == departed {
			return fmt.Errorf("%d utop left %s", now, taken)
		}
		return nil
	})
	n.handed(n.hosted(thieves[0], taken))
	record, err := n.record(t.Context(), safe)
	require.NoError(t, err)
	require.NotNil(t, record.Audited)
	audited := record.Audited.Height
	status, err := n.Main.Nodes[0].Status(t.Context())
	require.NoError(t, err)
	require.NoError(t, n.pay(t.Context(), payee, coin, newUser(t, safe, 1, 4).address))
	require.NoError(t, n.AwaitHeight(t.Context(), n.Main.Nodes[0], status.Height+5))
	n.await("audits of the other shard", func(ctx context.Context) error {
		record, err := n.record(ctx, safe)
		if err == nil && record.Audited.Height < audited+10 {
			err = fmt.Errorf("it is %s and audited up to height %d", record.Shard.Status, record.Audited.Height)
		}
		return err
	})
	afterwards, err := n.toSafe(t.Context())
	require.NoError(t, err)
	require.Equal(t, toSafe.total, afterwards.total, "nothing was taken after the end")
	afterwards, err = n.toMain(t.Context())
	require.NoError(t, err)
	require.Equal(t, toMain.total, afterwards.total, "nothing was taken after the end")
}

// credited accomplices have as much together as was lost: they began with nothing.
func (n *network) credited(accomplices []*user, lost uint64) {
	t := n.t
	t.Helper()
	sum := uint64(0)
	for _, a := range accomplices {
		_, utop, err := n.account(t.Context(), a)
		require.NoError(t, err)
		sum += utop
	}
	require.Equal(t, lost, sum)
}
