package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// codeUnanswered of a transaction in a batch whose shard did not answer: it may be executed.
const codeUnanswered = 1000

// transactionsPerToken: verifying a batch costs its shards less than as many requests.
const transactionsPerToken = 20

// submit batches (top.lattice.v1.Ingest), one after the other: each is split by the shards of its senders.
func (e *Edge) submit(ctx context.Context, client string, stream grpc.ServerStream) error {
	v := e.viewOf(ctx)
	open := streams{}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		var in frame
		if err := stream.RecvMsg(&in); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var req latticetypes.SubmitRequest
		if err := req.Unmarshal(in.bytes); err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		if len(req.Transactions) > maxTransactions {
			return status.Errorf(codes.InvalidArgument, "a batch of %d transactions, at most %d", len(req.Transactions), maxTransactions)
		}
		res, err := e.batch(ctx, v, open, client, req.Transactions)
		if err != nil {
			return err
		}
		bytes, err := res.Marshal()
		if err != nil {
			return err
		}
		if err := stream.SendMsg(&frame{bytes}); err != nil {
			return err
		}
	}
}

// streams to shards, by name, of one client.
type streams map[string]latticetypes.Ingest_SubmitClient

// part of a batch for one shard.
type part struct {
	shard *shard
	// index of each transaction in the batch.
	index []uint32
	raw   [][]byte
}

// batch of transactions within the limits.
func (e *Edge) batch(ctx context.Context, v view, open streams, client string, txs [][]byte) (*latticetypes.SubmitResponse, error) {
	done, err := e.limits.admit(client, 1+len(txs)/transactionsPerToken)
	if err != nil {
		return nil, refused(err)
	}
	defer done()
	parts, err := v.split(txs)
	if err != nil {
		return nil, coded(err)
	}
	res := &latticetypes.SubmitResponse{}
	again := map[string]*part{}
	waiting, cancel := context.WithTimeout(ctx, splitPatience)
	defer cancel()
	for _, r := range v.deliver(ctx, open, parts) {
		// The shard of the sender is another by now: the transactions go there, once.
		if next, raw := v.moved(waiting, parts, r, txs); next != nil {
			p := again[next.name]
			if p == nil {
				p = &part{shard: next}
				again[next.name] = p
			}
			p.index, p.raw = append(p.index, r.Index), append(p.raw, raw)
			continue
		}
		res.Refused = append(res.Refused, r)
	}
	var more []*part
	for _, p := range again {
		more = append(more, p)
	}
	res.Refused = append(res.Refused, v.deliver(ctx, open, more)...)
	slices.SortFunc(res.Refused, func(a, b *latticetypes.Refusal) int { return int(a.Index) - int(b.Index) })
	return res, nil
}

// moved is the shard that a refusal names for a transaction's sender, and the transaction.
func (v view) moved(ctx context.Context, parts []*part, r *latticetypes.Refusal, txs [][]byte) (*shard, []byte) {
	raw := txs[r.Index]
	sender, ok := senderOf(raw)
	if !ok {
		return nil, nil
	}
	for _, p := range parts {
		if slices.Contains(p.index, r.Index) {
			return v.follow(ctx, p.shard, sender, r.Log), raw
		}
	}
	return nil, nil
}

// split a batch by the senders' shards. What has no sender goes to any, which says what is wrong with it.
func (v view) split(txs [][]byte) (parts []*part, err error) {
	at := map[string]*part{}
	for i, raw := range txs {
		var s *shard
		if sender, ok := senderOf(raw); ok {
			s, err = v.of(sender)
		} else {
			s, err = v.any()
		}
		if err != nil {
			return nil, err
		}
		p := at[s.name]
		if p == nil {
			p = &part{shard: s}
			at[s.name] = p
			parts = append(parts, p)
		}
		p.index, p.raw = append(p.index, uint32(i)), append(p.raw, raw)
	}
	return parts, nil
}

// deliver the parts of a batch, some at once; the refusals have the indices of the whole.
func (v view) deliver(ctx context.Context, open streams, parts []*part) (refusals []*latticetypes.Refusal) {
	type delivery struct {
		stream   latticetypes.Ingest_SubmitClient
		refusals []*latticetypes.Refusal
	}
	shards, of := make([]*shard, len(parts)), map[*shard]*part{}
	for i, p := range parts {
		shards[i], of[p.shard] = p.shard, p
	}
	// A map is no place for several at once.
	before := make(streams, len(open))
	for name, s := range open {
		before[name] = s
	}
	for _, t := range each(ctx, shards, func(ctx context.Context, s *shard) (delivery, error) {
		p := of[s]
		stream, res, err := s.submit(ctx, before[s.name], p.raw)
		if err != nil {
			return delivery{}, err
		}
		d := delivery{stream: stream}
		for _, r := range res.Refused {
			if int(r.Index) < len(p.index) {
				d.refusals = append(d.refusals, &latticetypes.Refusal{Index: p.index[r.Index], Code: r.Code, Log: r.Log})
			}
		}
		return d, nil
	}) {
		p := of[t.shard]
		if t.err != nil {
			delete(open, t.shard.name)
			for _, i := range p.index {
				refusals = append(refusals, &latticetypes.Refusal{Index: i, Code: codeUnanswered, Log: fmt.Sprintf("%s; %s", errMaybeTaken, t.err)})
			}
			continue
		}
		open[t.shard.name] = t.value.stream
		refused := make(map[uint32]bool, len(t.value.refusals))
		for _, r := range t.value.refusals {
			refused[r.Index] = true
		}
		for i, raw := range p.raw {
			if !refused[p.index[i]] {
				v.remember(raw, t.shard.name)
			}
		}
		refusals = append(refusals, t.value.refusals...)
	}
	return refusals
}

// submit a batch to the shard, over the stream that is open or another. A stream that fails is not tried again with the same batch: a part of it may have been taken.
func (s *shard) submit(ctx context.Context, open latticetypes.Ingest_SubmitClient, raw [][]byte) (latticetypes.Ingest_SubmitClient, *latticetypes.SubmitResponse, error) {
	if open == nil {
		_, err := s.ask(ctx, func(_ context.Context, e *endpoint) (err error) {
			// The stream outlives the question.
			open, err = latticetypes.NewIngestClient(e.grpc).Submit(ctx)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if err := open.Send(&latticetypes.SubmitRequest{Transactions: raw}); err != nil {
		return nil, nil, fmt.Errorf("shard %s: %w", s.name, err)
	}
	res, err := open.Recv()
	if err != nil {
		return nil, nil, fmt.Errorf("shard %s: %w", s.name, err)
	}
	return open, res, nil
}
