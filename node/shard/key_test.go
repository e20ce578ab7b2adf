package shard

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cometbft/cometbft/crypto/tmhash"
	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/topnetwork/top/protocol/lattice"
)

const rich = 10_000_000_000

// A member whose key or memory of votes is torn, as a power cut or a full disk leaves files, does not start, and leaves the file as it is. Attack 54 of docs/security.md.
func TestTornMemory(t *testing.T) {
	cfgs, nodes := founded(t, 1, 0, map[lattice.Address]int64{everyonesFriend: rich}, func(Config) {})
	key, memory := cfgs[0].Comet.PrivValidatorKeyFile(), cfgs[0].Comet.PrivValidatorStateFile()
	p := start(t, nodes[0])[0]
	awaitHeight(t, rpcOf(t, nodes[0]), 3)
	require.NoError(t, p.Stop(nodePatience))
	for _, path := range []string{key, memory} {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		for name, torn := range map[string]string{
			"empty": "", "half": string(whole[:len(whole)/2]), "zeros": string(make([]byte, len(whole))), "of another program": "{}", "twice": string(whole) + string(whole), "a number": "7",
		} {
			require.NoError(t, os.WriteFile(path, []byte(torn), 0o600))
			err := Run(t.Context(), cfgs[0])
			require.ErrorIs(t, err, ErrKey, name)
			require.ErrorContains(t, err, path, name)
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, torn, string(left), name)
		}
		require.NoError(t, os.Remove(path))
		require.ErrorIs(t, Run(t.Context(), cfgs[0]), ErrKey)
		require.NoFileExists(t, path)
		require.NoError(t, os.WriteFile(path, whole, 0o600))
	}
	require.NoError(t, os.WriteFile(memory, []byte(`{"height":"-1","round":0,"step":0}`), 0o600))
	require.ErrorIs(t, Run(t.Context(), cfgs[0]), ErrKey)
}

// A member's memory of votes is replaced by an older one, as from a backup: it does not vote. Its error says how it goes on once its operator has seen to it that nobody else votes with the key.
func TestOlderMemory(t *testing.T) {
	cfgs, nodes := founded(t, 1, 0, map[lattice.Address]int64{everyonesFriend: rich}, func(Config) {})
	memory := cfgs[0].Comet.PrivValidatorStateFile()
	old, err := os.ReadFile(memory)
	require.NoError(t, err)
	p := start(t, nodes[0])[0]
	last := awaitHeight(t, rpcOf(t, nodes[0]), 5)
	require.NoError(t, p.Stop(nodePatience))
	// What it remembers lets it go on.
	p = start(t, nodes[0])[0]
	last = awaitHeight(t, rpcOf(t, nodes[0]), last+3)
	require.NoError(t, p.Stop(nodePatience))

	require.NoError(t, os.WriteFile(memory, old, 0o600))
	p = start(t, nodes[0])[0]
	ends(t, p, ErrSignedElsewhere.Error())
	written := regexp.MustCompile(`write (\{"[^}]*\})`).FindStringSubmatch(p.LogTail(20))
	require.NotNil(t, written, p.LogTail(20))
	require.NoError(t, os.WriteFile(memory, []byte(written[1]), 0o600))
	start(t, nodes[0])
	awaitHeight(t, rpcOf(t, nodes[0]), last+3)
}

