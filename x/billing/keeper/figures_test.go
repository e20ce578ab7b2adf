package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/keeper"
)

// What operators watch follows a settlement from pool to payout, and a dispute from its beginning to its end.
func TestFigures(t *testing.T) {
	n, _, d := settled(t)
	figures := func() (keeper.PoolFigures, uint64) {
		pools, disputes, err := n.Main.Billing.Figures(n.Main.Ctx)
		require.NoError(t, err)
		require.Len(t, pools, 1)
		return pools[0], disputes
	}
	pool, disputes := figures()
	require.Equal(t, keeper.PoolFigures{ChainID: books.ServiceID, Pool: credit - 1_200, Unpaid: 1_200}, pool)
	require.Zero(t, disputes)

	_, err := books.Do(n.Main.Ctx, n.Main.Billing.Dispute, d)
	require.NoError(t, err)
	_, disputes = figures()
	require.EqualValues(t, 1, disputes)

	nextEpochs(t, n, 10)
	pool, disputes = figures()
	require.Zero(t, pool.Unpaid, "nobody answered: it went back to the payer")
	require.Zero(t, disputes)
}
