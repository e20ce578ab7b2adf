package chain

import (
	"context"
	"fmt"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"

	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/protocol/verify"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// Route to the shard that has an account, and the version of the routing table that says so: the main chain's state is proven to have it by the app hash of its header of a height, which the caller trusts, and which commits the state of the block
// before (protocol/verify). So a node that is asked cannot lead anybody to another shard.
func (c *Client) Route(ctx context.Context, account string, height int64, appHash []byte) (r trie.Route, version uint64, err error) {
	a, err := sendtx.Address(account)
	if err != nil {
		return r, 0, err
	}
	if height < 2 {
		return r, 0, fmt.Errorf("height is %d: the first header that commits a state is that of height 2", height)
	}
	res, err := cmtservice.NewServiceClient(c.conn).ABCIQuery(ctx, &cmtservice.ABCIQueryRequest{Path: "/store/" + zonestypes.StoreKey + "/key", Data: zonestypes.TableKey(), Height: height - 1, Prove: true})
	if err != nil {
		return r, 0, err
	}
	if res.Code != 0 {
		return r, 0, fmt.Errorf("routing table after height %d: %s", height-1, res.Log)
	}
	if len(res.Value) == 0 {
		return r, 0, fmt.Errorf("%s had no routing table after height %d: it is no main chain with shards", c.chainID, height-1)
	}
	var operations [][]byte
	if res.ProofOps != nil {
		for _, op := range res.ProofOps.Ops {
			operations = append(operations, op.Data)
		}
	}
	path, err := verify.DecodePath(operations...)
	if err != nil {
		return r, 0, err
	}
	if err := path.Holds(appHash, zonestypes.StoreKey, zonestypes.TableKey(), res.Value); err != nil {
		return r, 0, err
	}
	var table zonestypes.RoutingTable
	if err := table.Unmarshal(res.Value); err != nil {
		return r, 0, err
	}
	r, ok := table.Table().Owner(a)
	if !ok {
		return r, 0, fmt.Errorf("the routing table of version %d has no shard for %s", table.Version, account)
	}
	return r, table.Version, nil
}
