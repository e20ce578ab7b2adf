package play

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/topnetwork/top/tests/sortition"
	"github.com/topnetwork/top/testutil/localnet"
)

// rotationTimeout bounds the wait for a committee that differs; a lot may draw who left again, so that it takes an epoch and a half on average.
const rotationTimeout = 3 * time.Minute

// recomputed are the answers of so many nodes at most: each takes another program as long as the first.
const recomputed = 4

// Stage is the network of the demo: six candidates, four of whom make the main chain's blocks at a time.
func Stage(cfg localnet.Config) localnet.Config {
	cfg.Validators, cfg.Committee, cfg.Standbys = 6, 4, 2
	return cfg
}

// mainEpoch is where the main chain stands.
type mainEpoch struct {
	Epoch  localnet.Uint `json:"epoch"`
	Blocks localnet.Uint `json:"epoch_blocks"`
}

func (s *stage) mainEpoch(ctx context.Context) (e mainEpoch, err error) {
	err = s.Network.Main.REST().Get(ctx, "/top/billing/v1/epoch", &e)
	return e, err
}

// term is the first height of the committee that makes the main chain's newest block.
func (s *stage) term(ctx context.Context) (uint64, error) {
	height, err := s.Network.Main.REST().LatestHeight(ctx)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Term struct {
			FirstHeight localnet.Uint `json:"first_height"`
		} `json:"term"`
	}
	err = s.Network.Main.REST().Get(ctx, fmt.Sprintf("/top/committees/v1/terms/%d", height), &answer)
	return uint64(answer.Term.FirstHeight), err
}

// begin notes who makes the blocks when the conversation begins.
func (s *stage) begin(ctx context.Context) (err error) {
	if s.firstEpoch, err = s.mainEpoch(ctx); err == nil {
		s.firstTerm, err = s.term(ctx)
	}
	return err
}

// rotation lets the users talk on until another committee makes the blocks than when they began.
func (s *stage) rotation(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, rotationTimeout, fmt.Errorf("the committee has not changed within %s", rotationTimeout))
	defer cancel()
	for {
		now, err := s.term(ctx)
		if err == nil && now == s.firstTerm {
			s.script.Messages += 2
			err = s.talk(ctx, 2)
		}
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if now != s.firstTerm {
			s.logf("%-18s a new committee makes the blocks since height %d", "", now)
			return nil
		}
	}
}

// committees holds what another program makes of every node's answers against who voted.
func (s *stage) committees(ctx context.Context, result *Result) error {
	nodes := s.Network.Main.Nodes
	made, err := s.recompute(ctx, nodes[:min(len(nodes), recomputed)]...)
	if err != nil {
		return err
	}
	if result.CommitteeChanges = sortition.Changes(made); result.CommitteeChanges == 0 {
		return fmt.Errorf("a committee has followed another, and those of %d epochs are all the same", len(made))
	}
	result.CommitteeRecomputed = true
	return nil
}

// recompute has another program make the committee of each epoch since the play began again, from what each of the nodes answers: all must come to the same, and to who voted.
func (s *stage) recompute(ctx context.Context, nodes ...localnet.Node) ([]sortition.Committee, error) {
	now, err := s.mainEpoch(ctx)
	if err != nil {
		return nil, err
	}
	// The epoch's committee votes from the third block on, and a node may be a block behind.
	votes := int64(now.Epoch*now.Blocks) + 3
	made := make([][]sortition.Committee, len(nodes))
	if err := each(len(nodes), func(i int) (err error) {
		if err := s.Network.AwaitHeight(ctx, nodes[i], votes); err != nil {
			return err
		}
		made[i], err = sortition.Committees(ctx, nodes[i].REST, nodes[i].RPC, uint64(s.firstEpoch.Epoch), uint64(now.Epoch))
		return err
	}); err != nil {
		return nil, err
	}
	for i, m := range made {
		if !reflect.DeepEqual(m, made[0]) {
			return nil, fmt.Errorf("%s has other committees than %s: %+v, %+v", nodes[i].Name, nodes[0].Name, m, made[0])
		}
	}
	s.logf("%-18s %d epochs recomputed from %d nodes, %d changes of the committee", "", len(made[0]), len(nodes), sortition.Changes(made[0]))
	return made[0], nil
}
