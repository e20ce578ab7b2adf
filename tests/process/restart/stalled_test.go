//go:build process

package restart

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/testutil/localnet"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// stallEpochs without an anchored header after which the main chain freezes a shard.
	stallEpochs = 1
	// signedBlocksWindow of the main chain: who misses more than half of it is jailed. That is within the epoch in which a host is lost, so that no election draws it again.
	signedBlocksWindow = 20
	// firstBlocks of an epoch in which the host is chosen: enough are left for its jailing.
	firstBlocks = epochBlocks / 4
	// stalledFor is how long, from the loss of the host on, nobody can pay whose account is in the shard, at most: the epoch in which that happens and stallEpochs more, of two seconds a block at most, until it is frozen; and the restart.
	stalledFor = (1+stallEpochs)*epochBlocks*2*time.Second + backWithin
)

// A shard loses one of its three members for good, and stands still; nobody tells the main chain so. The main chain, the other shard and its payments go on; the main chain jails the host, freezes the shard by itself, and draws a
// committee without the host when the shard is restarted. The next generation debits first what others took after the last audited block, and everybody pays on. The host comes back, and changes nothing.
func TestStalledShardIsRestarted(t *testing.T) {
	// At most one member of the first shard is drawn for the other one's next committee, and one for its next auditors: the first draw leaves a host that has no other duty.
	n := start(t, 3, localnet.Config{
		Dir: "test-stalled", Validators: 7, SignedBlocksWindow: signedBlocksWindow,
		Shards: localnet.Shards{StallEpochs: stallEpochs, Seats: map[string][]int{first: {1, 2, 3}, other: {0, 4, 5}}, Audits: [][]int{{6}, {6}}},
	})
	n.audited(first, 10)
	n.paid(10)
	lost := n.expendable()
	host := n.Main.Nodes[lost]
	require.NoError(t, n.Kill(host.Name))
	lostAt := time.Now()
	n.logf("%s is lost after %d payments", host.Name, n.purses[0].Count())
	n.await(host.Name+" is jailed", func(ctx context.Context) error { return n.jailed(ctx, lost) })
	n.logf("%s is jailed after %.1fs", host.Name, time.Since(lostAt).Seconds())

	stood := slices.Max(n.heights(first))
	goesOn := slices.Max(n.heights(other))
	// The second wallet's payments do not leave the other shard, the first one's were begun in the shard that stands still.
	count, unpaid := n.purses[1].Count(), n.purses[0].Count()
	var stalled *shardstypes.QueryShardResponse
	n.await(first+" is frozen", func(ctx context.Context) (err error) {
		if stalled, err = n.record(ctx, first); err == nil && stalled.Shard.Status != shardstypes.Status_STATUS_FROZEN {
			err = fmt.Errorf("it is %s, anchored at height %d of the main chain", stalled.Shard.Status, stalled.Anchor.MainHeight)
		}
		return err
	})
	n.logf("%s is frozen after %.1fs at height %d: %s; it made %d blocks, audited are %d", first, time.Since(lostAt).Seconds(), stalled.Shard.FinalHeight, stalled.Shard.Reason, stood, stalled.Audited.Height)
	require.Equal(t, "no header of it was anchored for too long", stalled.Shard.Reason)
	require.Equal(t, stalled.Anchor.MainEpoch+stallEpochs+1, stalled.Shard.SinceEpoch)
	require.Positive(t, stalled.Shard.FinalHeight)
	require.Equal(t, stood, slices.Max(n.heights(first)), "it stands still")
	require.Equal(t, unpaid, n.purses[0].Count())
	require.Greater(t, slices.Max(n.heights(other)), goesOn+stallEpochs*epochBlocks/2)
	require.NoError(t, n.purses[1].Paid(count+10)(t.Context()))

	n.says(&shardstypes.MsgRestart{Authority: n.steward.Address(), Shard: first})
	c, err := shardstypes.NewQueryClient(n.main.Conn()).Committee(t.Context(), &shardstypes.QueryCommitteeRequest{Name: next})
	require.NoError(t, err)
	require.Len(t, c.Committee.Members, 3)
	_, drawn := shardstypes.FindMember(c.Committee.Members, n.Operators()[lost])
	require.False(t, drawn, "a jailed host is not drawn")
	n.await(next+" takes payments", n.purses[0].PaidAs(1))
	back := time.Since(lostAt)
	n.logf("%s takes payments %.1fs after %s was lost", next, back.Seconds(), host.Name)
	require.Less(t, back, stalledFor)
	n.paid(5)

	n.comesBack(lost, stood)
	n.paid(5)
	n.rest()
	n.agree()
}

