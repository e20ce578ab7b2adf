package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	"github.com/topnetwork/top/x/internal/account"
	"github.com/topnetwork/top/x/shards/types"
)

// Assignments of an operator: what its node runs now, and what it makes ready for the next epoch. A member of a term goes on until the term after it is anchored as the running one.
func (q queryServer) Assignments(ctx context.Context, req *types.QueryAssignmentsRequest) (*types.QueryAssignmentsResponse, error) {
	if err := account.CheckQuery("operator", req.Operator); err != nil {
		return nil, err
	}
	now, _, err := q.k.epoch(ctx)
	if err != nil {
		return nil, err
	}
	params, err := q.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	res := &types.QueryAssignmentsResponse{Epoch: now, Assignments: []types.Assignment{}}
	// Who audits a zone is looked up once.
	zones := map[uint32][]types.Auditors{}
	return res, q.k.shards.Walk(ctx, nil, func(_ string, s types.Shard) (bool, error) {
		switch s.Status {
		case types.Status_STATUS_FORMING:
			return false, nil
		case types.Status_STATUS_RETIRED:
			// What it has sent may not have been taken yet, and what was in its blocks is nowhere else.
			if now > s.SinceEpoch+params.HistoryEpochs {
				return false, nil
			}
			own, err := q.k.assigned(ctx, s, req.Operator)
			res.Assignments = append(res.Assignments, slices.DeleteFunc(own, func(a types.Assignment) bool { return !a.Running || a.Role != types.Role_ROLE_MEMBER })...)
			return err != nil, err
		}
		if _, known := zones[s.Zone]; !known {
			if zones[s.Zone], err = q.k.auditorsFrom(ctx, s.Zone, now); err != nil {
				return true, err
			}
		}
		own, err := q.k.assigned(ctx, s, req.Operator)
		if err != nil {
			return true, err
		}
		for _, a := range zones[s.Zone] {
			if _, audits := types.FindMember(a.Members, req.Operator); audits {
				own = append(own, types.Assignment{Shard: s.Name, Role: types.Role_ROLE_AUDITOR, Epoch: a.Epoch, Status: s.Status, Running: a.Epoch <= now})
			}
		}
		res.Assignments = append(res.Assignments, own...)
		return false, nil
	})
}

// auditorsFrom an epoch on: those that count in it, and those after them.
func (k *Keeper) auditorsFrom(ctx context.Context, zone uint32, epoch uint64) (list []types.Auditors, err error) {
	a, err := k.Auditors(ctx, zone, epoch)
	if errors.Is(err, types.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list = append(list, a)
	err = k.auditors.Walk(ctx, collections.NewPrefixedPairRange[uint32, uint64](zone).StartExclusive(epoch), func(_ auditorsKey, a types.Auditors) (bool, error) {
		list = append(list, a)
		return false, nil
	})
	return list, err
}

// assigned to a shard as member or standby, in the running term and those after it.
func (k *Keeper) assigned(ctx context.Context, s types.Shard, operator string) (own []types.Assignment, err error) {
	running, err := k.running(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	err = k.committees.Walk(ctx, collections.NewPrefixedPairRange[string, uint64](s.Name).StartInclusive(running), func(_ termKey, c types.Committee) (bool, error) {
		role := types.Role_ROLE_UNSPECIFIED
		if _, sits := types.FindMember(c.Members, operator); sits {
			role = types.Role_ROLE_MEMBER
		} else if slices.Contains(c.Standbys, operator) {
			role = types.Role_ROLE_STANDBY
		}
		if role != types.Role_ROLE_UNSPECIFIED {
			own = append(own, types.Assignment{Shard: s.Name, Role: role, Term: c.Term, Epoch: c.Epoch, Status: s.Status, Running: c.Term == running})
		}
		return false, nil
	})
	return own, err
}
