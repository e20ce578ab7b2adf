package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/usage/keeper"
)

// A claim is counted where it waits, from the claim to the acknowledgement of its settlement.
func TestFigures(t *testing.T) {
	n, epoch := served(t)
	want := func(f keeper.Figures) {
		t.Helper()
		have, err := n.Service.Usage.Figures(n.Service.Ctx)
		require.NoError(t, err)
		require.Equal(t, f, have)
	}
	want(keeper.Figures{})
	c := books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1))
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	want(keeper.Figures{Claimed: 1})
	n.Challenged(t, "pat", epoch)
	want(keeper.Figures{Challenged: 1})
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, n.Claimed(t, "pat", epoch).Seed, books.UsageParams().Samples))
	require.NoError(t, err)
	want(keeper.Figures{Proven: 1})
	n.NextEpoch(t)
	want(keeper.Figures{WaitingSettlements: 1})
	n.ToMain().Deliver(t)
	want(keeper.Figures{})
}
