package keeper_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/issuance/keeper"
	"github.com/topnetwork/top/x/issuance/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

const epochBlocks = 3

// begin a real main chain with short epochs. Nobody signs its blocks.
func begin(t *testing.T) *inprocess.Chain {
	t.Helper()
	c := inprocess.Unborn()
	state := c.Genesis(t, "ann")
	var billing billingtypes.GenesisState
	c.App.Codec.MustUnmarshalJSON(state[billingtypes.ModuleName], &billing)
	billing.EpochBlocks = epochBlocks
	state[billingtypes.ModuleName] = c.App.Codec.MustMarshalJSON(&billing)
	var sortition sortitiontypes.GenesisState
	c.App.Codec.MustUnmarshalJSON(state[sortitiontypes.ModuleName], &sortition)
	sortition.Params = sortitiontypes.DevnetParams(epochBlocks)
	state[sortitiontypes.ModuleName] = c.App.Codec.MustMarshalJSON(&sortition)
	params := types.DefaultGenesisState()
	params.Params.HistoryEpochs = 4
	state[types.ModuleName] = c.App.Codec.MustMarshalJSON(params)
	bz, err := json.Marshal(state)
	require.NoError(t, err)
	require.NoError(t, c.InitChain(bz))
	c.Block(t)
	return c
}

func blocks(t *testing.T, c *inprocess.Chain, count int) {
	t.Helper()
	for range count {
		c.Block(t)
		require.NoError(t, c.App.Issuance.Invariants(c.Context()))
	}
}

// The first block starts the clock; from the second on every block issues, and where nobody signed all of it is in the community pool, booked by why.
func TestUnsignedBlocksPayTheCommunity(t *testing.T) {
	c := begin(t)
	q := keeper.NewQueryServer(c.App.Issuance)
	res, err := q.Supply(c.Context(), &types.QuerySupplyRequest{})
	require.NoError(t, err)
	require.Zero(t, res.Issued)
	require.Equal(t, res.Base, res.Supply)
	blocks(t, c, 1)
	res, err = q.Supply(c.Context(), &types.QuerySupplyRequest{})
	require.NoError(t, err)
	// 608 million TOP in 31,558,150 seconds.
	const issued = 19_266_021
	require.EqualValues(t, issued, res.Issued)
	require.EqualValues(t, issued, res.YearIssued)
	require.EqualValues(t, 7_600_000_000_000_000-issued, res.ReserveLeft)
	require.Equal(t, types.Split{Community: 770_643, Auditors: 1_926_602, Edge: 385_320, Archive: 770_640, Unearned: 11_559_612 + 3_853_204}, res.Split)
	pool, err := c.App.Distr.FeePool.Get(c.Context())
	require.NoError(t, err)
	require.EqualValues(t, issued, pool.CommunityPool.AmountOf(types.Denom).TruncateInt64())
}

// Splits are kept per epoch of the blocks that they pay for, as long as history says.
func TestEpochs(t *testing.T) {
	c := begin(t)
	q := keeper.NewQueryServer(c.App.Issuance)
	_, err := q.LastEpoch(c.Context(), &types.QueryLastEpochRequest{})
	require.Equal(t, codes.NotFound, status.Code(err))
	// The block after an epoch's last pays for that.
	blocks(t, c, epochBlocks)
	_, err = q.LastEpoch(c.Context(), &types.QueryLastEpochRequest{})
	require.Equal(t, codes.NotFound, status.Code(err))
	blocks(t, c, 1)
	last, err := q.LastEpoch(c.Context(), &types.QueryLastEpochRequest{})
	require.NoError(t, err)
	require.Zero(t, last.Epoch.Epoch)
	sum, err := last.Epoch.Split.Sum()
	require.NoError(t, err)
	require.InDelta(t, epochBlocks*19_266_021, int64(sum), epochBlocks, "of the blocks 2, 3 and 4, which pay for 1, 2 and 3")
	blocks(t, c, 9*epochBlocks)
	last, err = q.LastEpoch(c.Context(), &types.QueryLastEpochRequest{})
	require.NoError(t, err)
	require.EqualValues(t, 9, last.Epoch.Epoch)
	for e, kept := range map[uint64]bool{6: false, 7: true, 10: true, 11: false} {
		_, err := q.Epoch(c.Context(), &types.QueryEpochRequest{Epoch: e})
		require.Equal(t, kept, err == nil, "epoch %d: %v", e, err)
	}
}

