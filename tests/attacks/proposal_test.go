package attacks

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/testutil/inprocess"
)

// prepared is what an honest main-chain node proposes of what waits, and how the others vote.
func prepared(t require.TestingT, c *inprocess.Chain, txs [][]byte) (proposal [][]byte, accepted bool) {
	height, now := c.App.LastBlockHeight()+1, c.Time.Add(time.Second)
	made, err := c.App.PrepareProposal(&abci.RequestPrepareProposal{Height: height, Time: now, Txs: txs, MaxTxBytes: base.ConsensusParams().Block.MaxBytes})
	require.NoError(t, err)
	vote, err := c.App.ProcessProposal(&abci.RequestProcessProposal{Height: height, Time: now, Txs: made.Txs})
	require.NoError(t, err)
	return made.Txs, vote.Status == abci.ResponseProcessProposal_ACCEPT
}

// reaped are the first transactions that fit into a block, which is what CometBFT takes from its mempool.
func reaped(txs [][]byte) [][]byte {
	left := base.ConsensusParams().Block.MaxBytes
	for i, tx := range txs {
		if left -= cmttypes.ComputeProtoSizeForTxs([]cmttypes.Tx{tx}); left < 0 {
			return txs[:i]
		}
	}
	return txs
}

// Whatever waits in mempools, an honest proposal is accepted: a round is never lost between nodes that follow the rules.
func TestAttack09WhatIsPreparedIsAccepted(t *testing.T) {
	c := inprocess.New(t, "ann", "bob")
	s := inprocess.NewService(t, 100, nil, "ann", "bob")
	pool := [][]byte{{}, []byte("no transaction"), make([]byte, 1<<20)}
	for amount := range int64(4) {
		pool = append(pool, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", 1+amount*inprocess.Funds)}, Signer: inprocess.Key("ann")}))
	}
	rapid.Check(t, func(r *rapid.T) {
		txs := reaped(rapid.SliceOfN(rapid.SampledFrom(pool), 0, 12).Draw(r, "waiting"))
		proposal, accepted := prepared(r, c, txs)
		require.True(r, accepted)
		size := 0
		for _, tx := range proposal {
			size += len(tx)
		}
		require.LessOrEqual(r, int64(size), base.ConsensusParams().Block.MaxBytes)
	})
	for _, tx := range pool {
		s.Check(t, tx)
		_, accepted := s.Propose(t)
		require.True(t, accepted)
	}
}

// A byzantine proposer puts transactions twice, in another order, cut off, made up: a main-chain block with them is executed by everyone alike, each valid transaction counts
// once, and the rest fails without a trace. On service chains, where nobody pays for block space, the proposal itself is refused.
func TestAttack10WhatAByzantineProposerPutsIn(t *testing.T) {
	block := func() ([]byte, []uint32, uint64) {
		c := inprocess.New(t, "ann", "bob")
		tx := func(sequence uint64, amount int64) []byte {
			return c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{send("ann", "bob", amount)}, Signer: inprocess.Key("ann"), Sequence: &sequence})
		}
		first, second := tx(0, 10), tx(1, 100)
		supply := c.App.Bank.GetSupply(c.Context(), base.Denom)
		res := c.Block(t, second, first, first, []byte("made up"), second[:len(second)-1], second, second, nil)
		var codes []uint32
		for _, r := range res.TxResults {
			codes = append(codes, min(r.Code, 1))
		}
		require.True(t, c.App.Bank.GetSupply(c.Context(), base.Denom).Amount.GTE(supply.Amount))
		require.NoError(t, c.App.Billing.Invariants(c.Context()))
		return res.AppHash, codes, c.Balance(inprocess.Account("bob"))
	}
	hash, codes, balance := block()
	require.Equal(t, []uint32{1, 0, 1, 1, 1, 0, 1, 1}, codes)
	require.EqualValues(t, inprocess.Funds+110, balance)
	again, _, _ := block()
	require.Equal(t, hash, again, "every node comes to the same")

	s := inprocess.NewService(t, 100, nil, "ann")
	require.True(t, s.Accepts(t))
	for name, txs := range map[string][][]byte{
		"made up":     {[]byte("made up")},
		"empty":       {nil},
		"of nobody":   {s.Sign(t, inprocess.Tx{Messages: []sdk.Msg{&banktypes.MsgSend{FromAddress: address("ann"), ToAddress: address("ann")}}, Signer: inprocess.Key("eve")})},
		"undecodable": {slices.Repeat([]byte{0x0a}, 100)},
	} {
		require.False(t, s.Accepts(t, txs...), name)
	}
}

// Neither chain has vote extensions, so that none can be refused, too large or of another height: seeds come from transactions (docs/adr/010).
func TestAttack11NoVoteExtensions(t *testing.T) {
	require.Zero(t, base.ConsensusParams().ABCI.VoteExtensionsEnableHeight)
	c := inprocess.New(t)
	height := c.App.LastBlockHeight() + 1
	_, err := c.App.ExtendVote(t.Context(), &abci.RequestExtendVote{Height: height})
	require.ErrorContains(t, err, "not enabled")
	_, err = c.App.VerifyVoteExtension(&abci.RequestVerifyVoteExtension{Height: height, VoteExtension: make([]byte, 1<<20)})
	require.ErrorContains(t, err, "not enabled")
}
