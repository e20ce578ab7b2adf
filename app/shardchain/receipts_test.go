package shardchain_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
)

// committee that signs a shard's headers in these tests: no CometBFT runs.
type committee []ed25519.PrivKey

func newCommittee(name string, n int) (c committee) {
	for i := range n {
		seed := sha256.Sum256([]byte{byte(i), byte(len(name))})
		c = append(c, ed25519.GenPrivKeyFromSecret(append(seed[:], name...)))
	}
	return c
}

const memberPower = 1000

func (c committee) members(ledger string, term, first uint64) latticetypes.Members {
	m := latticetypes.Members{Ledger: ledger, Term: term, FirstHeight: first, Power: memberPower}
	for _, key := range c {
		m.Keys = append(m.Keys, key.PubKey().Bytes())
	}
	return m
}

// sign a header of a chain that commits an app hash.
func (c committee) sign(t require.TestingT, chain string, height int64, appHash []byte) *cmtproto.SignedHeader {
	list := make([]*cmttypes.Validator, len(c))
	byAddress := map[string]ed25519.PrivKey{}
	for i, key := range c {
		list[i] = cmttypes.NewValidator(key.PubKey(), memberPower)
		byAddress[string(key.PubKey().Address())] = key
	}
	set := cmttypes.NewValidatorSet(list)
	some := sha256.Sum256([]byte(chain))
	at := start.Add(time.Duration(height) * time.Second)
	header := &cmttypes.Header{
		Version: cmtversion.Consensus{Block: version.BlockProtocol}, ChainID: chain, Height: height, Time: at, LastBlockID: cmttypes.BlockID{Hash: some[:], PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: some[:]}},
		LastCommitHash: some[:], DataHash: some[:], ValidatorsHash: set.Hash(), NextValidatorsHash: set.Hash(), ConsensusHash: some[:], AppHash: appHash, LastResultsHash: some[:], EvidenceHash: some[:],
		ProposerAddress: list[0].Address,
	}
	commit := &cmttypes.Commit{Height: height, BlockID: cmttypes.BlockID{Hash: header.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: some[:]}}}
	for i, v := range set.Validators {
		commit.Signatures = append(commit.Signatures, cmttypes.CommitSig{BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: v.Address, Timestamp: at})
		signature, err := byAddress[string(v.Address)].Sign(commit.VoteSignBytes(chain, int32(i)))
		require.NoError(t, err)
		commit.Signatures[i].Signature = signature
	}
	return (&cmttypes.SignedHeader{Header: header, Commit: commit}).ToProto()
}

// exchange of receipts between two shards of one network.
type exchange struct {
	t          *testing.T
	shards     [2]*shard
	committees [2]committee
}

func newExchange(t *testing.T, users int) *exchange {
	t.Helper()
	return newExchangeWith(t, users, nil)
}

// newExchangeWith a main chain, of which the shards' light clients know this.
func newExchangeWith(t *testing.T, users int, main *lighttypes.GenesisState) *exchange {
	t.Helper()
	x := &exchange{t: t}
	var members []latticetypes.Members
	for i := range x.committees {
		x.committees[i] = newCommittee(halves.Routes[i].Name, 3)
		members = append(members, x.committees[i].members(halves.Routes[i].Name, 1, 1))
	}
	x.shards = newHalvesWith(t, users, func(gs *latticetypes.GenesisState) { gs.Members = members }, main)
	return x
}

// value under a key of a shard's last state, with its proof.
func (x *exchange) prove(i int, key []byte) ([]byte, *latticetypes.Proof) {
	x.t.Helper()
	s := x.shards[i]
	res, err := s.Query(context.Background(), &abci.RequestQuery{Path: "/store/" + latticetypes.StoreKey + "/key", Data: key, Height: s.height, Prove: true})
	require.NoError(x.t, err)
	require.Zero(x.t, res.Code, res.Log)
	return res.Value, &latticetypes.Proof{Header: x.committees[i].sign(x.t, s.chain, s.height+1, s.last), Ops: res.ProofOps}
}

// waiting batches of shard i for the other one.
func (x *exchange) waiting(i int) []latticetypes.Batch {
	x.t.Helper()
	bz, err := (&latticetypes.QueryBatchesRequest{Destination: x.shards[1-i].chain}).Marshal()
	require.NoError(x.t, err)
	res, err := x.shards[i].Query(context.Background(), &abci.RequestQuery{Path: "/top.lattice.v1.Query/Batches", Data: bz})
	require.NoError(x.t, err)
	require.Zero(x.t, res.Code, res.Log)
	var out latticetypes.QueryBatchesResponse
	require.NoError(x.t, out.Unmarshal(res.Value))
	return out.Batches
}

