package keeper_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

// Claim, two epochs for its seed, proof and settlement fit into the time that the main chain's withdrawals wait for them, whatever the length of its epochs.
func TestWindowsFitTheWithdrawalDelay(t *testing.T) {
	for blocks := uint64(1); blocks < 200; blocks++ {
		p := types.ParamsFor(blocks)
		require.NoError(t, p.Validate(), "epochs of %d blocks", blocks)
		require.NoError(t, p.CheckWindows(blocks), "epochs of %d blocks", blocks)
		proof := (p.ProofWindowBlocks + blocks - 1) / blocks
		require.LessOrEqual(t, p.ClaimWindowEpochs+2+proof+1, uint64(billingtypes.ClaimAndProofEpochs))
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
		"a longer clock margin": func(p *types.Params) { p.ClockMarginSeconds = 2 },
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

// A clock margin that outlasts the collection which begins an epoch puts the seed off: the windows must leave room for it.
func TestWindowsHoldTheClockMargin(t *testing.T) {
	for _, c := range []struct {
		blocks  uint64
		margin  uint32
		longest uint64
	}{
		{600, 30, 6}, {600, 31, 5}, {600, 300, 5}, {60, 3, 6}, {60, 4, 5}, {60, 60, 5}, {60, 61, 4}, {60, 300, 1},
	} {
		p := types.DefaultParams()
		p.ProofWindowBlocks, p.ClockMarginSeconds = 60, c.margin
		p.ClaimWindowEpochs = c.longest
		require.NoError(t, p.CheckWindows(c.blocks), "%+v", c)
		p.ClaimWindowEpochs++
		require.ErrorContains(t, p.CheckWindows(c.blocks), "clock_margin_seconds of", "%+v", c)
	}
	// No claim window at all is left beside five epochs of margin and two of proof.
	p := types.DefaultParams()
	p.ClaimWindowEpochs, p.ProofWindowBlocks, p.ClockMarginSeconds = 1, 120, 300
	require.ErrorContains(t, p.CheckWindows(60), "it may be 0")
}

// With the longest payout window that the main chain takes, the service chain proves a debit as long as its payout is pending, however short its own windows are.
func TestDebitsOutlastThePayoutWindow(t *testing.T) {
	n, epoch := served(t)
	params := billingtypes.DefaultParams()
	params.WithdrawalDelayEpochs, params.PayoutWindowEpochs, params.DisputeBond = 100, billingtypes.MaxPayoutWindow, 1
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Deposit, &billingtypes.MsgDeposit{Owner: books.Address("ann"), Amount: params.DisputeBond})
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.UpdateParams, &billingtypes.MsgUpdateParams{Authority: books.Authority(), Params: params})
	require.NoError(t, err)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Params.ClaimWindowEpochs = 1
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	prove(t, n, "pat", epoch, books.Session("pat", "ann", epoch, 10, 1))
	n.NextEpoch(t)
	n.ToMain().Deliver(t)
	for range params.PayoutWindowEpochs - 1 {
		n.NextEpoch(t)
	}
	proof, err := keeper.NewQueryServer(n.Service.Usage).DebitProof(n.Service.Ctx, &types.QueryDebitProofRequest{
		SettlementEpoch: n.Claimed(t, "pat", epoch).SettlementEpoch, Provider: books.Address("pat"), ClaimEpoch: epoch, Payer: books.Address("ann"), SessionKey: hex.EncodeToString(books.Public("ann")),
	})
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.Dispute, &billingtypes.MsgDispute{
		Payer: books.Address("ann"), ChainId: books.ServiceID, Epoch: n.Claimed(t, "pat", epoch).SettlementEpoch, Provider: books.Address("pat"),
		ClaimEpoch: epoch, SessionKey: books.Public("ann"), Amount: 1_000, Path: proof.Path,
	})
	require.NoError(t, err)
}
