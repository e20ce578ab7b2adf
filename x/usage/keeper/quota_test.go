package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/usage/types"
)

// Each account has its own quota, relays another; both renew with the next epoch of this chain's blocks, whether or not the main chain is heard.
func TestQuotaOfTransactions(t *testing.T) {
	n := books.New(t)
	params := types.DefaultParams()
	count := func(name string, relay bool) error {
		return n.Service.Usage.CountTx(n.Service.Ctx, books.Account(name), relay)
	}
	for range params.MaxTxsPerEpoch {
		require.NoError(t, count("ann", false))
	}
	err := count("ann", false)
	require.ErrorIs(t, err, types.ErrLimit)
	require.ErrorContains(t, err, "max_txs_per_epoch")
	require.ErrorContains(t, err, "renews with block 11, now is block 1")
	require.NoError(t, count("bob", false), "everyone has its own")
	for range params.MaxRelaysPerEpoch() {
		require.NoError(t, count("ann", true))
	}
	require.ErrorIs(t, count("ann", true), types.ErrLimit)
	n.Service.Ctx = n.Service.Ctx.WithBlockHeight(books.EpochBlocks)
	require.ErrorIs(t, count("ann", false), types.ErrLimit)
	n.Service.Ctx = n.Service.Ctx.WithBlockHeight(books.EpochBlocks + 1)
	require.NoError(t, count("ann", false))
	require.NoError(t, count("ann", true))
}

func TestQuotaHasBounds(t *testing.T) {
	for _, bad := range []uint32{0, 9, 100_001} {
		p := types.DefaultParams()
		p.MaxTxsPerEpoch = bad
		require.ErrorContains(t, p.Validate(), "max_txs_per_epoch")
	}
}

// An export carries the quotas that are used up.
func TestQuotaInGenesis(t *testing.T) {
	n := books.New(t)
	for range types.DefaultParams().MaxTxsPerEpoch {
		require.NoError(t, n.Service.Usage.CountTx(n.Service.Ctx, books.Account("ann"), false))
	}
	exported, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())
	again := books.New(t)
	require.NoError(t, again.Service.Usage.InitGenesis(again.Service.Ctx, exported))
	require.ErrorIs(t, again.Service.Usage.CountTx(again.Service.Ctx, books.Account("ann"), false), types.ErrLimit)
	exported.Activities = append(exported.Activities, exported.Activities[0])
	require.ErrorIs(t, exported.Validate(), types.ErrInvalid)
}
