package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/x/gate/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// Exposure to each shard. The bound is that of the main chain: shards have theirs of their genesis, for which founders take the same.
func (q queryServer) Exposure(ctx context.Context, _ *types.QueryExposureRequest) (*types.QueryExposureResponse, error) {
	res := &types.QueryExposureResponse{}
	table, err := q.k.Zones.Table(ctx)
	if errors.Is(err, zonestypes.ErrNotFound) {
		return res, nil
	}
	if err != nil {
		return nil, err
	}
	params, err := q.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range table.Routes {
		// The other shards, and the main chain in this one's place.
		e := types.Exposure{Shard: r.Name, Takers: uint32(len(table.Routes))}
		if e.Fines, err = q.k.Shards.Fines(ctx, r.Name); err != nil {
			return nil, err
		}
		if params.UnauditedUtop > 0 {
			most := math.NewIntFromUint64(params.UnauditedUtop).MulRaw(int64(e.Takers))
			e.Most, e.Covered = &most, most.LTE(e.Fines)
		}
		res.Shards = append(res.Shards, e)
	}
	return res, nil
}
