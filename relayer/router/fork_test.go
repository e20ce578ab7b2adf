package router

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// committed header of a shard with an app hash, as CometBFT reads it.
func committed(chain string, height int64, app string) *cmtproto.SignedHeader {
	set := cmttypes.NewValidatorSet([]*cmttypes.Validator{cmttypes.NewValidator(ed25519.GenPrivKeyFromSecret([]byte("member")).PubKey(), 1)})
	h := cmttypes.Header{Version: cmtversion.Consensus{Block: version.BlockProtocol}, ChainID: chain, Height: height, Time: time.Unix(1, 0).UTC(), ValidatorsHash: set.Hash(), NextValidatorsHash: set.Hash(), AppHash: []byte(app), ProposerAddress: set.Validators[0].Address}
	id := cmttypes.BlockID{Hash: h.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: h.Hash()}}
	return (&cmttypes.SignedHeader{Header: &h, Commit: &cmttypes.Commit{Height: height, BlockID: id, Signatures: []cmttypes.CommitSig{{BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: set.Validators[0].Address, Timestamp: h.Time, Signature: []byte{1}}}}}).ToProto()
}

// A shard has taken what another one never sent: the header by which it did is found in its blocks and brought, with the other one's own of that height, to the main chain, once. What both agree on is not looked for.
func TestForkIsFoundAndBrought(t *testing.T) {
	var sent receipt.Outbox
	first := sent.Send("a", "b", 4, []receipt.Receipt{{Amount: lattice.Balance{Utop: 1}}})
	forged := sent.Send("a", "b", 7, []receipt.Receipt{{Amount: lattice.Balance{Utop: 1_000_000}}})
	shard := &listener{ledger: newLedger("a"), headers: map[int64]*cmtproto.SignedHeader{}, view: &latticetypes.QueryLedgersResponse{Ledgers: []latticetypes.Ledger{
		{Name: "b", Outbox: latticetypes.Outbox{Sent: latticetypes.CursorOf(first.Cursor())}},
	}}}
	for h := int64(1); h <= 20; h++ {
		shard.headers[h] = committed("a", h, "true")
	}
	taken := func(b receipt.Batch) *latticetypes.QueryLedgersResponse {
		return &latticetypes.QueryLedgersResponse{Ledgers: []latticetypes.Ledger{{Name: "a", Inbox: latticetypes.Inbox{Taken: latticetypes.CursorOf(b.Cursor())}}}}
	}
	thief := committed("a", 9, "forged")
	other := &listener{ledger: newLedger("b"), headers: map[int64]*cmtproto.SignedHeader{}, view: taken(first), delivered: map[int64][]*latticetypes.Delivery{
		30:  {{Batch: first.Encode(), Proof: &latticetypes.Proof{Header: shard.headers[5]}}, {Batch: []byte("none")}},
		131: {{Batch: forged.Encode(), Proof: &latticetypes.Proof{Header: thief}}, {Batch: forged.Encode()}},
	}}
	for h := int64(1); h <= 200; h++ {
		other.headers[h] = committed("b", h, "true")
	}
	s, main, at, n := anchored(t, shard, shardstypes.Status_STATUS_ACTIVE)
	main.shards["a"].Anchor.Height = 20
	to := &station{Shard: other}
	step := func() (found []*shardstypes.MsgForkEvidence) {
		t.Helper()
		require.NoError(t, to.look(t.Context()))
		require.NoError(t, at.look(t.Context()))
		s.anchored = time.Time{}
		require.NoError(t, s.step(t.Context(), n, []*station{at, to}))
		for _, msg := range main.sent {
			if m, ok := msg.(*shardstypes.MsgForkEvidence); ok {
				found = append(found, m)
			}
		}
		main.sent = nil
		return found
	}
	require.Empty(t, step(), "both agree")

	other.view = taken(forged)
	require.Empty(t, step(), "some blocks in each step")
	found := step()
	require.Len(t, found, 1)
	require.Equal(t, "a", found[0].Shard)
	var headers [2]cmtproto.SignedHeader
	for i, raw := range found[0].SignedHeaders {
		require.NoError(t, headers[i].Unmarshal(raw))
		require.EqualValues(t, 9, headers[i].Header.Height)
	}
	require.Equal(t, "true", string(headers[0].Header.AppHash))
	require.Equal(t, "forged", string(headers[1].Header.AppHash))
	require.Empty(t, step(), "once")

	// Whoever looks again hears that it is known, or not believed, and goes on.
	for _, refusal := range []error{shardstypes.ErrKnown, shardstypes.ErrRefused} {
		delete(s.hunts, "a>b")
		main.refuse = errorsmod.Wrap(refusal, "no")
		for range 4 {
			require.NoError(t, to.look(t.Context()))
			require.NoError(t, at.look(t.Context()))
			require.NoError(t, s.forks(t.Context(), at, []*station{at, to}))
		}
		require.Zero(t, s.hunts["a>b"].next)
	}

	// A header of a height that the shard's own nodes do not have yet is kept until they do.
	main.refuse, main.sent = nil, nil
	delete(s.hunts, "a>b")
	own := shard.headers[9]
	delete(shard.headers, 9)
	for range 5 {
		require.NoError(t, s.forks(t.Context(), at, []*station{at, to}))
	}
	require.Empty(t, main.sent)
	shard.headers[9] = own
	for range 2 {
		require.NoError(t, s.forks(t.Context(), at, []*station{at, to}))
	}
	require.Len(t, main.sent, 1)

	// Blocks below the first one that a shard's nodes have end the search, and keep nobody from going on.
	main.sent = nil
	delete(s.hunts, "a>b")
	other.first = 150
	for range 5 {
		require.NoError(t, s.forks(t.Context(), at, []*station{at, to}))
	}
	require.Empty(t, main.sent)
	require.Zero(t, s.hunts["a>b"].next)
}

