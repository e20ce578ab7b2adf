package router

import (
	"context"
	"errors"
	"fmt"
	"strings"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// Shard is one shard as the router sees it. Every question has an end: a node that stalls loses its turn.
type Shard interface {
	// Name is its chain id.
	Name() string
	// Ledgers says how far the shard is with every other one.
	Ledgers(context.Context) (*latticetypes.QueryLedgersResponse, error)
	// Header of a height with its commit; of the newest that is committed for 0.
	Header(ctx context.Context, height int64) (*cmtproto.SignedHeader, error)
	// Batches that wait for a destination after a height, the first ones first.
	Batches(ctx context.Context, destination string, after uint64) ([]latticetypes.Batch, error)
	// Prove the value under a key of x/lattice's store in the state that a header's app hash commits.
	Prove(ctx context.Context, key []byte, by *cmtproto.SignedHeader) ([]byte, *cmtcrypto.ProofOps, error)
	// Submit a carried transaction. A *Refusal says why the shard does not take it.
	Submit(ctx context.Context, raw []byte) error
	// Params say who it is, and of whom it has its accounts; they do not change while it runs.
	Params(context.Context) (*latticetypes.QueryParamsResponse, error)
	// Head of its accounts; with the halves of their root once it has ended.
	Head(context.Context) (*latticetypes.QueryHeadResponse, error)
	// Light is the newest header of the main chain that it trusts; errNoMainChain where its genesis names none.
	Light(context.Context) (lighttypes.Header, error)
	// Evidence of members that voted twice, in its blocks from a height to another.
	Evidence(ctx context.Context, from, to int64) ([]*cmttypes.DuplicateVoteEvidence, error)
	// Delivered batches of a block, with their proofs, whether they were taken or not.
	Delivered(ctx context.Context, height int64) ([]*latticetypes.Delivery, error)
	// Follow tells of new blocks until ctx ends; it may tell too often.
	Follow(ctx context.Context, tell func())
	// Rotate gives the next node its turn.
	Rotate()
}

// errNoMainChain: the shard's genesis names none.
var errNoMainChain = errors.New("the shard follows no main chain: its genesis names none")

// Refusal of a transaction by a shard.
type Refusal struct {
	Shard string
	Code  uint32
	Log   string
}

// Error says what the shard said.
func (r *Refusal) Error() string { return fmt.Sprintf("%s refuses (%d): %s", r.Shard, r.Code, r.Log) }

// Codes of a shard's pool (engine).
const (
	codeStarting = 15
	codeSeen     = 19
	codeFull     = 20
)

// errUnaudited is how a shard names a bound that only its source's auditors lift (x/lattice).
const errUnaudited = "too much of it is not audited yet"

// verdict on a transaction that was handed over.
type verdict int

const (
	// accepted: it waits for a block, be it that somebody else has brought it.
	accepted verdict = iota
	// done: somebody else has brought it before.
	done
	// later: it is in order, and not taken now.
	later
	// wrong: it, or what a node said, is not in order.
	wrong
)

// judge an answer to Submit.
func judge(err error) verdict {
	var r *Refusal
	switch {
	case err == nil:
		return accepted
	case !errors.As(err, &r):
		return later
	case r.Code == codeSeen:
		return accepted
	case strings.Contains(r.Log, receipt.ErrReplay.Error()), strings.Contains(r.Log, lighttypes.ErrKnown.Error()), strings.Contains(r.Log, lighttypes.ErrBehind.Error()):
		return done
	case r.Code == codeFull, r.Code == codeStarting, strings.Contains(r.Log, errUnaudited), strings.Contains(r.Log, lattice.ErrEnded.Error()), strings.Contains(r.Log, lattice.ErrSettling.Error()):
		return later
	}
	return wrong
}

// encode a carried transaction.
func encode(c latticetypes.Carried) ([]byte, error) {
	raw, err := c.Marshal()
	if err == nil && len(raw) > latticetypes.MaxCarried {
		err = fmt.Errorf("a carried transaction of %d bytes, at most %d", len(raw), latticetypes.MaxCarried)
	}
	return raw, err
}
