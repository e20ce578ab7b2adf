package ibc

import (
	"context"
	"fmt"

	cmttypes "github.com/cometbft/cometbft/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
)

// validatorsPerPage is the RPC's largest page.
const validatorsPerPage = 100

// latest is the newest height whose commit the node can prove.
func (e *Endpoint) latest(ctx context.Context) (int64, error) {
	status, err := e.rpc.Status(ctx)
	if err != nil {
		return 0, fmt.Errorf("status of %s: %w", e.ChainID(), err)
	}
	if status.SyncInfo.CatchingUp {
		return 0, fmt.Errorf("the node of %s is catching up", e.ChainID())
	}
	return status.SyncInfo.LatestBlockHeight, nil
}

// header builds the light-client header of a height, provable from the trusted one (ibc-go's 07-tendermint: the validators of trusted height + 1 are needed).
func (e *Endpoint) header(ctx context.Context, height int64, trusted clienttypes.Height) (*ibctm.Header, error) {
	commit, err := e.rpc.Commit(ctx, &height)
	if err != nil {
		return nil, fmt.Errorf("commit %d of %s: %w", height, e.ChainID(), err)
	}
	// What the node answers is checked before gas is spent on it.
	if commit.Header == nil || commit.Commit == nil || commit.ChainID != e.ChainID() || commit.Height != height {
		return nil, fmt.Errorf("the node of %s answered another header than %d", e.ChainID(), height)
	}
	validators, err := e.validators(ctx, height)
	if err != nil {
		return nil, err
	}
	if err := validators.VerifyCommitLight(e.ChainID(), commit.Commit.BlockID, height, commit.Commit); err != nil {
		return nil, fmt.Errorf("the node of %s answered a header that its validators did not sign: %w", e.ChainID(), err)
	}
	trustedValidators, err := e.validators(ctx, int64(trusted.RevisionHeight)+1)
	if err != nil {
		return nil, err
	}
	set, err := validators.ToProto()
	if err != nil {
		return nil, err
	}
	trustedSet, err := trustedValidators.ToProto()
	if err != nil {
		return nil, err
	}
	set.TotalVotingPower, trustedSet.TotalVotingPower = validators.TotalVotingPower(), trustedValidators.TotalVotingPower()
	return &ibctm.Header{SignedHeader: commit.SignedHeader.ToProto(), ValidatorSet: set, TrustedHeight: trusted, TrustedValidators: trustedSet}, nil
}

// validators of a height, with the proposer that the header names.
func (e *Endpoint) validators(ctx context.Context, height int64) (*cmttypes.ValidatorSet, error) {
	var all []*cmttypes.Validator
	perPage := validatorsPerPage
	for page := 1; ; page++ {
		res, err := e.rpc.Validators(ctx, &height, &page, &perPage)
		if err != nil {
			return nil, fmt.Errorf("validators of %s at %d: %w", e.ChainID(), height, err)
		}
		all = append(all, res.Validators...)
		if len(all) >= res.Total || len(res.Validators) == 0 {
			break
		}
	}
	set := cmttypes.NewValidatorSet(all)
	commit, err := e.rpc.Commit(ctx, &height)
	if err != nil {
		return nil, fmt.Errorf("commit %d of %s: %w", height, e.ChainID(), err)
	}
	if _, proposer := set.GetByAddress(commit.ProposerAddress); proposer != nil {
		set.Proposer = proposer
	}
	return set, nil
}
