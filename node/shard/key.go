package shard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	cmtcfg "github.com/cometbft/cometbft/config"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

var (
	// ErrKey: the member's key, or its memory of what it signed, cannot be read.
	ErrKey = errors.New("the member's key")
	// ErrSignedElsewhere: the chain has signatures of the member's key that its home does not remember.
	ErrSignedElsewhere = errors.New("the member's key has signed without this home")
	// ErrFrozen: the main chain goes on without the shard's newest blocks, and more of them would mislead.
	ErrFrozen = errors.New("the main chain has frozen the shard, so nothing is signed there any more")
)

// remembered heights that are held against the chain at most: whoever has signed elsewhere has signed the last ones.
const lookback = 10_000

// memberKey of a home, with what it signed last. A missing one is not made: a member that was to vote would be a stranger without a word. CometBFT ends the process where it cannot read them.
func memberKey(c *cmtcfg.Config) (*privval.FilePV, error) {
	var key privval.FilePVKey
	if err := read(c.PrivValidatorKeyFile(), &key); err != nil {
		return nil, fmt.Errorf("%w: %w; restore this file from a backup, or make a home of its own for a new member (shard init)", ErrKey, err)
	}
	if key.PrivKey == nil {
		return nil, fmt.Errorf("%w: %s has no priv_key; restore this file from a backup", ErrKey, c.PrivValidatorKeyFile())
	}
	var state privval.FilePVLastSignState
	err := read(c.PrivValidatorStateFile(), &state)
	if err == nil && (state.Height < 0 || state.Round < 0 || state.Step < 0 || state.Step > 3) {
		err = fmt.Errorf("%s: height %d, round %d, step %d", c.PrivValidatorStateFile(), state.Height, state.Round, state.Step)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w; this file keeps the member from voting twice, and an older copy of it does not. See that no other process has the key, ask another member for the height of the last block, "+
			"write {\"height\":\"HEIGHT\",\"round\":0,\"step\":3} into the file, and start again", ErrKey, err)
	}
	return privval.LoadFilePV(c.PrivValidatorKeyFile(), c.PrivValidatorStateFile()), nil
}

// read a file of CometBFT's JSON.
func read(path string, to any) error {
	bz, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// An empty object is no file of CometBFT's, and would read as one of a member that has never signed.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bz, &fields); err != nil {
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	if len(fields) == 0 {
		return fmt.Errorf("%s is damaged: it is empty", path)
	}
	if err := cmtjson.Unmarshal(bz, to); err != nil {
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	return nil
}

// commits of the chain's blocks.
type commits interface {
	Base() int64
	LoadBlockCommit(height int64) *cmttypes.Commit
	LoadSeenCommit(height int64) *cmttypes.Commit
}

// guard signs for a member, as long as the chain shows no signature of its key that its home has not made: a second process has the key, or the home is an old copy. Two votes for one height would be evidence
// against the member. Consensus alone calls it.
type guard struct {
	*privval.FilePV
	// memory is the file of what was signed last.
	memory  string
	commits commits
	// marker is the file that tells that the shard is frozen, once it is there: nothing is signed any more.
	marker string
	// next height whose commit is held against signed: the precommits of this process. What was signed before it began is on file, the last signature only.
	next   int64
	signed map[int64][][]byte
	// checked height, and what came of it.
	checked int64
	err     error
	// refused is told why nothing is signed any more.
	refused chan error
}

func newGuard(key *privval.FilePV, memory string) *guard {
	return &guard{FilePV: key, memory: memory, next: key.LastSignState.Height + 1, signed: map[int64][][]byte{}, refused: make(chan error, 1)}
}

// SignVote implements types.PrivValidator.
func (g *guard) SignVote(chainID string, vote *cmtproto.Vote) error {
	if err := g.check(vote.Height); err != nil {
		return err
	}
	if err := g.FilePV.SignVote(chainID, vote); err != nil {
		return err
	}
	if vote.Type == cmtproto.PrecommitType {
		g.signed[vote.Height] = append(g.signed[vote.Height], bytes.Clone(vote.Signature))
	}
	return nil
}

// SignProposal implements types.PrivValidator.
func (g *guard) SignProposal(chainID string, proposal *cmtproto.Proposal) error {
	if err := g.check(proposal.Height); err != nil {
		return err
	}
	return g.FilePV.SignProposal(chainID, proposal)
}

// check that the shard goes on, and the blocks below a height, once.
func (g *guard) check(height int64) error {
	if g.err == nil {
		g.err = g.ended()
	}
	if g.err != nil || height == g.checked {
		return g.err
	}
	for h := max(g.next, height-lookback, g.commits.Base()); h < height; h++ {
		commit, settled := g.commits.LoadBlockCommit(h), true
		if commit == nil {
			// The last block's commit is in the next one; until then every node has its own.
			commit, settled = g.commits.LoadSeenCommit(h), h < height-1
		}
		if commit != nil && g.isForeign(commit) {
			g.err = fmt.Errorf("%w: block %d has a signature of %s that was made elsewhere; %s ends at height %d. Another process has the key, or this home is an old copy. End the other one, "+
				"write {\"height\":\"%d\",\"round\":0,\"step\":3} into the file, and start again", ErrSignedElsewhere, h, g.GetAddress(), g.memory, g.LastSignState.Height, height-1)
			g.refused <- g.err
			return g.err
		}
		if settled {
			delete(g.signed, h)
			g.next = h + 1
		}
	}
	g.checked = height
	return nil
}

// ended tells that the shard is frozen. Who cannot know signs on.
func (g *guard) ended() error {
	if _, err := os.Stat(g.marker); err != nil || !latticetypes.Obedient {
		return nil
	}
	return ErrFrozen
}

// isForeign tells whether a commit has a signature of the key that this process has not made.
func (g *guard) isForeign(c *cmttypes.Commit) bool {
	own := g.GetAddress()
	return slices.ContainsFunc(c.Signatures, func(s cmttypes.CommitSig) bool {
		return s.BlockIDFlag != cmttypes.BlockIDFlagAbsent && bytes.Equal(s.ValidatorAddress, own) &&
			!slices.ContainsFunc(g.signed[c.Height], func(made []byte) bool { return bytes.Equal(made, s.Signature) })
	})
}