// comesBack a host that was lost: its main node catches up and is a member of nothing that goes on. The shard that it was lost from has all its members again, and makes no blocks: no member votes there. What two of them had signed when the third was
// lost may make one.
func (n *network) comesBack(host int, stood int64) {
	t := n.t
	t.Helper()
	node := n.Main.Nodes[host]
	p, err := n.Restart(node.Name)
	require.NoError(t, err)
	began := time.Now()
	n.await(node.Name+" has caught up", func(ctx context.Context) error {
		s, err := node.Status(ctx)
		if err != nil {
			return err
		}
		all, err := n.Main.Nodes[0].Status(ctx)
		if err == nil && (s.CatchingUp || s.Height < all.Height) {
			err = fmt.Errorf("it is at height %d of %d", s.Height, all.Height)
		}
		return err
	})
	n.logf("%s has caught up %.1fs after its start", node.Name, time.Since(began).Seconds())
	n.await(node.Name+" hosts what it has to", func(ctx context.Context) error {
		list, err := node.Hosted(ctx)
		if err != nil {
			return err
		}
		if e := list[first]; e.State != "running" || e.Height < stood {
			return fmt.Errorf("%s is %+v there", first, e)
		}
		return nil
	})
	status, err := n.Main.Nodes[0].Status(t.Context())
	require.NoError(t, err)
	require.NoError(t, n.AwaitHeight(t.Context(), node, status.Height+10))
	list, err := node.Hosted(t.Context())
	require.NoError(t, err)
	for name, e := range list {
		n.logf("%s hosts %s as %s, %s at height %d, started %d times %s", node.Name, name, e.Role, e.State, e.Height, e.Starts, e.Error)
		require.True(t, name == first || e.Role != "member", "%s is a member of %s", node.Name, name)
	}
	require.LessOrEqual(t, slices.Max(n.heights(first)), stood+1, "a shard that is frozen makes no block, though all its members are there again")
	require.True(t, p.Running())
}

// heights of a shard on the hosts that run it as members.
func (n *network) heights(shard string) (list []int64) {
	t := n.t
	t.Helper()
	for _, node := range n.Main.Nodes {
		if !n.Process(node.Name).Running() {
			continue
		}
		hosted, err := node.Hosted(t.Context())
		require.NoError(t, err)
		if e, ok := hosted[shard]; ok && e.Role == "member" {
			list = append(list, e.Height)
		}
	}
	require.NotEmpty(t, list, shard)
	return list
}

// jailed tells whether a host is.
func (n *network) jailed(ctx context.Context, host int) error {
	account, err := sdk.AccAddressFromBech32(n.Operators()[host])
	if err != nil {
		return err
	}
	var answer struct {
		Validator struct {
			Jailed bool `json:"jailed"`
		} `json:"validator"`
	}
	err = n.Main.REST().Get(ctx, "/cosmos/staking/v1beta1/validators/"+sdk.ValAddress(account).String(), &answer)
	if err == nil && !answer.Validator.Jailed {
		err = errors.New("it is not")
	}
	return err
}

// assigned is what a host is drawn for, now or in the next epoch.
type assigned struct {
	Shard   string `json:"shard"`
	Role    string `json:"role"`
	Running bool   `json:"running"`
}

// expendable host: it is a member of the first shard now, and nothing else now or in the next epoch. It is chosen when an epoch has begun and the next one's committees are drawn. This test asks the first host, which it spares.
func (n *network) expendable() (host int) {
	n.t.Helper()
	n.await("a host with no other duty", func(ctx context.Context) error {
		height, err := n.Main.REST().LatestHeight(ctx)
		if err != nil {
			return err
		}
		rest := n.Main.REST().At(height)
		now := epoch.At(height, epochBlocks)
		if past := height - epoch.First(now, epochBlocks); past > firstBlocks {
			return fmt.Errorf("epoch %d is %d blocks old", now, past)
		}
		// The last zone is drawn last.
		var auditors struct {
			Next *struct {
				Epoch localnet.Uint `json:"epoch"`
			} `json:"next"`
		}
		if err := rest.Get(ctx, "/top/shards/v1/auditors/1", &auditors); err != nil {
			return err
		}
		if auditors.Next == nil {
			return fmt.Errorf("the committees of epoch %d are not drawn", now+1)
		}
		duties := map[int][]assigned{}
		for i := range n.Main.Nodes {
			var answer struct {
				Assignments []assigned `json:"assignments"`
			}
			if err := rest.Get(ctx, "/top/shards/v1/assignments/"+n.Operators()[i], &answer); err != nil {
				return err
			}
			duties[i] = answer.Assignments
		}
		for host = 1; host < len(n.Main.Nodes); host++ {
			sits := slices.Contains(duties[host], assigned{first, "ROLE_MEMBER", true})
			if sits && !slices.ContainsFunc(duties[host], func(a assigned) bool { return a.Shard != first || a.Role != "ROLE_MEMBER" }) {
				n.logf("%s can be lost in block %d of epoch %d: %v", n.Main.Nodes[host].Name, height, now, duties)
				return nil
			}
		}
		return fmt.Errorf("no host of %v", duties)
	})
	return host
}
