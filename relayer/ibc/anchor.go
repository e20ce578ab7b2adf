package ibc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cometbft/cometbft/light"
	cmttypes "github.com/cometbft/cometbft/types"
)

// anchor is a trusted header, and the next validators that it names, from whose signatures later headers are trusted.
type anchor struct {
	header *cmttypes.SignedHeader
	next   *cmttypes.ValidatorSet
}

// verified is the view of the newest height, under a header that its chain's validators are proven to have signed: from what the light client on another chain
// knows, then from header to header, by the rules of that client. No node's word decides which state is the chain's.
func (e *Endpoint) verified(ctx context.Context, on *Endpoint, clientID string) (view, error) {
	height, err := e.latest(ctx)
	if err != nil {
		return view{}, err
	}
	from := e.anchor
	// What fails from here on begins anew from the client, which others renew.
	e.anchor = nil
	if from == nil {
		if from, err = e.knownTo(ctx, on, clientID); err != nil {
			return view{}, err
		}
	}
	var newest anchor
	err = e.nodes.ask(ctx, func(at node) (err error) {
		newest, err = e.follow(ctx, at, *from, height, time.Now())
		return err
	})
	if err != nil {
		return view{}, fmt.Errorf("verified header %d of %s: %w", height, e.ChainID(), err)
	}
	e.anchor = &newest
	e.nodes.sawVerified(height)
	return view{height: height, time: newest.header.Time, root: newest.header.AppHash}, nil
}

// knownTo is the newest header that a light client on another chain has verified.
func (e *Endpoint) knownTo(ctx context.Context, on *Endpoint, clientID string) (*anchor, error) {
	state, err := on.clientState(ctx, clientID)
	if err != nil {
		return nil, err
	}
	known, err := on.consensusState(ctx, clientID, state.LatestHeight)
	if err != nil {
		return nil, err
	}
	height := int64(state.LatestHeight.RevisionHeight)
	a := &anchor{header: &cmttypes.SignedHeader{Header: &cmttypes.Header{
		ChainID: e.ChainID(), Height: height, Time: known.Timestamp, NextValidatorsHash: known.NextValidatorsHash, AppHash: known.Root.GetHash(),
	}}}
	err = e.nodes.ask(ctx, func(at node) (err error) {
		if a.next, err = namedNext(ctx, at, height, known.NextValidatorsHash); err != nil {
			return fmt.Errorf("header %d is what client %s on %s trusts: %w", height, clientID, on.ChainID(), err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("validators of %s: %w", e.ChainID(), err)
	}
	return a, nil
}

// follow verifies a node's header of a height from an earlier one (CometBFT's light client), over headers between where too many validators have changed.
func (e *Endpoint) follow(ctx context.Context, at node, from anchor, height int64, now time.Time) (anchor, error) {
	if height == from.header.Height {
		return from, nil
	}
	if height < from.header.Height {
		return anchor{}, fmt.Errorf("its height %d is behind %d, which is verified", height, from.header.Height)
	}
	newest, err := e.step(ctx, at, from, height, now)
	if !errors.As(err, new(light.ErrNewValSetCantBeTrusted)) {
		return newest, err
	}
	heights, err := e.routeFrom(ctx, of(at), from.header.Height, height, trustLevel)
	if err != nil {
		return anchor{}, err
	}
	newest = from
	for _, next := range heights {
		if newest, err = e.step(ctx, at, newest, next, now); err != nil {
			return anchor{}, err
		}
	}
	return newest, nil
}

// step verifies a node's header from an earlier one, without headers between.
func (e *Endpoint) step(ctx context.Context, at node, from anchor, height int64, now time.Time) (anchor, error) {
	commit, err := e.commit(ctx, at, height)
	if err != nil {
		return anchor{}, err
	}
	validators, err := validatorsFrom(ctx, at, height, commit.ProposerAddress)
	if err != nil {
		return anchor{}, err
	}
	if err := light.Verify(from.header, from.next, &commit.SignedHeader, validators, DefaultTrusting, now, maxClockDrift, trustLevel.ToTendermint()); err != nil {
		return anchor{}, fmt.Errorf("its header %d does not follow from %d: %w", height, from.header.Height, err)
	}
	next, err := namedNext(ctx, at, height, commit.NextValidatorsHash)
	return anchor{&commit.SignedHeader, next}, err
}

// namedNext are the validators after a height, those that its header names.
func namedNext(ctx context.Context, at node, height int64, hash []byte) (*cmttypes.ValidatorSet, error) {
	validators, err := validatorsFrom(ctx, at, height+1, nil)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(validators.Hash(), hash) {
		return nil, fmt.Errorf("the validators of %d are not those that header %d names", height+1, height)
	}
	return validators, nil
}
