package ibc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
)

const (
	// validatorsPerPage is the RPC's largest page, maxValidators what a node can make the relayer read.
	validatorsPerPage = 100
	maxValidators     = 10_000
)

// latest is the newest height whose commit a node can prove.
func (e *Endpoint) latest(ctx context.Context) (int64, error) { return e.nodes.latest(ctx, time.Now()) }

// header builds the light-client header of a height, provable from the trusted one (ibc-go's 07-tendermint: the validators of trusted height + 1 are needed). What
// a node answers is held against nextValidators, the hash that the client's chain trusts, before gas is spent on it.
func (e *Endpoint) header(ctx context.Context, height int64, trusted clienttypes.Height, nextValidators []byte) (*ibctm.Header, error) {
	var header *ibctm.Header
	known, err := e.successors(ctx, int64(trusted.RevisionHeight), nextValidators)
	if err == nil {
		err = e.nodes.ask(ctx, func(at node) (err error) {
			header, err = e.headerFrom(ctx, at, height, trusted, known)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("header %d of %s: %w", height, e.ChainID(), err)
	}
	e.nodes.sawVerified(height)
	return header, nil
}

// successors are the validators of the height after a trusted one. The trusted hash proves them, so that any node may name them: one whose history begins later, after
// state-sync or an export, can prove the newest header all the same.
func (e *Endpoint) successors(ctx context.Context, trusted int64, hash []byte) (*cmttypes.ValidatorSet, error) {
	var set *cmttypes.ValidatorSet
	err := e.nodes.ask(ctx, func(at node) (err error) {
		set, err = namedNext(ctx, at, trusted, hash)
		return err
	})
	return set, err
}

func (e *Endpoint) headerFrom(ctx context.Context, at node, height int64, trusted clienttypes.Height, known *cmttypes.ValidatorSet) (*ibctm.Header, error) {
	if int64(trusted.RevisionHeight) >= height {
		return nil, fmt.Errorf("its height is behind %d, which the client knows", trusted.RevisionHeight)
	}
	commit, err := e.commit(ctx, at, height)
	if err != nil {
		return nil, err
	}
	validators, err := validatorsFrom(ctx, at, height, commit.ProposerAddress)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(validators.Hash(), commit.ValidatorsHash) {
		return nil, errors.New("the validators are not the header's")
	}
	if err := validators.VerifyCommitLight(e.ChainID(), commit.Commit.BlockID, height, commit.Commit); err != nil {
		return nil, fmt.Errorf("the header is not signed by its validators: %w", err)
	}
	set, err := validators.ToProto()
	if err != nil {
		return nil, err
	}
	trustedSet, err := known.ToProto()
	if err != nil {
		return nil, err
	}
	set.TotalVotingPower, trustedSet.TotalVotingPower = validators.TotalVotingPower(), known.TotalVotingPower()
	return &ibctm.Header{SignedHeader: commit.SignedHeader.ToProto(), ValidatorSet: set, TrustedHeight: trusted, TrustedValidators: trustedSet}, nil
}

// commit of a height, whose header is the one that was committed.
func (e *Endpoint) commit(ctx context.Context, at node, height int64) (*ctypes.ResultCommit, error) {
	commit, err := at.Commit(ctx, &height)
	if err != nil {
		return nil, fmt.Errorf("commit %d: %w", height, err)
	}
	if commit.Header == nil || commit.Commit == nil || commit.Height != height {
		return nil, fmt.Errorf("it answered another header than %d", height)
	}
	if err := commit.SignedHeader.ValidateBasic(e.ChainID()); err != nil {
		return nil, fmt.Errorf("commit %d: %w", height, err)
	}
	return commit, nil
}

// timeOf a height's block.
func (e *Endpoint) timeOf(ctx context.Context, height int64) (time.Time, error) {
	var at time.Time
	err := e.nodes.ask(ctx, func(n node) error {
		commit, err := e.commit(ctx, n, height)
		if err == nil {
			at = commit.Time
		}
		return err
	})
	if err != nil {
		return at, fmt.Errorf("time of block %d of %s: %w", height, e.ChainID(), err)
	}
	return at, nil
}

// validatorsFrom a node, of a height, with the proposer that the header names.
func validatorsFrom(ctx context.Context, at node, height int64, proposer []byte) (*cmttypes.ValidatorSet, error) {
	var all []*cmttypes.Validator
	perPage := validatorsPerPage
	for page := 1; ; page++ {
		res, err := at.Validators(ctx, &height, &page, &perPage)
		if err != nil {
			return nil, fmt.Errorf("validators of %d: %w", height, err)
		}
		all = append(all, res.Validators...)
		if len(all) >= res.Total || len(res.Validators) == 0 || len(all) > maxValidators {
			break
		}
	}
	set, err := cmttypes.ValidatorSetFromExistingValidators(all)
	if err != nil {
		return nil, fmt.Errorf("validators of %d: %w", height, err)
	}
	if _, p := set.GetByAddress(proposer); p != nil {
		set.Proposer = p
	}
	return set, nil
}