// A second process with a member's key does not vote: it sees votes that it has not made, and ends. A second process in one home does not begin. Where two votes are made all the same, a block has the evidence,
// every member's log says so, and the shard goes on. Attack 53 of docs/security.md.
func TestTwoProcessesWithOneKey(t *testing.T) {
	const members = 4
	cfgs, nodes := founded(t, members, 1, map[lattice.Address]int64{everyonesFriend: rich}, func(Config) {})
	original, twin := cfgs[members-1].Comet, cfgs[members].Comet
	key, err := os.ReadFile(original.PrivValidatorKeyFile())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(twin.PrivValidatorKeyFile(), key, 0o600))
	start(t, nodes[:members]...)
	rpc := rpcOf(t, nodes[0])
	// The others begin without it, if it is late.
	address := privval.LoadFilePVEmptyState(original.PrivValidatorKeyFile(), "").GetAddress()
	require.Eventually(t, func() bool {
		commit, err := rpc.Commit(t.Context(), nil)
		return err == nil && commit.Commit != nil && slices.ContainsFunc(commit.Commit.Signatures, func(s cmttypes.CommitSig) bool { return s.ValidatorAddress.String() == address.String() })
	}, nodePatience, nodePoll)
	began := awaitHeight(t, rpc, 1)
	awaitHeight(t, rpc, began+2)
	ends(t, start(t, nodes[members])[0], ErrSignedElsewhere.Error())
	require.ErrorContains(t, Run(t.Context(), cfgs[0]), "does a node run on")
	last := awaitHeight(t, rpc, began+8)
	for height := int64(1); height <= last; height++ {
		block, err := rpc.Block(t.Context(), &height)
		require.NoError(t, err)
		require.Empty(t, block.Block.Evidence.Evidence, "nobody has voted twice")
	}

	// Two votes of one key, by a process without any scruples.
	height := last - 1
	set, err := rpc.Validators(t.Context(), &height, nil, nil)
	require.NoError(t, err)
	block, err := rpc.Block(t.Context(), &height)
	require.NoError(t, err)
	var votes [2]*cmttypes.Vote
	for i := range votes {
		// As often as it likes to forget what it signed.
		pv := privval.LoadFilePVEmptyState(original.PrivValidatorKeyFile(), twin.PrivValidatorStateFile())
		part := cmttypes.PartSetHeader{Total: 1, Hash: tmhash.Sum([]byte{byte(i)})}
		votes[i] = &cmttypes.Vote{
			Type: cmtproto.PrecommitType, Height: height, BlockID: cmttypes.BlockID{Hash: tmhash.Sum([]byte{byte(i), 1}), PartSetHeader: part}, Timestamp: block.Block.Time,
			ValidatorAddress: pv.GetAddress(),
		}
		for n, v := range set.Validators {
			if v.Address.String() == pv.GetAddress().String() {
				votes[i].ValidatorIndex = int32(n)
			}
		}
		signed := votes[i].ToProto()
		require.NoError(t, pv.SignVote(block.Block.ChainID, signed))
		votes[i].Signature = signed.Signature
	}
	evidence, err := cmttypes.NewDuplicateVoteEvidence(votes[0], votes[1], block.Block.Time, cmttypes.NewValidatorSet(set.Validators))
	require.NoError(t, err)
	_, err = rpc.BroadcastEvidence(t.Context(), evidence)
	require.NoError(t, err)
	var found int64
	require.Eventually(t, func() bool {
		latest := awaitHeight(t, rpc, 1)
		for h := last; h <= latest; h++ {
			b, err := rpc.Block(t.Context(), &h)
			if err == nil && len(b.Block.Evidence.Evidence) == 1 {
				require.Equal(t, evidence.Hash(), b.Block.Evidence.Evidence[0].Hash())
				found = h
				return true
			}
		}
		return false
	}, nodePatience, nodePoll)
	after := awaitHeight(t, rpc, found+5)
	sameState(t, nodes[:members], after)
	for _, n := range nodes[:members] {
		require.Eventually(t, func() bool {
			log, err := os.ReadFile(n.Home + "/log")
			return err == nil && regexp.MustCompile(`voted twice.*`+fmt.Sprint(votes[0].ValidatorAddress)).Match(log)
		}, nodePatience, nodePoll, "%s", n.Moniker)
	}
}

// fakeCommits of a chain, with the signatures that a key has made.
type fakeCommits struct {
	settled, seen map[int64]cmttypes.CommitSig
	signer        cmttypes.Address
	read          int
}

func (*fakeCommits) Base() int64 { return 1 }

func (c *fakeCommits) load(from map[int64]cmttypes.CommitSig, height int64) *cmttypes.Commit {
	c.read++
	s, ok := from[height]
	if !ok {
		return nil
	}
	if s.BlockIDFlag != cmttypes.BlockIDFlagAbsent {
		s.ValidatorAddress = c.signer
	}
	return &cmttypes.Commit{Height: height, Signatures: []cmttypes.CommitSig{{BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: make([]byte, 20), Signature: []byte{1}}, s}}
}

func (c *fakeCommits) LoadBlockCommit(height int64) *cmttypes.Commit {
	return c.load(c.settled, height)
}

func (c *fakeCommits) LoadSeenCommit(height int64) *cmttypes.Commit { return c.load(c.seen, height) }

