package router

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"

	"github.com/topnetwork/top/relayer/faults"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// maxAnchors of one transaction.
const maxAnchors = 32

// settler brings the shards' headers, and evidence from their blocks, to the main chain. All that it remembers are hints.
type settler struct {
	main    Main
	chainID string
	cfg     Config
	log     *slog.Logger
	metrics *Metrics
	told    faults.Told
	// anchored last of all shards; searched for evidence up to a height, by shard.
	anchored time.Time
	searched map[string]int64
	// hunts for forks, by the names of who forks and of who took it.
	hunts map[string]*hunt
	// sources of deposits, and takers of exits, by their names.
	sources map[string]*source
}

func newSettler(main Main, chainID string, cfg Config, log *slog.Logger, metrics *Metrics) *settler {
	return &settler{main: main, chainID: chainID, cfg: cfg, log: log, metrics: metrics, searched: map[string]int64{}, hunts: map[string]*hunt{}, sources: map[string]*source{}}
}

// step anchors all shards where it is time, and at once those whose committee changes or that end.
func (s *settler) step(ctx context.Context, n *network, stations []*station) error {
	all := time.Since(s.anchored) >= s.cfg.Anchor
	var anchors []shardstypes.NewAnchor
	for _, at := range stations {
		m := n.shards[at.Name()]
		v := at.seen()
		if m == nil || !m.shard.Runs() || v.newest == nil || !all && !urgent(v, m) {
			continue
		}
		a, err := s.anchor(ctx, at, v, n)
		if s.told.News("anchor "+at.Name(), err) {
			s.log.Warn("a shard is not anchored, tried again", "shard", at.Name(), "error", err)
		}
		if a != nil {
			anchors = append(anchors, *a)
		}
	}
	for some := range slices.Chunk(anchors, maxAnchors) {
		err := s.main.Send(ctx, &shardstypes.MsgAnchor{Signer: s.main.Signer(), Anchors: some})
		switch {
		case err == nil:
			for range some {
				s.metrics.carried(s.chainID, "anchor")
			}
		case refusedAs(err, shardstypes.ErrKnown):
			s.metrics.redundant(s.chainID, "anchor")
		default:
			return fmt.Errorf("anchors: %w", err)
		}
	}
	if all {
		s.anchored = time.Now()
		for _, at := range stations {
			err := errors.Join(s.accuse(ctx, at), s.forks(ctx, at, stations))
			if s.told.News("evidence "+at.Name(), err) {
				s.log.Warn("a shard's blocks are not searched for evidence, tried again", "shard", at.Name(), "error", err)
			}
		}
	}
	return nil
}

// urgent: the committee changes, or the shard has ended, and the main chain does not know it.
func urgent(v view, m *subject) bool {
	return v.switched > int64(m.anchored) || v.ended()
}

// ended tells whether the empty block after a shard's last one is there.
func (v view) ended() bool {
	return v.ledgers.FinalHeight > 0 && v.newest.Header.Height > int64(v.ledgers.FinalHeight)
}

// anchor of a shard: its newest header, or the last one of the term that the main chain knows, which names the next; nil where there is nothing newer.
func (s *settler) anchor(ctx context.Context, at *station, v view, n *network) (*shardstypes.NewAnchor, error) {
	known, err := s.main.Shard(ctx, at.Name())
	if err != nil {
		return nil, err
	}
	last, term := int64(0), uint64(1)
	if known.Anchor != nil {
		last, term = int64(known.Anchor.Height), known.Anchor.NextTerm
	}
	height := v.newest.Header.Height
	if v.ended() {
		height = int64(v.ledgers.FinalHeight) + 1
	}
	if height <= last {
		return nil, nil //nolint:nilnil // there is nothing newer
	}
	c, err := s.main.Committee(ctx, at.Name(), term)
	if err != nil {
		return nil, err
	}
	header, err := lastOf(ctx, at, v, c.ValidatorsHash, last, height)
	if err != nil {
		return nil, err
	}
	bz, err := header.Marshal()
	if err != nil {
		return nil, err
	}
	a := &shardstypes.NewAnchor{Shard: at.Name(), SignedHeader: bz}
	ends := known.Shard.Status == shardstypes.Status_STATUS_SPLITTING || known.Shard.Status == shardstypes.Status_STATUS_MERGING
	head, proof, err := merkleProof(ctx, at, latticetypes.HeadKey.Bytes(), header)
	if err == nil {
		a.Head = &shardstypes.HeadProof{Head: head, Proof: proof}
	} else if ends {
		return nil, err
	} else {
		// A header of a while ago, whose state a node does not have any more, counts without.
		s.log.Debug("an anchor without its head's proof", "shard", at.Name(), "height", header.Header.Height, "error", err)
	}
	if ends {
		if a.Final, err = end(ctx, at, header); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// lastOf a term: the highest header above one height and up to another that is signed by a set, found by halving. The header after `last` is of that set.
func lastOf(ctx context.Context, at *station, v view, set []byte, last, height int64) (*cmtproto.SignedHeader, error) {
	get := func(h int64) (*cmtproto.SignedHeader, error) {
		if h == v.newest.Header.Height {
			return v.newest, nil
		}
		return at.Header(ctx, h)
	}
	newest, err := get(height)
	if err != nil || bytes.Equal(newest.Header.ValidatorsHash, set) {
		return newest, err
	}
	var found *cmtproto.SignedHeader
	for low, high := last+1, height-1; low <= high; {
		middle := low + (high-low)/2
		header, err := get(middle)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(header.Header.ValidatorsHash, set) {
			found, low = header, middle+1
		} else {
			high = middle - 1
		}
	}
	if found == nil {
		return nil, fmt.Errorf("height %d of %s is signed by a set that the main chain does not know to follow: it knows %X up to height %d", last+1, at.Name(), set, last)
	}
	return found, nil
}

// end of a shard as a header proves it, with the halves of its accounts' tree; nil where it has not ended at that header. The header after its last height is anchored with this proof or not at all: without it the
// main chain would have it, and wait for another in vain.
func end(ctx context.Context, at *station, header *cmtproto.SignedHeader) (*shardstypes.FinalProof, error) {
	value, ops, err := at.Prove(ctx, latticetypes.FinalKey.Bytes(), header)
	if err != nil || len(value) == 0 {
		return nil, err
	}
	if want := binary.BigEndian.AppendUint64(nil, uint64(header.Header.Height-1)); !bytes.Equal(value, want) {
		return nil, fmt.Errorf("%s has ended at height %x, which its node did not say when it answered the header of height %d; it is asked again", at.Name(), value, header.Header.Height)
	}
	head, err := at.Head(ctx)
	if err != nil {
		return nil, err
	}
	proof, err := merkleOf(ops)
	return &shardstypes.FinalProof{Proof: proof, Left: head.Left, Right: head.Right}, err
}

// merkleProof of a key in the form of IBC, by a header.
func merkleProof(ctx context.Context, at *station, key []byte, header *cmtproto.SignedHeader) (value, proof []byte, err error) {
	value, ops, err := at.Prove(ctx, key, header)
	if err != nil {
		return nil, nil, err
	}
	if len(value) == 0 {
		return nil, nil, fmt.Errorf("the state of %s at height %d has nothing under key %X", at.Name(), header.Header.Height-1, key)
	}
	proof, err = merkleOf(ops)
	return value, proof, err
}

func merkleOf(ops *cmtcrypto.ProofOps) ([]byte, error) {
	merkle, err := commitmenttypes.ConvertProofs(ops)
	if err != nil {
		return nil, err
	}
	return merkle.Marshal()
}
