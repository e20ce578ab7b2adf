package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/x/light"
	"github.com/topnetwork/top/x/light/keeper"
	"github.com/topnetwork/top/x/light/types"
)

// imported genesis, through JSON as in genesis.json, and exported again.
func imported(t testing.TB, gs *types.GenesisState) *types.GenesisState {
	t.Helper()
	ctx, k := empty()
	m := light.NewAppModule(k)
	bz := cdc.MustMarshalJSON(gs)
	require.NoError(t, m.ValidateGenesis(cdc, nil, bz))
	m.InitGenesis(ctx, cdc, bz)
	require.NoError(t, k.Invariants(ctx))
	var again types.GenesisState
	cdc.MustUnmarshalJSON(m.ExportGenesis(ctx, cdc), &again)
	return &again
}

func TestExportAndImport(t *testing.T) {
	s := begun(t, mainChainOf(steady))
	for h := int64(2); h < 8; h++ {
		_, err := s.to(h-1, h)
		require.NoError(t, err)
	}
	gs := s.state(t)
	require.Len(t, gs.Headers, 7)
	require.Equal(t, gs, imported(t, gs))
	s.ctx, s.Keeper = empty()
	require.NoError(t, s.InitGenesis(s.ctx, gs))
	_, err := s.to(3, 9)
	require.NoError(t, err, "the import goes on where the export was")
}

func TestWithoutAMainChain(t *testing.T) {
	gs := types.DefaultGenesisState()
	require.JSONEq(t, string(cdc.MustMarshalJSON(gs)), string(cdc.MustMarshalJSON(imported(t, gs))))
	ctx, k := empty()
	require.NoError(t, k.InitGenesis(ctx, gs))
	_, err := k.Head(ctx)
	require.ErrorIs(t, err, types.ErrNoMainChain)
	_, err = k.Height(ctx)
	require.ErrorIs(t, err, types.ErrNoMainChain)
	_, err = k.Time(ctx)
	require.ErrorIs(t, err, types.ErrNoMainChain)
	_, err = k.Epoch(ctx, 10)
	require.ErrorIs(t, err, types.ErrNoMainChain)
	_, err = k.Header(ctx, 1)
	require.ErrorIs(t, err, types.ErrNoMainChain)
	chain := mainChainOf(steady)
	_, err = k.Update(ctx, start, chain.Update(1, 2))
	require.ErrorIs(t, err, types.ErrNoMainChain)
	require.ErrorIs(t, k.Proven(ctx, 1, "bank", []byte("k"), []byte("v"), nil), types.ErrNoMainChain)
	require.ErrorIs(t, k.ProvenAbsent(ctx, 1, "bank", []byte("k"), nil), types.ErrNoMainChain)
	require.NoError(t, k.Invariants(ctx))
}

