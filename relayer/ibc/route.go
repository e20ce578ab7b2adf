package ibc

import (
	"context"
	"fmt"

	cmttypes "github.com/cometbft/cometbft/types"

	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
)

// route answers the heights of the headers that lead a light client from a trusted height to another, the last one being that. A client trusts the set that the trusted header
// names for the height after it; reaches tells whether enough of that set has signed a later header. The next header is always reached, for its set is the one that is
// trusted. So each step goes as far as the trusted set reaches: at most to the last header of a set's term for each change of the set, however many blocks lie between.
func route(from, to int64, reaches func(from, to int64) (bool, error)) ([]int64, error) {
	var heights []int64
	for from < to {
		next, err := farthest(from, to, reaches)
		if err != nil {
			return nil, err
		}
		heights = append(heights, next)
		from = next
	}
	return heights, nil
}

// farthest height up to `to` that from reaches, found by halving: one that is reached whose successor is not.
func farthest(from, to int64, reaches func(from, to int64) (bool, error)) (int64, error) {
	if to == from+1 {
		return to, nil
	}
	ok, err := reaches(from, to)
	if err != nil || ok {
		return to, err
	}
	low, high := from+1, to
	for low+1 < high {
		middle := low + (high-low)/2
		ok, err := reaches(from, middle)
		if err != nil {
			return 0, err
		}
		if ok {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// route of headers to a height, for a light client in that state.
func (e *Endpoint) route(ctx context.Context, client *ibctm.ClientState, height int64) (heights []int64, err error) {
	err = e.nodes.ask(ctx, func(at node) (err error) {
		heights, err = e.routeFrom(ctx, at, int64(client.LatestHeight.RevisionHeight), height, client.TrustLevel)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("headers of %s from %d to %d: %w", e.ChainID(), client.LatestHeight.RevisionHeight, height, err)
	}
	return heights, nil
}

// routeFrom a height to another over a node's headers, for who trusts a header that such a part of the trusted validators has signed.
func (e *Endpoint) routeFrom(ctx context.Context, at node, from, to int64, trust ibctm.Fraction) ([]int64, error) {
	var sets trustedSet
	return route(from, to, func(from, to int64) (bool, error) {
		set, err := sets.after(ctx, at, from)
		if err != nil {
			return false, err
		}
		commit, err := e.commit(ctx, at, to)
		if err != nil {
			return false, err
		}
		err = set.VerifyCommitLightTrusting(e.ChainID(), commit.Commit, trust.ToTendermint())
		if cmttypes.IsErrNotEnoughVotingPowerSigned(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// trustedSet remembers the last set that was asked for: halving asks for one many times.
type trustedSet struct {
	height int64
	set    *cmttypes.ValidatorSet
}

// after a trusted height.
func (s *trustedSet) after(ctx context.Context, at node, height int64) (*cmttypes.ValidatorSet, error) {
	if s.set == nil || s.height != height {
		set, err := validatorsFrom(ctx, at, height+1, nil)
		if err != nil {
			return nil, err
		}
		s.height, s.set = height, set
	}
	return s.set, nil
}
