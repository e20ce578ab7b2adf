package keeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/engine"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/quota"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/lattice/types"
)

const (
	// unitsByDefault and maxUnits of one answer.
	unitsByDefault, maxUnits = 20, 100
	// maxUnitsSearched on the way to a page that is not given its height.
	maxUnitsSearched = 1000
	// typicalSize of a transfer in bytes.
	typicalSize = 300
)

var _ types.QueryServer = (*queryServer)(nil)

type queryServer struct {
	*Keeper

	// sums is held while accounts are added up; last is what came of it.
	sums sync.Mutex
	last *types.QueryInvariantsResponse
}

// NewQueryServer of a keeper.
func NewQueryServer(k *Keeper) types.QueryServer { return &queryServer{Keeper: k} }

func (q *queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := q.Keeper.Params.Get(ctx)
	if err != nil {
		return nil, err
	}
	shard, err := q.Shard.Get(ctx)
	if err != nil {
		return nil, err
	}
	routing, err := q.routing(ctx)
	if err != nil {
		return nil, err
	}
	final, err := q.FinalHeight(ctx)
	return &types.QueryParamsResponse{Params: params, Shard: shard, Routing: routing, FinalHeight: final}, err
}

func (q *queryServer) Head(ctx context.Context, _ *types.QueryHeadRequest) (*types.QueryHeadResponse, error) {
	head, err := q.Keeper.Head.Get(ctx)
	if err != nil {
		return nil, err
	}
	res := &types.QueryHeadResponse{Head: head}
	if ended, err := q.ended(ctx, int64(head.Height)); err != nil || !ended {
		return res, err
	}
	left, right, err := q.engine.Halves()
	res.Left, res.Right = left[:], right[:]
	return res, err
}

// sumsEvery so many blocks all accounts are added up, however often somebody asks: blocks wait for it.
const sumsEvery = 100

// Invariants of one of the last blocks. Blocks go on meanwhile: what was added up between two of them says nothing, and is added up again when somebody asks again.
func (q *queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	c := sdk.UnwrapSDKContext(ctx)
	head, err := q.Keeper.Head.Get(ctx)
	if err != nil {
		return nil, err
	}
	if !q.sums.TryLock() {
		return nil, status.Error(codes.Unavailable, "the accounts are being added up for somebody else; ask again")
	}
	defer q.sums.Unlock()
	if q.last != nil && q.last.Ok && uint64(q.last.Height) <= head.Height && head.Height < uint64(q.last.Height)+sumsEvery {
		return q.last, nil
	}
	// Before, so that asking for old heights costs nothing; and after, so that no block came between.
	if _, err := q.executed(head.Height); err != nil {
		return nil, err
	}
	broken := q.CheckSupply(c)
	executed, err := q.executed(head.Height)
	if err != nil {
		return nil, err
	}
	res := &types.QueryInvariantsResponse{Ok: broken == nil, Height: int64(head.Height)}
	switch {
	case broken != nil:
		res.Broken = broken.Error()
	case !bytes.Equal(head.Root, executed.Root[:]):
		res.Ok, res.Broken = false, fmt.Sprintf("the accounts' root is %x, the state names %x", executed.Root, head.Root)
	}
	q.last = res
	return res, nil
}

// executed accounts, if they are of a height.
func (q *queryServer) executed(height uint64) (engine.Head, error) {
	head, err := q.engine.Executed()
	if err == nil && head.Height != height {
		err = status.Errorf(codes.Unavailable, "the accounts are of height %d, the state is of height %d: a block is being executed, or the height is not the last one; ask again", head.Height, height)
	}
	return head, err
}

// Account answers an account's record, for whoever asks by a bech32 address.
func (k *Keeper) Account(address string) (lattice.Record, error) {
	a, err := sendtx.Address(address)
	if err != nil {
		return lattice.Record{}, status.Error(codes.InvalidArgument, err.Error())
	}
	r, found, err := k.engine.Get(a)
	switch {
	case errors.Is(err, lattice.ErrNotOwned):
		return r, elsewhere(err)
	case err != nil:
		return r, err
	case !found:
		return r, status.Errorf(codes.NotFound, "account %s not found", address)
	}
	return r, nil
}

