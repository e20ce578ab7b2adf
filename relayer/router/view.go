package router

import (
	"bytes"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// view is what a shard said last. Every step works on one that is no older than the last block the router was told of.
type view struct {
	at      time.Time
	ledgers *latticetypes.QueryLedgersResponse
	// newest header that is committed: it proves the state after the height before it.
	newest *cmtproto.SignedHeader
	// switched is the newest height at which another set was seen to sign than before, or to be named for the next one; 0 for never.
	switched int64
}

// ledger of a name; an empty one where the shard knows none.
func (v view) ledger(name string) latticetypes.Ledger {
	if v.ledgers != nil {
		for _, l := range v.ledgers.Ledgers {
			if l.Name == name {
				return l
			}
		}
	}
	return latticetypes.Ledger{Name: name}
}

// provable is the highest header of the shard that counts for whom it has this standing: above the end of a shard none does.
func (v view) provable(standing *latticetypes.Standing) int64 {
	height := v.newest.Header.Height
	if v.ledgers.FinalHeight > 0 {
		height = min(height, int64(v.ledgers.FinalHeight)+1)
	}
	if standing != nil && standing.Ended {
		height = min(height, int64(standing.FinalHeight))
	}
	return height
}

// station is a shard with the view of it.
type station struct {
	Shard
	params *latticetypes.QueryParamsResponse

	mu  sync.Mutex
	now view
	// headers that were asked for beside the newest, by height: one at most, that of an ended shard's last.
	last *cmtproto.SignedHeader
}

// seen last.
func (s *station) seen() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// audits tells whether the shard takes little that is not audited.
func (s *station) audits() bool { return s.params.Params.UnauditedUtop > 0 }

// sure is the height of another ledger's header that counts for good at this shard, which said what v is: where shards are audited, the one that auditors have confirmed, as far as the shard knows; 0 for none.
func (s *station) sure(v view, ledger string, at view) int64 {
	standing := v.ledger(ledger).Standing
	if !s.audits() || standing != nil && standing.Ended {
		return at.provable(standing)
	}
	if standing == nil {
		return 0
	}
	return int64(standing.AuditedHeight)
}

// look at the shard: its ledgers and its newest header.
func (s *station) look(ctx context.Context) error {
	next := view{at: time.Now()}
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		next.ledgers, err = s.Ledgers(asking)
		return err
	})
	group.Go(func() (err error) {
		next.newest, err = s.Header(asking, 0)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	header := next.newest.Header
	next.switched = s.now.switched
	if last := s.now.newest; last != nil && !bytes.Equal(last.Header.ValidatorsHash, header.ValidatorsHash) || !bytes.Equal(header.ValidatorsHash, header.NextValidatorsHash) {
		next.switched = header.Height
	}
	s.now = next
	return nil
}

// header of a height that is the newest, or that stays the last one.
func (s *station) header(ctx context.Context, v view, height int64) (*cmtproto.SignedHeader, error) {
	if v.newest.Header.Height == height {
		return v.newest, nil
	}
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	if last != nil && last.Header.Height == height {
		return last, nil
	}
	header, err := s.Header(ctx, height)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = header
	return header, nil
}
