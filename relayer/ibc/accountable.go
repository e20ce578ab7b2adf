package ibc

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// accountable asks a chain how long its validators are held to what they sign: while evidence counts, and where they stake, while that unbonds. A client that trusted headers for
// longer would take those of who has nothing to lose any more.
func accountable(ctx context.Context, of *Endpoint, trusting time.Duration) (time.Duration, error) {
	consensus, err := consensustypes.NewQueryClient(of.Conn()).Params(ctx, &consensustypes.QueryParamsRequest{})
	if err != nil {
		return 0, unanswered(fmt.Errorf("consensus parameters of %s: %w", of.ChainID(), err))
	}
	held := consensus.GetParams().GetEvidence().GetMaxAgeDuration()
	staking, err := stakingtypes.NewQueryClient(of.Conn()).Params(ctx, &stakingtypes.QueryParamsRequest{})
	switch status.Code(err) {
	case codes.OK:
		held = min(held, staking.Params.UnbondingTime)
	case codes.Unimplemented:
		// A service chain: nobody stakes there.
	default:
		return 0, unanswered(fmt.Errorf("staking parameters of %s: %w", of.ChainID(), err))
	}
	if held <= trusting {
		return 0, fmt.Errorf("a client would trust headers of %s for %s, and their signers are held to them for %s alone: give a shorter --trusting-period, usually two thirds of that",
			of.ChainID(), trusting, held)
	}
	return held, nil
}
