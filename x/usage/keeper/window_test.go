package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// Claim, proof and settlement fit into the time that the main chain's withdrawals wait for them, whatever the length of its epochs.
func TestWindowsFitTheWithdrawalDelay(t *testing.T) {
	for blocks := uint64(1); blocks < 200; blocks++ {
		p := types.ParamsFor(blocks)
		require.NoError(t, p.Validate(), "epochs of %d blocks", blocks)
		require.NoError(t, p.CheckWindows(blocks), "epochs of %d blocks", blocks)
		proof := (p.ProofWindowBlocks + blocks - 1) / blocks
		require.LessOrEqual(t, p.ClaimWindowEpochs+proof+1, uint64(billingtypes.ClaimAndProofEpochs))
	}
	require.Equal(t, types.DefaultParams(), types.ParamsFor(billingtypes.DefaultEpochBlocks))
	require.NoError(t, types.ParamsFor(^uint64(0)).CheckWindows(^uint64(0)))
	require.NoError(t, types.DefaultGenesisState().Validate())
}

func TestWindowsThatOutlastTheWithdrawalDelay(t *testing.T) {
	n := books.New(t)
	for name, change := range map[string]func(*types.Params){
		"a longer claim window": func(p *types.Params) { p.ClaimWindowEpochs++ },
		"a longer proof window": func(p *types.Params) { p.ProofWindowBlocks += books.EpochBlocks },
		"an endless one":        func(p *types.Params) { p.ClaimWindowEpochs = 1_000 },
	} {
		t.Run(name, func(t *testing.T) {
			params := books.UsageParams()
			change(&params)
			_, err := books.Do(n.Service.Ctx, n.Service.Usage.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
			require.ErrorIs(t, err, types.ErrInvalid)
			gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
			require.NoError(t, err)
			gs.Params = params
			require.ErrorIs(t, gs.Validate(), types.ErrInvalid)
		})
	}
	params := books.UsageParams()
	params.ClaimWindowEpochs++
	require.ErrorContains(t, params.CheckWindows(books.EpochBlocks), "lower one of them")
}