// A key's own signatures are never held against it, nor blocks that it has missed; another's are, wherever they show first.
func TestGuard(t *testing.T) {
	dir := t.TempDir()
	newGuarded := func() (*guard, *fakeCommits) {
		pv := privval.GenFilePV(dir+"/key", dir+"/memory")
		c := &fakeCommits{settled: map[int64]cmttypes.CommitSig{}, seen: map[int64]cmttypes.CommitSig{}, signer: pv.GetAddress()}
		g := newGuard(pv, dir+"/memory")
		g.commits = c
		return g, c
	}
	sign := func(g *guard, height int64) ([]byte, error) {
		v := &cmtproto.Vote{Type: cmtproto.PrecommitType, Height: height, Timestamp: time.Unix(height, 0)}
		err := g.SignVote("chain", v)
		return v.Signature, err
	}
	propose := func(g *guard, height int64) error {
		return g.SignProposal("chain", &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: height, Timestamp: time.Unix(height, 0)})
	}
	absent := cmttypes.CommitSig{BlockIDFlag: cmttypes.BlockIDFlagAbsent}

	g, c := newGuarded()
	for height := int64(1); height < 10; height++ {
		if height == 5 {
			c.seen[5], c.settled[4] = absent, c.seen[4]
			continue
		}
		require.NoError(t, propose(g, height))
		signature, err := sign(g, height)
		require.NoError(t, err)
		c.seen[height] = cmttypes.CommitSig{BlockIDFlag: cmttypes.BlockIDFlagCommit, Signature: signature}
		c.settled[height-1] = c.seen[height-1]
	}
	require.LessOrEqual(t, c.read, 4*9, "each block is looked at twice")
	require.LessOrEqual(t, len(g.signed), 2)
	// A process that begins later knows the last signature only.
	later := newGuard(g.FilePV, g.memory)
	later.commits = c
	_, err := sign(later, 10)
	require.NoError(t, err)
	require.NoError(t, propose(later, 1_000_000))
	require.LessOrEqual(t, c.read, 2*lookback+100)
	require.Empty(t, g.refused)
	require.Empty(t, later.refused)

	foreign := cmttypes.CommitSig{BlockIDFlag: cmttypes.BlockIDFlagCommit, Signature: []byte{7}}
	for name, show := range map[string]func(c *fakeCommits){
		"in a block": func(c *fakeCommits) { c.settled[5] = foreign },
		"for no block": func(c *fakeCommits) {
			c.settled[5] = cmttypes.CommitSig{BlockIDFlag: cmttypes.BlockIDFlagNil, Signature: []byte{7}}
		},
		"before a block": func(c *fakeCommits) { c.seen[8] = foreign },
		// The block is the same, the vote is not: only one of two processes can have made it.
		"for what it signed itself": func(c *fakeCommits) { c.settled[3] = foreign },
	} {
		g, c := newGuarded()
		_, err := sign(g, 3)
		require.NoError(t, err, name)
		show(c)
		for range 2 {
			_, err := sign(g, 9)
			require.ErrorIs(t, err, ErrSignedElsewhere, name)
			require.ErrorIs(t, propose(g, 9), ErrSignedElsewhere, name)
		}
		require.ErrorIs(t, <-g.refused, ErrSignedElsewhere, name)
		require.Equal(t, int64(3), g.LastSignState.Height, "nothing was signed")
	}
}

// A member signs nothing any more once its shard is frozen, at whatever height it stands, and what it has signed before stays.
func TestGuardOfAFrozenShard(t *testing.T) {
	dir := t.TempDir()
	g := newGuard(privval.GenFilePV(dir+"/key", dir+"/memory"), dir+"/memory")
	g.commits, g.marker = &fakeCommits{}, dir+"/"+frozenName
	vote := &cmtproto.Vote{Type: cmtproto.PrevoteType, Height: 3, Timestamp: time.Unix(3, 0)}
	require.NoError(t, g.SignVote("chain", vote))
	require.NoError(t, os.WriteFile(g.marker, nil, 0o600))
	vote.Type = cmtproto.PrecommitType
	require.ErrorIs(t, g.SignVote("chain", vote), ErrFrozen)
	require.ErrorIs(t, g.SignProposal("chain", &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: 4, Timestamp: time.Unix(4, 0)}), ErrFrozen)
	require.Equal(t, int64(3), g.LastSignState.Height)
	require.Empty(t, g.refused, "the node runs on: others ask it for what it has")
}
