package attacks

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	abci "github.com/cometbft/cometbft/abci/types"
	gogoproto "github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/types/query"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/base"
	nodeconfig "github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/testutil/inprocess"
)

// ask a chain's node, as RPC does; gRPC and REST lead to the same services.
func ask(t *testing.T, c *inprocess.Chain, path string, request []byte) *abci.ResponseQuery {
	t.Helper()
	res, err := c.App.Query(t.Context(), &abci.RequestQuery{Path: path, Data: request})
	require.NoError(t, err)
	return res
}

func TestAttack12QueriesForEverything(t *testing.T) {
	require.NotZero(t, nodeconfig.DefaultApp().QueryGasLimit, "a query costs gas, and that is limited")
	c := inprocess.New(t, "ann")
	owners := func(limit uint64) *abci.ResponseQuery {
		bz, err := (&banktypes.QueryDenomOwnersRequest{Denom: base.Denom, Pagination: &query.PageRequest{Limit: limit}}).Marshal()
		require.NoError(t, err)
		return ask(t, c, "/cosmos.bank.v1beta1.Query/DenomOwners", bz)
	}
	var all banktypes.QueryDenomOwnersResponse
	require.NoError(t, all.Unmarshal(owners(base.MaxPage).Value))
	require.NotEmpty(t, all.DenomOwners)
	for _, limit := range []uint64{base.MaxPage + 1, 1 << 40, 1<<64 - 1} {
		res := owners(limit)
		require.NotZero(t, res.Code)
		require.Contains(t, res.Log, fmt.Sprintf("pagination.limit %d, at most %d", limit, base.MaxPage))
	}
}

// Whatever query of a chain takes a page, of our own modules, the SDK's or IBC's: its limit is capped.
func TestAttack12EveryPageIsCapped(t *testing.T) {
	c := inprocess.New(t, "ann")
	c.App.RegisterTxService(client.Context{})
	c.App.RegisterTendermintService(client.Context{})
	files, err := gogoproto.MergedRegistry()
	require.NoError(t, err)
	checked := map[string]bool{}
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			for j := range file.Services().Get(i).Methods().Len() {
				method := file.Services().Get(i).Methods().Get(j)
				path := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
				if c.App.GRPCQueryRouter().Route(path) == nil {
					continue
				}
				for k := range method.Input().Fields().Len() {
					if field := method.Input().Fields().Get(k); field.Message() != nil && field.Message().FullName() == "cosmos.base.query.v1beta1.PageRequest" {
						require.Contains(t, ask(t, c, path, requestWithLimit(t, field, base.MaxPage+1)).Log, "pagination.limit", path)
						checked[string(field.Parent().FullName().Parent())] = true
					}
				}
			}
		}
		return true
	})
	for _, module := range []string{"cosmos.bank.v1beta1", "cosmos.staking.v1beta1", "cosmos.tx.v1beta1", "cosmos.base.tendermint.v1beta1", "ibc.core.channel.v2", "top.billing.v1"} {
		require.True(t, checked[module], module)
	}
}

// requestWithLimit is a request that has nothing but a page limit.
func requestWithLimit(t *testing.T, field protoreflect.FieldDescriptor, limit uint64) []byte {
	t.Helper()
	page, req := dynamicpb.NewMessage(field.Message()), dynamicpb.NewMessage(field.ContainingMessage())
	page.Set(field.Message().Fields().ByName("limit"), protoreflect.ValueOfUint64(limit))
	req.Set(field, protoreflect.ValueOfMessage(page))
	bz, err := proto.Marshal(req)
	require.NoError(t, err)
	return bz
}
