package router

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	cmttypes "github.com/cometbft/cometbft/types"

	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// headersPage of CometBFT's RPC.
	headersPage = 20
	// evidenceBack is how many blocks before the newest a router begins to look: another one has seen older ones, or the members were punished long ago.
	evidenceBack = 1000
	// evidenceAhead is how many blocks are looked through in one step.
	evidenceAhead = 400
)

// Evidence implements Shard. The header of a block says whether it has any, so that few blocks are fetched whole.
func (e *endpoint) Evidence(ctx context.Context, from, to int64) (found []*cmttypes.DuplicateVoteEvidence, err error) {
	none := cmttypes.EvidenceList{}.Hash()
	for first := from; first <= to; first += headersPage {
		err := e.ask(ctx, func(ctx context.Context, at *member) error {
			last := min(first+headersPage-1, to)
			res, err := at.rpc.BlockchainInfo(ctx, first, last)
			if err != nil {
				// A node says nothing of a page that ends before its first block: a shard may begin where its parent ended.
				if s, asked := at.rpc.Status(ctx); asked == nil && last < s.SyncInfo.EarliestBlockHeight {
					return nil
				}
				return err
			}
			for _, meta := range res.BlockMetas {
				if meta == nil || meta.Header.ChainID != e.name || bytes.Equal(meta.Header.EvidenceHash, none) {
					continue
				}
				height := meta.Header.Height
				block, err := at.rpc.Block(ctx, &height)
				if err != nil {
					return err
				}
				if block.Block == nil {
					return fmt.Errorf("it has no block %d", height)
				}
				for _, ev := range block.Block.Evidence.Evidence {
					if votes, ok := ev.(*cmttypes.DuplicateVoteEvidence); ok {
						found = append(found, votes)
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, e.about("evidence", err)
		}
	}
	return found, nil
}

// accuse brings what a shard's blocks have of members that voted twice to the main chain, which punishes each once.
func (s *settler) accuse(ctx context.Context, at *station) error {
	v := at.seen()
	if v.newest == nil {
		return nil
	}
	newest := v.newest.Header.Height
	from, ok := s.searched[at.Name()]
	if !ok {
		from = max(1, newest-evidenceBack)
	}
	to := min(newest, from+evidenceAhead-1)
	if to < from {
		return nil
	}
	found, err := at.Evidence(ctx, from, to)
	if err != nil {
		return err
	}
	for _, e := range found {
		bz, err := e.ToProto().Marshal()
		if err != nil {
			return err
		}
		err = s.main.Send(ctx, &shardstypes.MsgShardEvidence{Signer: s.main.Signer(), Shard: at.Name(), Evidence: bz})
		switch {
		case err == nil:
			s.metrics.carried(s.chainID, "evidence")
			s.log.Warn("a member of a shard has voted twice, the main chain was told", "shard", at.Name(), "height", e.Height(), "member", e.VoteA.ValidatorAddress)
		case refusedAs(err, shardstypes.ErrKnown):
			s.metrics.redundant(s.chainID, "evidence")
		case refusedAs(err, shardstypes.ErrNotFound), refusedAs(err, shardstypes.ErrRefused):
			// What the main chain does not believe now it will not believe later: its terms are over.
			s.log.Warn("the main chain does not take evidence of a shard", "shard", at.Name(), "height", e.Height(), "error", err)
		default:
			return fmt.Errorf("evidence of %s: %w", at.Name(), err)
		}
	}
	s.searched[at.Name()] = to + 1
	return nil
}

// refusedAs tells a refusal of the main chain by its text: a simulation answers no code.
func refusedAs(err, as error) bool { return strings.Contains(err.Error(), as.Error()) }
