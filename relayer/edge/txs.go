package edge

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/protocol/lattice"
)

// errMaybeTaken tells of a transaction whose fate is not known.
var errMaybeTaken = errors.New("a node took the transaction and did not answer; it may be executed: ask for it by its hash before sending another")

// broadcastTx to the shard of its sender.
func (v view) broadcastTx(ctx context.Context, sender lattice.Address, req []byte) ([]byte, error) {
	s, err := v.of(sender)
	if err != nil {
		return nil, err
	}
	raw := field(req, 1)
	for again := false; ; again = true {
		bytes, tries, err := s.try(ctx, broadcastMethod, req)
		if err != nil {
			if tries > 0 {
				err = fmt.Errorf("%w; %w", errMaybeTaken, err)
			}
			return nil, err
		}
		var res txtypes.BroadcastTxResponse
		if err := proto.Unmarshal(bytes, &res); err != nil || res.TxResponse == nil {
			return nil, fmt.Errorf("shard %s answers what is no answer: %w", s.name, errors.Join(errUnreachable, err))
		}
		if res.TxResponse.Code == 0 {
			v.remember(raw, s.name)
			return bytes, nil
		}
		if next := v.follow(ctx, s, sender, res.TxResponse.RawLog); next != nil && !again {
			s = next
			continue
		}
		if tries > 0 {
			// Its own copy may be why it is refused.
			return nil, fmt.Errorf("%w; %s", errMaybeTaken, res.TxResponse.RawLog)
		}
		return bytes, nil
	}
}

// holders of a transaction, in the order in which they are asked: who was sent it first.
func (v view) holders(hash []byte) (first *shard, others []*shard, err error) {
	all, err := v.list()
	if err != nil || len(hash) != lattice.HashSize {
		return nil, all, err
	}
	all = append(all, v.past(all)...)
	tx, ok := v.sent.Get(lattice.Hash(hash))
	if !ok {
		return nil, all, nil
	}
	at := slices.IndexFunc(all, func(s *shard) bool { return s.name == tx.shard })
	if at < 0 {
		return nil, all, nil
	}
	return all[at], all, nil
}

