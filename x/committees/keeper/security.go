package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/protocol/committee"
	"github.com/topnetwork/top/x/committees/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// digits of the odds that are printed.
const digits = 2

// Security gives the odds of a committee of the present size, drawn as a whole from the candidates of its election.
func (q queryServer) Security(ctx context.Context, req *types.QuerySecurityRequest) (*types.QuerySecurityResponse, error) {
	c, err := q.k.committee.Get(ctx)
	if err != nil {
		return nil, err
	}
	seats, candidates := len(c.Members), len(c.Members)+len(c.Line.Standbys)
	if e, err := q.k.sortition.Election(ctx, c.Epoch); err == nil {
		candidates = max(candidates, int(e.Candidates))
	} else if !errors.Is(err, sortitiontypes.ErrNotFound) {
		return nil, err
	}
	bad, err := badOf(candidates, req.BadShare)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	pool := committee.Pool{Candidates: candidates, Bad: bad}
	odds, err := pool.Draw(seats)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	res := &types.QuerySecurityResponse{
		Candidates: uint64(candidates), Bad: uint64(bad), Members: uint64(seats),
		Blocking: uint64(committee.Blocking(seats)), Quorum: uint64(committee.Quorum(seats)),
		Stall: committee.Scientific(odds.Stall, digits), Capture: committee.Scientific(odds.Capture, digits),
	}
	if req.Auditors == 0 {
		return res, nil
	}
	audited, err := pool.DrawAudited(seats, int(req.Auditors))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	res.AuditedStall, res.AuditedCapture = committee.Scientific(audited.Stall, digits), committee.Scientific(audited.Capture, digits)
	return res, nil
}

// badOf so many candidates, by a share such as 0.2.
func badOf(candidates int, share string) (int, error) {
	s, err := math.LegacyNewDecFromStr(share)
	if err != nil || s.IsNegative() || s.GT(math.LegacyOneDec()) {
		return 0, errors.Join(errors.New("bad_share is a number from 0 to 1, such as 0.2"), err)
	}
	return committee.Bad(candidates, s.MulInt64(1_000_000).Ceil().TruncateInt().Uint64())
}