// Another batch of the height that was sent last, or confirmed, is a fork as well; what may just be newer than what was seen is none.
func TestStrays(t *testing.T) {
	batch := func(height uint64, hash byte) latticetypes.Cursor {
		return latticetypes.CursorOf(receipt.Cursor{Height: height, Hash: lattice.Hash{hash}})
	}
	now := time.Unix(100, 0)
	own := view{at: now, newest: committed("a", 20, ""), ledgers: &latticetypes.QueryLedgersResponse{Ledgers: []latticetypes.Ledger{{Name: "b", Outbox: latticetypes.Outbox{Sent: batch(12, 1), Confirmed: batch(10, 1)}}}}}
	for name, c := range map[string]struct {
		taken latticetypes.Cursor
		at    time.Time
		is    bool
	}{
		"what was sent":      {batch(12, 1), now, false},
		"another":            {batch(12, 2), now, true},
		"what was confirmed": {batch(10, 1), now, false},
		"not that":           {batch(10, 2), now, true},
		"between":            {batch(11, 2), now, false},
		"passed":             {batch(14, 2), now, true},
		"not passed yet":     {batch(15, 2), now, false},
		"nothing":            {latticetypes.Cursor{}, now, false},
		"seen before":        {batch(14, 2), now.Add(time.Second), false},
	} {
		other := view{at: c.at, newest: committed("b", 20, ""), ledgers: &latticetypes.QueryLedgersResponse{Ledgers: []latticetypes.Ledger{{Name: "a", Inbox: latticetypes.Inbox{Taken: c.taken}}}}}
		_, is := strays(own, other, "a", "b")
		require.Equal(t, c.is, is, name)
	}
}

// What a shard's blocks have of two votes of a member is brought to the main chain, once, and blocks that were looked through are not again.
func TestEvidenceIsBrought(t *testing.T) {
	vote := func(app string) *cmttypes.Vote {
		return &cmttypes.Vote{Type: cmtproto.PrecommitType, Height: 7, ValidatorAddress: make([]byte, 20), BlockID: cmttypes.BlockID{Hash: []byte(app)}, Signature: []byte{1}}
	}
	shard := &listener{ledger: newLedger("a"), view: &latticetypes.QueryLedgersResponse{}, headers: map[int64]*cmtproto.SignedHeader{20: committed("a", 20, "")}}
	shard.evidence = map[int64]*cmttypes.DuplicateVoteEvidence{8: {VoteA: vote("one"), VoteB: vote("other"), TotalVotingPower: 3, ValidatorPower: 1}}
	s, main, at, _ := anchored(t, shard, shardstypes.Status_STATUS_ACTIVE)
	main.refuse = errorsmod.Wrap(shardstypes.ErrStatus, "later")
	require.Error(t, s.accuse(t.Context(), at), "tried again")
	main.refuse = nil
	require.NoError(t, s.accuse(t.Context(), at))
	require.Len(t, main.sent, 1)
	msg, ok := main.sent[0].(*shardstypes.MsgShardEvidence)
	require.True(t, ok)
	require.Equal(t, "a", msg.Shard)
	var e cmtproto.DuplicateVoteEvidence
	require.NoError(t, e.Unmarshal(msg.Evidence))
	require.EqualValues(t, 7, e.VoteA.Height)
	require.NoError(t, s.accuse(t.Context(), at))
	require.Len(t, main.sent, 1)
	// Another router was faster.
	for _, refusal := range []error{shardstypes.ErrKnown, shardstypes.ErrNotFound} {
		clear(s.searched)
		main.refuse = errorsmod.Wrap(refusal, "no")
		require.NoError(t, s.accuse(t.Context(), at))
		require.EqualValues(t, 21, s.searched["a"])
	}
}
