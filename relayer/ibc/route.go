package ibc

import (
	"context"
	"fmt"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
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

// route of headers to a height, for a light client in that state. Each header and each set may come from another node: one has the newest, another the history before an export or
// a state-sync.
func (e *Endpoint) route(ctx context.Context, client *ibctm.ClientState, height int64) (heights []int64, err error) {
	heights, err = e.routeFrom(ctx, e.nodes.ask, int64(client.LatestHeight.RevisionHeight), height, client.TrustLevel)
	if err != nil {
		return nil, fmt.Errorf("headers of %s from %d to %d: %w", e.ChainID(), client.LatestHeight.RevisionHeight, height, err)
	}
	return heights, nil
}

// asks one or another node.
type asks func(ctx context.Context, question func(at node) error) error

// of asks that node alone.
func of(at node) asks {
	return func(_ context.Context, question func(at node) error) error { return question(at) }
}

// routeFrom a height to another over the headers of who is asked, for who trusts a header that such a part of the trusted validators has signed.
func (e *Endpoint) routeFrom(ctx context.Context, ask asks, from, to int64, trust ibctm.Fraction) ([]int64, error) {
	var sets trustedSet
	return route(from, to, func(from, to int64) (bool, error) {
		set, err := sets.after(ctx, ask, from)
		if err != nil {
			return false, err
		}
		var commit *ctypes.ResultCommit
		if err := ask(ctx, func(at node) (err error) {
			commit, err = e.commit(ctx, at, to)
			return err
		}); err != nil {
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
func (s *trustedSet) after(ctx context.Context, ask asks, height int64) (*cmttypes.ValidatorSet, error) {
	if s.set != nil && s.height == height {
		return s.set, nil
	}
	err := ask(ctx, func(at node) error {
		set, err := validatorsFrom(ctx, at, height+1, nil)
		if err == nil {
			s.height, s.set = height, set
		}
		return err
	})
	return s.set, err
}
