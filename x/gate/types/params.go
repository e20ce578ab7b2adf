package types

import (
	"net/url"

	errorsmod "cosmossdk.io/errors"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

const (
	// maxEdge of the edge's address in bytes.
	maxEdge = 256
	// maxExit bounds min_exit: what a shard's deposit can be at most.
	maxExit = 100_000_000_000
)

// DefaultParams let users pay each other here; an exit brings what an account of a shard needs.
func DefaultParams() Params { return Params{MinExit: latticetypes.DefaultParams().Deposit} }

// Validate tells what is wrong.
func (p Params) Validate() error {
	if p.MinExit == 0 || p.MinExit > maxExit {
		return errorsmod.Wrapf(ErrInvalid, "min_exit is %d utop, want 1 to %d", p.MinExit, uint64(maxExit))
	}
	if p.Edge == "" {
		return nil
	}
	u, err := url.Parse(p.Edge)
	if err != nil || len(p.Edge) > maxEdge || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return errorsmod.Wrapf(ErrInvalid, "edge is %q, want a URL of at most %d bytes with http or https", p.Edge, maxEdge)
	}
	return nil
}

// Closed is the refusal of a payment between users.
func (p Params) Closed() error {
	where := "on shards"
	if p.Edge != "" {
		where = "at " + p.Edge
	}
	return errorsmod.Wrapf(ErrClosed, "accounts pay each other %s; bring coins there with top.gate.v1.MsgExit (tx gate exit), and back to this chain by sending them to its gate (query gate params)", where)
}
