package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	rules "github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/sortition/keeper"
	"github.com/topnetwork/top/x/sortition/types"
)

// Seeds are published for good, each with its sealing and that of the one before; a seed that nobody sealed is not, for it was known when the collection closed.
func TestSeedsArePublished(t *testing.T) {
	n, names := begun(t, 4)
	p := types.DevnetParams(nodes.EpochBlocks)
	p.HistoryEpochs = 4
	_, err := nodes.Do(n.Ctx, n.Sortition.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: p})
	require.NoError(t, err)
	for epoch := uint64(1); epoch < 8; epoch++ {
		silent := names
		if epoch != 3 {
			silent = nil
		}
		n.Epoch(t, silent...)
		n.Check(t)
	}
	gs, err := n.Sortition.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	var epochs []uint64
	previous := rules.Moment{}
	for _, s := range gs.Published {
		epochs = append(epochs, s.Epoch)
		require.Equal(t, previous, s.Previous())
		previous = s.Sealing()
		require.Equal(t, n.Ctx.BlockTime().UnixNano()-(n.Ctx.BlockHeight()-s.SealingHeight)*1_000_000_000, s.SealingTime)
		if r, err := n.Sortition.Record(n.Ctx, s.Epoch-1); err == nil {
			require.Equal(t, r.NextSeed, s.Seed)
			require.Equal(t, r.CloseHeight, s.SealingHeight)
		}
	}
	require.Equal(t, []uint64{1, 2, 3, 5, 6, 7, 8}, epochs, "that of epoch 4 was sealed by nobody")
	key, err := collections.EncodeKeyWithPrefix(types.PublishedKey, collections.Uint64Key, 5)
	require.NoError(t, err)
	require.Equal(t, key, types.PublishedSeedKey(5), "where other chains look for it")

	gs.Published[3].PreviousTime++
	require.ErrorIs(t, gs.Validate(), types.ErrInvalid)
}

// The seed after a moment is the one that the rule says, and there is none before it is made.
func TestSeedAfterAMoment(t *testing.T) {
	n, names := begun(t, 4)
	q := keeper.NewQueryServer(n.Sortition)
	after := func(height, time int64) (types.PublishedSeed, error) {
		res, err := q.SeedAfter(n.Ctx, &types.QuerySeedAfterRequest{Height: height, Time: time})
		if err != nil {
			return types.PublishedSeed{}, err
		}
		return res.Seed, nil
	}
	for epoch := range 9 {
		if epoch%4 == 3 {
			n.Epoch(t, names...)
		} else {
			n.Epoch(t)
		}
	}
	gs, err := n.Sortition.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	start := n.Ctx.BlockTime().UnixNano() - n.Ctx.BlockHeight()*1_000_000_000
	for height := range n.Ctx.BlockHeight() {
		for _, known := range []int64{0, height / 2, height} {
			m := rules.Moment{Height: known, Time: start + height*1_000_000_000}
			got, err := after(m.Height, m.Time)
			found := false
			for _, p := range gs.Published {
				if rules.FirstAfter(m, p.Previous(), p.Sealing()) {
					require.NoError(t, err)
					require.Equal(t, p, got)
					found = true
				}
			}
			if !found {
				require.ErrorContains(t, err, "no published seed")
			}
		}
	}
}