// found by one of the shards: the answer of the first that knows; or else what one of them says.
func found[T any](ctx context.Context, v view, hash []byte, f func(ctx context.Context, s *shard) (T, error)) (none T, err error) {
	first, others, err := v.holders(hash)
	if err != nil {
		return none, err
	}
	if first != nil {
		// Nobody else has it as long as it waits there.
		if res, err := f(ctx, first); !errors.Is(err, errUnreachable) {
			return res, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan told[T], len(others))
	go func() {
		each(ctx, others, func(ctx context.Context, s *shard) (T, error) {
			res, err := f(ctx, s)
			answers <- told[T]{s, res, err}
			return res, err
		})
	}()
	var refusal, unreachable error
	for range others {
		switch t := <-answers; {
		case t.err == nil:
			return t.value, nil
		case errors.Is(t.err, errUnreachable):
			unreachable = errors.Join(unreachable, t.err)
		case refusal == nil || strings.Contains(t.err.Error(), "dropped"):
			refusal = t.err
		}
	}
	if unreachable != nil {
		return none, fmt.Errorf("no shard that answers knows it, and some do not answer: %w", unreachable)
	}
	return none, refusal
}

// getTx by its hash.
func (v view) getTx(ctx context.Context, req []byte, opts ...grpc.CallOption) ([]byte, error) {
	hash, err := hex.DecodeString(string(field(req, 1)))
	if err != nil || len(hash) != lattice.HashSize {
		return nil, status.Errorf(codes.InvalidArgument, "hash is %.80q, want %d hex digits", field(req, 1), 2*lattice.HashSize)
	}
	return found(ctx, v, hash, func(ctx context.Context, s *shard) ([]byte, error) { return v.told(ctx, s, lattice.Hash(hash)) })
}

// told by a shard of a transaction that it has executed. Once it is in a block it never changes.
func (v view) told(ctx context.Context, s *shard, hash lattice.Hash) ([]byte, error) {
	key := cacheKey{method: getTxMethod, hash: hash, shard: v.only}
	if bytes, ok := v.cache.get(key); ok {
		return bytes.([]byte), nil
	}
	req, err := proto.Marshal(&txtypes.GetTxRequest{Hash: hex.EncodeToString(hash[:])})
	if err != nil {
		return nil, err
	}
	bytes, err := s.invoke(ctx, getTxMethod, req)
	if err == nil {
		v.cache.put(key, bytes, len(bytes))
	}
	return bytes, err
}

// search transactions in the shards that can have them.
func (v view) search(ctx context.Context, req []byte, opts ...grpc.CallOption) ([]byte, error) {
	var asked txtypes.GetTxsEventRequest
	if err := proto.Unmarshal(req, &asked); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	sc, err := v.searched(asked.Query)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	arrived, err := v.arrivals(ctx, sc)
	if err != nil {
		return nil, err
	}
	if len(sc.shards) == 1 && len(arrived) == 0 {
		return sc.shards[0].invoke(ctx, searchMethod, req, opts...)
	}
	p, err := pageOf(int(asked.Page), int(asked.Limit))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	answers := each(ctx, sc.shards, func(ctx context.Context, s *shard) (out txtypes.GetTxsEventResponse, err error) {
		err = p.upTo(func(number, size int) (int, error) {
			part := asked
			part.Page, part.Limit = uint64(number), uint64(size)
			req, err := proto.Marshal(&part)
			if err != nil {
				return 0, err
			}
			bytes, err := s.invoke(ctx, searchMethod, req)
			if err != nil {
				return 0, err
			}
			var res txtypes.GetTxsEventResponse
			if err := proto.Unmarshal(bytes, &res); err != nil {
				return 0, err
			}
			out.Txs, out.TxResponses, out.Total = append(out.Txs, res.Txs...), append(out.TxResponses, res.TxResponses...), res.Total
			return len(res.TxResponses), nil
		})
		return out, err
	})
	type result struct {
		tx  *txtypes.Tx
		res *sdk.TxResponse
	}
	var results []result
	var total uint64
	for _, t := range answers {
		if t.err != nil {
			return nil, t.err
		}
		total += t.value.Total
		for i, res := range t.value.TxResponses {
			results = append(results, result{t.value.Txs[i], res})
		}
	}
	elsewhere, err := sentElsewhere(ctx, v, arrived, func(ctx context.Context, s *shard, hash lattice.Hash) (r result, err error) {
		bytes, err := v.told(ctx, s, hash)
		if err != nil {
			return r, err
		}
		var res txtypes.GetTxResponse
		if err := proto.Unmarshal(bytes, &res); err != nil {
			return r, err
		}
		if res.Tx == nil || res.TxResponse == nil {
			return r, fmt.Errorf("shard %s answers what is no transaction: %w", s.name, errUnreachable)
		}
		return result{res.Tx, res.TxResponse}, nil
	})
	if err != nil {
		return nil, err
	}
	results, total = append(results, elsewhere...), total+uint64(len(elsewhere))
	// Blocks' times in RFC 3339 and UTC are in the order of their text.
	slices.SortStableFunc(results, func(a, b result) int {
		order := strings.Compare(a.res.Timestamp, b.res.Timestamp)
		if asked.OrderBy == txtypes.OrderBy_ORDER_BY_DESC {
			return -order
		}
		return order
	})
	out := &txtypes.GetTxsEventResponse{Total: total, Pagination: &query.PageResponse{Total: total}}
	for _, r := range cut(results, p) {
		out.Txs, out.TxResponses = append(out.Txs, r.tx), append(out.TxResponses, r.res)
	}
	return proto.Marshal(out)
}

// supplyOf a denomination: the sum of all shards'.
func (v view) supplyOf(ctx context.Context, req []byte, opts ...grpc.CallOption) ([]byte, error) {
	all, err := v.list()
	if err != nil {
		return nil, err
	}
	if len(all) == 1 {
		return all[0].invoke(ctx, supplyMethod, req, opts...)
	}
	sum := sdk.Coin{Amount: math.ZeroInt()}
	for _, t := range each(ctx, all, func(ctx context.Context, s *shard) (res banktypes.QuerySupplyOfResponse, err error) {
		bytes, err := s.invoke(ctx, supplyMethod, req)
		if err == nil {
			err = proto.Unmarshal(bytes, &res)
		}
		return res, err
	}) {
		if t.err != nil {
			return nil, t.err
		}
		if t.value.Amount.Amount.IsNil() {
			return nil, status.Errorf(codes.Internal, "shard %s answers no amount", t.shard.name)
		}
		sum.Denom, sum.Amount = t.value.Amount.Denom, sum.Amount.Add(t.value.Amount.Amount)
	}
	return proto.Marshal(&banktypes.QuerySupplyOfResponse{Amount: sum})
}