// elsewhere is the answer to a question about another shard's account: an empty one would look like an account that holds nothing.
func elsewhere(err error) error { return status.Errorf(codes.OutOfRange, "%s; ask there", err) }

// Quota left by the rules of the next block.
func (q *queryServer) Quota(_ context.Context, req *types.QueryQuotaRequest) (*types.QueryQuotaResponse, error) {
	r, err := q.Account(req.Address)
	if err != nil {
		return nil, err
	}
	rules, ok := q.engine.Rules()
	if !ok {
		return nil, status.Error(codes.Unavailable, "there is no block yet")
	}
	scheme := quota.Ed25519
	if r.Key.Kind != lattice.Ed25519 {
		scheme = quota.Secp256k1
	}
	cost := rules.Quota.Cost(typicalSize, scheme)
	left := rules.Quota.Refilled(r.Mana, r.Utop, rules.Now).Left
	return &types.QueryQuotaResponse{Left: left, Capacity: rules.Quota.Capacity(r.Utop), Transfer: cost, Transfers: left / cost}, nil
}

var kinds = map[lattice.UnitKind]string{lattice.Send: "send", lattice.Receive: "receive", lattice.Return: "return"}

func (q *queryServer) Units(_ context.Context, req *types.QueryUnitsRequest) (*types.QueryUnitsResponse, error) {
	a, err := sendtx.Address(req.Address)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	limit := req.Limit
	if limit == 0 {
		limit = unitsByDefault
	}
	most := uint32(maxUnits)
	if req.Arrived {
		most = maxUnitsSearched
	}
	if limit > most {
		return nil, status.Errorf(codes.InvalidArgument, "limit is %d, at most %d", limit, most)
	}
	res := &types.QueryUnitsResponse{}
	r, proof, head, err := q.engine.Proof(a)
	switch {
	case errors.Is(err, lattice.ErrProof):
		return res, nil
	case errors.Is(err, lattice.ErrNotOwned):
		return nil, elsewhere(err)
	case err != nil:
		return nil, status.Error(codes.OutOfRange, err.Error())
	}
	res.Proof = &types.AccountProof{Height: head.Height, Root: head.Root[:], Record: r.AppendBody(nil), Slot: proof.Slot, Bucket: hashes(proof.Bucket), Top: hashes(proof.Top)}
	// The next page goes on where the last one ended, without the way there.
	number, height, searched := r.Units, r.Height, 0
	var failed error
	if req.Before > 0 && req.Before <= r.Units && req.Height > 0 {
		number, height = req.Before-1, req.Height
	}
	err = q.engine.Units(a, number, height, func(u lattice.Unit, height uint64) bool {
		searched++
		if req.Before > 0 && u.Number >= req.Before {
			return searched < maxUnitsSearched
		}
		if req.Arrived {
			here, err := q.engine.ExecutedBy(u.Transaction, height)
			if failed = err; err != nil || here || u.Kind != lattice.Receive {
				return err == nil && searched < maxUnitsSearched
			}
		}
		res.Units = append(res.Units, types.Unit{
			Number: u.Number, Previous: u.Previous[:], PreviousHeight: u.Before, Kind: kinds[u.Kind], Sequence: u.Sequence, Peer: sendtx.Bech32(u.Peer),
			Amount: types.Coins(u.Amount), Balance: types.Coins(u.Balance), Transaction: u.Transaction[:], Height: height,
		})
		return len(res.Units) < int(limit)
	})
	if err = errors.Join(err, failed); err == nil && len(res.Units) == 0 && searched == maxUnitsSearched && !req.Arrived {
		err = status.Errorf(codes.InvalidArgument, "unit %d is more than %d units back; give height, too: previous_height of unit %d", req.Before-1, maxUnitsSearched, req.Before)
	}
	return res, err
}

func hashes(list []lattice.Hash) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i][:]
	}
	return out
}
