package shard

import (
	"math"
	"strings"
	"testing"

	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"
)

// A search costs what its bounds say, whatever it asks for.
func TestSearchIsBounded(t *testing.T) {
	r := &rpc{blocks: map[int64]*cmttypes.Block{1: {Data: cmttypes.Data{Txs: cmttypes.Txs{[]byte("a"), []byte("b")}}}}}
	_, err := r.search("tx.height = 1" + strings.Repeat(" ", maxQuery))
	require.ErrorContains(t, err, "bytes, at most 512")
	_, err = r.search("tx.height = 1" + strings.Repeat(" AND tx.height = 1", maxConditions))
	require.ErrorContains(t, err, "5 conditions, at most 4")
	list, err := r.search("tx.height = 1" + strings.Repeat(" AND tx.height = 1", maxConditions-1))
	require.NoError(t, err)
	require.Len(t, list, 2)
	for _, page := range []int{2, math.MaxInt / 2, math.MaxInt} {
		size := maxPage
		res, err := r.txSearch(&rpctypes.Context{}, "tx.height = 1", false, &page, &size, "")
		require.NoError(t, err)
		require.Empty(t, res.Txs)
		require.Equal(t, 2, res.TotalCount)
	}
}