func TestBadGenesisIsRefused(t *testing.T) {
	chain := mainChainOf(steady)
	other := chain.Header(2)
	other.AppHash = make([]byte, 32)
	frozen := types.Misbehaviour{Reason: "two headers of one height", Kept: types.HeaderOf(chain.Header(2)), Other: *chain.UpdateTo(1, other).Block.SignedHeader}
	for name, change := range map[string]func(gs *types.GenesisState){
		"headers without a main chain": func(gs *types.GenesisState) { gs.Params.MainChainId = "" },
		"too long a name":              func(gs *types.GenesisState) { gs.Params.MainChainId = string(make([]byte, 51)) },
		"nothing to trust":             func(gs *types.GenesisState) { gs.Headers = nil },
		"more than are kept":           func(gs *types.GenesisState) { gs.Params.KeptHeaders = 2 },
		"none kept":                    func(gs *types.GenesisState) { gs.Params.KeptHeaders = 0 },
		"no end":                       func(gs *types.GenesisState) { gs.Params.KeptHeaders = 1001 },
		"trusted for a second":         func(gs *types.GenesisState) { gs.Params.TrustingPeriod = time.Second },
		"trusted for a year":           func(gs *types.GenesisState) { gs.Params.TrustingPeriod = 365 * 24 * time.Hour },
		"no drift":                     func(gs *types.GenesisState) { gs.Params.MaxClockDrift = 0 },
		"drift of an hour":             func(gs *types.GenesisState) { gs.Params.MaxClockDrift = time.Hour },
		"out of order":                 func(gs *types.GenesisState) { gs.Headers[0], gs.Headers[1] = gs.Headers[1], gs.Headers[0] },
		"twice":                        func(gs *types.GenesisState) { gs.Headers[1] = gs.Headers[0] },
		"not later":                    func(gs *types.GenesisState) { gs.Headers[1].Time = gs.Headers[0].Time },
		"no height":                    func(gs *types.GenesisState) { gs.Headers[0].Height = 0 },
		"no time":                      func(gs *types.GenesisState) { gs.Headers[0].Time = time.Time{} },
		"no hash":                      func(gs *types.GenesisState) { gs.Headers[0].Hash = nil },
		"half an app hash":             func(gs *types.GenesisState) { gs.Headers[0].AppHash = make([]byte, 16) },
		"no next validators":           func(gs *types.GenesisState) { gs.Headers[0].NextValidatorsHash = nil },
		"frozen for nothing":           func(gs *types.GenesisState) { gs.Frozen = &types.Misbehaviour{} },
		"frozen by the same header": func(gs *types.GenesisState) {
			f := frozen
			f.Other = *chain.Update(1, 2).Block.SignedHeader
			gs.Frozen = &f
		},
		"frozen for another reason": func(gs *types.GenesisState) { f := frozen; f.Reason = "a grudge"; gs.Frozen = &f },
		"frozen by another chain":   func(gs *types.GenesisState) { f := frozen; gs.Frozen = &f; gs.Params.MainChainId = "top-main-2" },
		"expired":                   func(gs *types.GenesisState) { gs.Params.TrustingPeriod = time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			gs := genesis(chain, 1)
			gs.Headers = append(gs.Headers, types.HeaderOf(chain.Header(2)), types.HeaderOf(chain.Header(3)))
			ctx, k := empty()
			ctx = ctx.WithBlockTime(chain.Time(3).Add(time.Minute))
			sound, other := *gs, frozen
			sound.Frozen = &other
			require.NoError(t, k.InitGenesis(ctx, &sound))
			ctx, k = empty()
			ctx = ctx.WithBlockTime(chain.Time(3).Add(time.Minute))
			change(gs)
			require.Error(t, k.InitGenesis(ctx, gs))
		})
	}
}

func TestQueries(t *testing.T) {
	s := begun(t, mainChainOf(steady))
	_, err := s.to(1, 4)
	require.NoError(t, err)
	q := keeper.NewQueryServer(s.Keeper)
	params, err := q.Params(s.ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, s.state(t).Params, params.Params)
	head, err := q.Head(s.ctx, &types.QueryHeadRequest{})
	require.NoError(t, err)
	require.Equal(t, &types.QueryHeadResponse{Header: types.HeaderOf(s.chain.Header(4)), Oldest: 1, Kept: 2}, head)
	header, err := q.Header(s.ctx, &types.QueryHeaderRequest{Height: 1})
	require.NoError(t, err)
	require.Equal(t, types.HeaderOf(s.chain.Header(1)), header.Header)
	_, err = q.Header(s.ctx, &types.QueryHeaderRequest{Height: 2})
	require.ErrorContains(t, err, "NotFound")
	ok, err := q.Invariants(s.ctx, &types.QueryInvariantsRequest{})
	require.NoError(t, err)
	require.True(t, ok.Ok, ok.Broken)

	ctx, k := empty()
	require.NoError(t, k.InitGenesis(ctx, types.DefaultGenesisState()))
	_, err = keeper.NewQueryServer(k).Head(ctx, &types.QueryHeadRequest{})
	require.ErrorContains(t, err, "NotFound")
}