// The schedule that is shown is the one that runs.
func TestSchedule(t *testing.T) {
	c := begin(t)
	q := keeper.NewQueryServer(c.App.Issuance)
	res, err := q.Schedule(c.Context(), &types.QueryScheduleRequest{Years: 100})
	require.NoError(t, err)
	require.Len(t, res.Years, 100)
	var sum uint64
	for i, y := range res.Years {
		require.EqualValues(t, i+1, y.Number)
		sum += y.Utop
	}
	require.EqualValues(t, 40_591_701_989_785_600, sum)
	res, err = q.Schedule(c.Context(), &types.QueryScheduleRequest{})
	require.NoError(t, err)
	require.Len(t, res.Years, 20)
	_, err = q.Schedule(c.Context(), &types.QueryScheduleRequest{Years: 201})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

// Parameters are governance's, within bounds; the running year keeps its terms, shares change at once.
func TestUpdateParams(t *testing.T) {
	c := begin(t)
	blocks(t, c, 1)
	k, ctx := c.App.Issuance, c.Context()
	p := types.DefaultParams()
	_, err := k.UpdateParams(ctx, &types.MsgUpdateParams{Authority: inprocess.Account("ann").String(), Params: p})
	require.ErrorIs(t, err, types.ErrUnauthorized)
	for name, change := range map[string]func(*types.Params){
		"shares below a whole": func(p *types.Params) { p.Shares.MinersBps-- },
		"shares above a whole": func(p *types.Params) { p.Shares.EdgeBps++ },
		"a year without end":   func(p *types.Params) { p.YearSeconds = 1<<64 - 1 },
		"no year":              func(p *types.Params) { p.YearSeconds = 0 },
		"no step":              func(p *types.Params) { p.MaxStepSeconds = 0 },
		"a step of a day":      func(p *types.Params) { p.MaxStepSeconds = 86_400 },
		"no history":           func(p *types.Params) { p.HistoryEpochs = 0 },
		"a large reserve":      func(p *types.Params) { p.ReserveUtop = p.TotalUtop + 1 },
	} {
		bad := p
		change(&bad)
		_, err := k.UpdateParams(ctx, &types.MsgUpdateParams{Authority: c.App.Authority, Params: bad})
		require.ErrorIs(t, err, types.ErrInvalid, name)
	}
	p.ReserveBps, p.FloorBps, p.Shares = 2_000, 1_000, types.Shares{CommunityBps: 10_000}
	_, err = k.UpdateParams(ctx, &types.MsgUpdateParams{Authority: c.App.Authority, Params: p})
	require.NoError(t, err)
	res, err := keeper.NewQueryServer(k).Schedule(ctx, &types.QueryScheduleRequest{Years: 2})
	require.NoError(t, err)
	require.EqualValues(t, 608_000_000_000_000, res.Years[0].Utop)
	require.EqualValues(t, 2_000_000_000_000_000, res.Years[1].Utop)
}

// A state exports and imports as it is; one that was edited is refused, and so is a supply that the schedule has no room for.
func TestGenesis(t *testing.T) {
	c := begin(t)
	blocks(t, c, 4*epochBlocks)
	ctx := c.Context()
	gs, err := c.App.Issuance.ExportGenesis(ctx)
	require.NoError(t, err)
	bz := c.App.Codec.MustMarshalJSON(gs)
	var again types.GenesisState
	c.App.Codec.MustUnmarshalJSON(bz, &again)
	require.NoError(t, c.App.Issuance.InitGenesis(ctx, &again))
	second, err := c.App.Issuance.ExportGenesis(ctx)
	require.NoError(t, err)
	require.Equal(t, string(bz), string(c.App.Codec.MustMarshalJSON(second)))
	for name, change := range map[string]func(*types.GenesisState){
		"more issued than split":   func(gs *types.GenesisState) { gs.Clock.Year.ElapsedNanos += 1_000_000_000 },
		"more split than issued":   func(gs *types.GenesisState) { gs.Clock.Split.Miners++ },
		"a split of 64 bits":       func(gs *types.GenesisState) { gs.Clock.Split.Miners = 1<<64 - 1 },
		"a history without a year": func(gs *types.GenesisState) { gs.Clock.Year = types.Year{} },
		"years that are missing":   func(gs *types.GenesisState) { gs.Clock.Year.Number = 3 },
		"a year that is over":      func(gs *types.GenesisState) { gs.Clock.Year.ElapsedNanos = gs.Clock.Year.Nanos },
		"a year of nothing":        func(gs *types.GenesisState) { gs.Clock.Year.Nanos = 0 },
		"issued by no year":        func(gs *types.GenesisState) { gs.Clock.IssuedBefore = 1 },
		"a year too many":          func(gs *types.GenesisState) { gs.Years = []types.Year{gs.Clock.Year} },
		"epochs out of order":      func(gs *types.GenesisState) { gs.Epochs[1].Epoch = 9 },
		"epochs with more":         func(gs *types.GenesisState) { gs.Epochs[0].Split.Voters += 1 << 40 },
		"supply from nowhere":      func(gs *types.GenesisState) { gs.Clock.BaseUtop-- },
		"no room in the total": func(gs *types.GenesisState) {
			*gs = *types.DefaultGenesisState()
			gs.Params.TotalUtop = gs.Params.ReserveUtop
		},
	} {
		var bad types.GenesisState
		c.App.Codec.MustUnmarshalJSON(bz, &bad)
		change(&bad)
		require.ErrorIs(t, c.App.Issuance.InitGenesis(ctx, &bad), types.ErrInvalid, name)
	}
}

// The checker sees coins from nowhere and coins that were kept.
func TestInvariantsSee(t *testing.T) {
	c := begin(t)
	blocks(t, c, 2)
	ctx, _ := c.Context().CacheContext()
	require.NoError(t, c.App.Issuance.Invariants(ctx))
	gs, err := c.App.Issuance.ExportGenesis(ctx)
	require.NoError(t, err)
	coin := billingtypes.Coins(1)
	require.NoError(t, c.App.Bank.MintCoins(ctx, types.ModuleName, coin))
	require.ErrorContains(t, c.App.Issuance.Invariants(ctx), "the supply is")
	gs.Clock.BaseUtop++
	require.NoError(t, c.App.Issuance.InitGenesis(ctx, gs))
	require.ErrorContains(t, c.App.Issuance.Invariants(ctx), "between blocks")
}