// delivery of a batch of shard i.
func (x *exchange) delivery(i int, b latticetypes.Batch) []byte {
	x.t.Helper()
	value, proof := x.prove(i, b.Key)
	hash := receipt.Hash(b.Batch)
	require.Equal(x.t, hash[:], value)
	return carried(x.t, &latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{Batch: b.Batch, Proof: proof}}})
}

// confirmation by shard i of what the other one sent.
func (x *exchange) confirmation(i int) []byte {
	x.t.Helper()
	key, err := latticetypes.InboxKey(x.shards[1-i].chain)
	require.NoError(x.t, err)
	value, proof := x.prove(i, key)
	var inbox latticetypes.Inbox
	require.NoError(x.t, inbox.Unmarshal(value))
	return carried(x.t, &latticetypes.Carried{Content: &latticetypes.Carried_Confirmation{Confirmation: &latticetypes.Confirmation{Destination: x.shards[i].chain, Inbox: &inbox, Proof: proof}}})
}

// childConfirmation of what was addressed to a parent.
func (x *exchange) childConfirmation(child *shard, parent string) []byte {
	x.t.Helper()
	key, err := latticetypes.InboxKey(latticetypes.InboxName(x.shards[1].chain, parent, child.chain))
	require.NoError(x.t, err)
	value, proof := x.prove(0, key)
	var inbox latticetypes.Inbox
	require.NoError(x.t, inbox.Unmarshal(value))
	return carried(x.t, &latticetypes.Carried{Content: &latticetypes.Carried_Confirmation{Confirmation: &latticetypes.Confirmation{Destination: parent, Child: child.chain, Inbox: &inbox, Proof: proof}}})
}

func carried(t require.TestingT, c *latticetypes.Carried) []byte {
	raw, err := c.Marshal()
	require.NoError(t, err)
	return raw
}

// inFlight utop: what left one shard and has not come to the other.
func (x *exchange) inFlight() int64 {
	x.t.Helper()
	var sum int64
	for i, s := range x.shards {
		other := x.shards[1-i]
		if o, err := s.Lattice.Outboxes.Get(s.ctx(), other.chain); err == nil {
			sum += o.Total.AmountOf("utop").Int64()
		}
		if in, err := s.Lattice.Inboxes.Get(s.ctx(), other.chain); err == nil {
			sum -= in.Total.AmountOf("utop").Int64()
		}
	}
	return sum
}

// held utop of all users.
func (x *exchange) held() (sum int64) {
	for _, s := range x.shards {
		if s == nil {
			continue
		}
		require.NoError(x.t, s.Engine.Walk(func(r lattice.Record) error {
			sum += int64(r.Utop)
			return nil
		}))
	}
	return sum
}

// Coins that are sent to another shard leave their sender at once, arrive exactly once, and at every height what is held and in flight is what was issued.
func TestCoinsCrossShards(t *testing.T) {
	x := newExchange(t, 2)
	a, b := x.shards[0], x.shards[1]
	issued := x.held()
	supply := func() {
		t.Helper()
		require.Equal(t, issued, x.held()+x.inFlight())
	}
	from, to := a.users[0], b.users[0]
	raw := from.send(to, 250_000)
	res, err := a.CheckTx(&abci.RequestCheckTx{Tx: raw})
	require.NoError(t, err)
	require.Zero(t, res.Code, res.Log)
	require.True(t, a.process(raw))
	require.True(t, a.block(raw)[0].IsOK())
	require.Equal(t, uint64(funds-250_000), a.utop(from))
	require.Equal(t, int64(250_000), x.inFlight())
	supply()

	batches := x.waiting(0)
	require.Len(t, batches, 1)
	delivery := x.delivery(0, batches[0])
	require.NoError(t, b.Insert(t.Context(), delivery))
	proposal, err := b.PrepareProposal(&abci.RequestPrepareProposal{Height: b.height + 1, MaxTxBytes: 1 << 20, Time: start.Add(time.Duration(b.height+1) * time.Second)})
	require.NoError(t, err)
	require.Equal(t, [][]byte{delivery}, proposal.Txs)
	require.True(t, b.process(delivery))
	require.True(t, b.block(delivery)[0].IsOK())
	require.Equal(t, uint64(funds+250_000), b.utop(to))
	require.Zero(t, x.inFlight())
	supply()

	// A replay does nothing, wherever it comes.
	require.ErrorContains(t, b.Insert(t.Context(), delivery), "taken already")
	require.False(t, b.process(delivery))
	require.False(t, b.block(delivery)[0].IsOK())
	require.Equal(t, uint64(funds+250_000), b.utop(to))
	supply()

	// Confirmed batches leave the sender's state.
	confirmation := x.confirmation(1)
	require.True(t, a.process(confirmation))
	require.True(t, a.block(confirmation)[0].IsOK())
	require.Empty(t, x.waiting(0))
	require.False(t, a.block(confirmation)[0].IsOK())
	supply()
}
