package router

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/protocol/receipt"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// passedBy so many blocks a shard is above a batch that another one has taken and that it has not sent.
	passedBy = 5
	// deliveriesBack is how many blocks are searched for the header by which such a batch was taken, deliveriesAhead how many in one step.
	deliveriesBack, deliveriesAhead = 2000, 50
	// headersKept of a hunt, until the shard's own of those heights can be had.
	headersKept = 64
	// belowFirst is what CometBFT says of a block below the first one that it has: a child begins above its parent's last, and old blocks are pruned.
	belowFirst = "lowest height is"
)

// hunt for the header by which a shard has taken what another one has not sent.
type hunt struct {
	// taken is what it had taken last; next the height to look at next, and last the one to end with.
	taken      receipt.Cursor
	next, last int64
	// kept headers, of which the shard's own were not to be had.
	kept []*cmtproto.SignedHeader
}

// keep a header; of too many the oldest is forgotten.
func (h *hunt) keep(by *cmtproto.SignedHeader) {
	if h.kept = append(h.kept, by); len(h.kept) > headersKept {
		h.kept = h.kept[1:]
	}
}

// strays tells whether another shard has taken from a shard what that has not sent, and how far it has: of one that a committee signs two chains of. What was seen of the shard has to be newer.
func strays(own, other view, from, to string) (taken receipt.Cursor, is bool) {
	if own.newest == nil || other.newest == nil || own.at.Before(other.at) {
		return taken, false
	}
	taken, err := other.ledger(latticetypes.InboxName(from, to, to)).Inbox.Taken.Receipt()
	if err != nil || taken.Height == 0 {
		return taken, false
	}
	box := own.ledger(to).Outbox
	if taken.Height > box.Sent.Height {
		return taken, own.newest.Header.Height > int64(taken.Height)+passedBy
	}
	for _, known := range []latticetypes.Cursor{box.Sent, box.Confirmed} {
		if known.Height == taken.Height && !bytes.Equal(known.Hash, taken.Hash[:]) {
			return taken, true
		}
	}
	return taken, false
}

// forks of a shard: where another one has taken what it has not sent, the header that proved it is looked for in the other one's blocks, and with the shard's own of that height brought to the main chain.
func (s *settler) forks(ctx context.Context, at *station, stations []*station) (failed error) {
	for _, other := range stations {
		if other.Name() == at.Name() {
			continue
		}
		v := other.seen()
		taken, is := strays(at.seen(), v, at.Name(), other.Name())
		if !is {
			continue
		}
		pair := at.Name() + ">" + other.Name()
		h := s.hunts[pair]
		if h == nil || h.taken != taken {
			newest := v.newest.Header.Height
			next := &hunt{taken: taken, next: newest, last: max(1, newest-deliveriesBack)}
			if h != nil {
				next.kept = h.kept
			}
			h = next
			s.hunts[pair] = h
		}
		// One whose nodes do not answer keeps no other from being looked at.
		failed = errors.Join(failed, s.hunt(ctx, at, other, h))
	}
	return failed
}

// again compares the headers that were kept.
func (s *settler) again(ctx context.Context, at *station, h *hunt) error {
	kept := h.kept
	h.kept = nil
	for i, by := range kept {
		if answered, err := s.compare(ctx, at, h, by); err != nil || !answered {
			h.kept = append(h.kept, kept[i+1:]...)
			return err
		}
	}
	return nil
}

// compare a header by which something was taken with the shard's own of that height. One that its own nodes do not have yet, or do not answer for, is kept.
func (s *settler) compare(ctx context.Context, at *station, h *hunt, by *cmtproto.SignedHeader) (answered bool, err error) {
	if by.Header.Height > at.seen().newest.Header.Height {
		h.keep(by)
		return true, nil
	}
	own, err := at.Header(ctx, by.Header.Height)
	switch {
	case err != nil:
		h.keep(by)
		return false, nil
	case alike(own, by):
		return true, nil
	}
	if err := s.denounce(ctx, at, own, by); err != nil {
		h.keep(by)
		return true, err
	}
	h.next = 0
	return true, nil
}

// hunt on, some blocks in each step, as long as the shard's own nodes answer.
func (s *settler) hunt(ctx context.Context, at, other *station, h *hunt) error {
	if err := s.again(ctx, at, h); err != nil {
		return err
	}
	for range deliveriesAhead {
		if h.next < h.last {
			return nil
		}
		list, err := other.Delivered(ctx, h.next)
		if err != nil && strings.Contains(err.Error(), belowFirst) {
			h.next = 0
			return nil
		}
		if err != nil {
			return fmt.Errorf("batches of %s in block %d of %s: %w", at.Name(), h.next, other.Name(), err)
		}
		silent := false
		for _, d := range list {
			by := foreign(d, at.Name())
			if by == nil {
				continue
			}
			answered, err := s.compare(ctx, at, h, by)
			if err != nil || h.next == 0 {
				return err
			}
			silent = silent || !answered
		}
		if h.next--; silent {
			return nil
		}
	}
	return nil
}

// foreign is the header that proves a delivery of a shard's batch; nil of others'.
func foreign(d *latticetypes.Delivery, source string) *cmtproto.SignedHeader {
	b, err := receipt.Decode(d.Batch)
	if err != nil || b.Source != source || d.Proof == nil || d.Proof.Header == nil || d.Proof.Header.Header == nil || d.Proof.Header.Commit == nil {
		return nil
	}
	return d.Proof.Header
}

// alike headers, by their hashes.
func alike(a, b *cmtproto.SignedHeader) bool {
	x, err := cmttypes.SignedHeaderFromProto(a)
	if err != nil {
		return true
	}
	y, err := cmttypes.SignedHeaderFromProto(b)
	return err != nil || bytes.Equal(x.Hash(), y.Hash())
}

// denounce a committee that has signed two headers of one height.
func (s *settler) denounce(ctx context.Context, at *station, headers ...*cmtproto.SignedHeader) error {
	msg := &shardstypes.MsgForkEvidence{Signer: s.main.Signer(), Shard: at.Name()}
	for _, h := range headers {
		raw, err := h.Marshal()
		if err != nil {
			return err
		}
		msg.SignedHeaders = append(msg.SignedHeaders, raw)
	}
	err := s.main.Send(ctx, msg)
	switch {
	case err == nil:
		s.metrics.carried(s.chainID, "fork")
		s.log.Warn("a committee has signed two headers of one height, the main chain was told", "shard", at.Name(), "height", headers[0].Header.Height)
	case refusedAs(err, shardstypes.ErrKnown):
		s.metrics.redundant(s.chainID, "fork")
	case refusedAs(err, shardstypes.ErrNotFound), refusedAs(err, shardstypes.ErrRefused), refusedAs(err, shardstypes.ErrInvalid):
		s.log.Warn("the main chain does not take two headers of a shard as evidence", "shard", at.Name(), "height", headers[0].Header.Height, "error", err)
	default:
		return fmt.Errorf("fork of %s: %w", at.Name(), err)
	}
	return nil
}
