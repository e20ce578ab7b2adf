package shardchain_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"

	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/testutil/forger"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// captured is a shard beside one whose committee says whatever it likes.
type captured struct {
	*shard
	source *forger.Ledger
	// next batch follows on this one.
	last receipt.Cursor
}

func newCaptured(t *testing.T, with func(*latticetypes.GenesisState)) *captured {
	t.Helper()
	source, own := forger.New(halves.Routes[0].Name, 4, 1), forger.New(halves.Routes[1].Name, 4, 1)
	shards := newHalvesWith(t, 3, func(gs *latticetypes.GenesisState) {
		gs.Members = []latticetypes.Members{source.Members(1, 1), own.Members(1, 1)}
		with(gs)
	}, nil)
	return &captured{shard: shards[1], source: source}
}

func (c *captured) batch(receipts ...receipt.Receipt) *receipt.Batch {
	return &receipt.Batch{Source: c.source.Chain, Destination: c.chain, Height: c.last.Height + 1, Previous: c.last, Receipts: receipts}
}

// delivery of a next batch.
func (c *captured) delivery(receipts ...receipt.Receipt) []byte {
	b := c.batch(receipts...)
	raw := carried(c.t, c.source.Delivery(c.t, int64(b.Height)+10, b))
	c.last = b.Cursor()
	return raw
}

// address that one of both halves holds.
func addressIn(half uint32, n int) lattice.Address {
	for ; ; n += 100_000 {
		if u := newUser(n); lattice.BucketOf(u.address)>>(lattice.BucketBits-1) == half {
			return u.address
		}
	}
}

func no(*latticetypes.GenesisState) {}

// Whatever a captured shard sends, the others go on, and their supply is exact (block checks it).
func TestCapturedShardStopsNobody(t *testing.T) {
	there, here := addressIn(0, 1000), addressIn(1, 2000)
	top := lattice.Amount{High: math.MaxUint64, Low: math.MaxUint64}
	for name, test := range map[string]struct {
		receipts []receipt.Receipt
		taken    bool
	}{
		"of an account here, for one there":  {[]receipt.Receipt{{From: here, To: there, Amount: lattice.Balance{Utop: 7}}}, true},
		"for an account there":               {[]receipt.Receipt{{From: there, To: there, Amount: lattice.Balance{Utop: 7}}}, true},
		"a return for one there":             {[]receipt.Receipt{{From: there, To: here, Amount: lattice.Balance{Utop: 7}, Return: true}}, true},
		"a return that was never sent":       {[]receipt.Receipt{{From: here, To: there, Amount: lattice.Balance{Utop: 500_000}, Return: true}}, true},
		"64 bits":                            {[]receipt.Receipt{{From: there, To: here, Amount: lattice.Balance{Utop: math.MaxUint64}}}, false},
		"64 bits together":                   {[]receipt.Receipt{{From: there, To: here, Amount: lattice.Balance{Utop: 1 << 62}}, {From: there, To: here, Amount: lattice.Balance{Utop: 1 << 62}}}, false},
		"128 bits":                           {[]receipt.Receipt{{From: there, To: here, Amount: lattice.Balance{Coins: []lattice.Coin{{Denom: "uvtop", Amount: top}}}, Return: true}}, false},
		"utop under another coin's name":     {[]receipt.Receipt{{From: there, To: here, Amount: lattice.Balance{Coins: []lattice.Coin{{Denom: "utop", Amount: top}}}}}, false},
		"a denomination that panics the SDK": {[]receipt.Receipt{{From: there, To: here, Amount: lattice.Balance{Coins: []lattice.Coin{{Denom: "!", Amount: lattice.Amount{Low: 1}}}}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCaptured(t, no)
			raw := c.delivery(test.receipts...)
			require.Equal(t, test.taken, c.process(raw))
			require.Equal(t, test.taken, c.block(raw)[0].IsOK())
			require.True(t, c.block(c.users[0].send(c.users[1], 5))[0].IsOK(), "the shard goes on")
		})
	}
}

// What a block takes can leave it again together with what is sent in it: no batch is too large for its destination, whatever a captured shard brings.
func TestFullBlockCanLeave(t *testing.T) {
	c := newCaptured(t, no)
	there := addressIn(0, 1000)
	receipts := make([]receipt.Receipt, receipt.MaxReceipts)
	for i := range receipts {
		receipts[i] = receipt.Receipt{From: there, To: lattice.Address{1}, Amount: lattice.Balance{Utop: 1}, Transaction: lattice.Hash{byte(i), byte(i >> 8)}}
		// Nobody has this account, and a utop makes none: all of it goes back.
		receipts[i].To = addressIn(1, 3000)
		if i > 0 {
			receipts[i].To = receipts[0].To
		}
	}
	raw := c.delivery(receipts...)
	transfer := c.users[0].send(&user{address: there}, 250_000)
	require.False(t, c.process(raw, transfer), "one more would have to leave than fit into a batch")
	require.NoError(t, c.Insert(t.Context(), transfer))
	require.NoError(t, c.Insert(t.Context(), raw))
	proposal, err := c.PrepareProposal(&abci.RequestPrepareProposal{Height: c.height + 1, MaxTxBytes: 4 << 20, Time: start.Add(time.Duration(c.height+1) * time.Second)})
	require.NoError(t, err)
	require.Equal(t, [][]byte{raw}, proposal.Txs)
	require.True(t, c.process(raw))
	require.True(t, c.block(raw)[0].IsOK())
	batches := (&exchange{t: t, shards: [2]*shard{{chain: c.source.Chain}, c.shard}}).waiting(1)
	require.Len(t, batches, 1)
	back, err := receipt.Decode(batches[0].Batch)
	require.NoError(t, err)
	require.Len(t, back.Receipts, receipt.MaxReceipts)

	// A proposal is never larger than CometBFT takes.
	large := c.delivery(receipts...)
	require.NoError(t, c.Insert(t.Context(), large))
	proposal, err = c.PrepareProposal(&abci.RequestPrepareProposal{Height: c.height + 1, MaxTxBytes: int64(len(large)) - 1, Time: start.Add(time.Duration(c.height+1) * time.Second)})
	require.NoError(t, err)
	require.NotContains(t, proposal.Txs, large)
}

// 22–26, 30: a batch counts once, at the shard that it is for, in its place, with exactly the proof that its source's committee has signed.
func TestAttacksOnReceipts(t *testing.T) {
	c := newCaptured(t, no)
	there := addressIn(0, 1000)
	to := c.users[0]
	before := c.utop(to)
	good := c.batch(receipt.Receipt{From: there, To: to.address, Amount: lattice.Balance{Utop: 5}})
	// delivery of another batch, or of a changed one.
	delivery := func(b receipt.Batch, change func(*latticetypes.Delivery)) []byte {
		tx := c.source.Delivery(t, 20, &b)
		change(tx.GetDelivery())
		return carried(t, tx)
	}
	same := func(*latticetypes.Delivery) {}
	with := func(change func(*receipt.Batch)) []byte {
		b := *good
		change(&b)
		return delivery(b, same)
	}
	stranger, old := forger.New("top-z7.s111-1", 4, 1), forger.New(c.source.Chain, 4, 9)
	honest := delivery(*good, same)
	for name, raw := range map[string][]byte{
		"23 for another shard":       with(func(b *receipt.Batch) { b.Destination = "top-z0.s10-1" }),
		"23 of an unknown ledger":    carried(t, stranger.Delivery(t, 20, &receipt.Batch{Source: stranger.Chain, Destination: c.chain, Height: 1, Receipts: good.Receipts})),
		"23 of the shard itself":     with(func(b *receipt.Batch) { b.Source, b.Destination = c.chain, c.source.Chain }),
		"24 by another committee":    carried(t, old.Delivery(t, 20, good)),
		"25 without proof":           delivery(*good, func(d *latticetypes.Delivery) { d.Proof = nil }),
		"25 without header":          delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Header = nil }),
		"25 with half a header":      delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Header.Header = nil }),
		"25 without commit":          delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Header.Commit = nil }),
		"25 without operations":      delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Ops = nil }),
		"25 one operation":           delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Ops.Ops = d.Proof.Ops.Ops[:1] }),
		"25 another store":           delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Ops.Ops[1].Key = []byte("light") }),
		"25 another batch":           delivery(*good, func(d *latticetypes.Delivery) { d.Batch[len(d.Batch)-3] ^= 1 }),
		"25 another height's header": delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Header.Header.Height++ }),
		"25 another app hash":        delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Header.Header.AppHash[0] ^= 1 }),
		"25 too few signatures": delivery(*good, func(d *latticetypes.Delivery) {
			for i := range 2 {
				d.Proof.Header.Commit.Signatures[i] = cmtproto.CommitSig{BlockIdFlag: cmtproto.BlockIDFlagAbsent}
			}
		}),
		"25 ten thousand signatures": delivery(*good, func(d *latticetypes.Delivery) {
			for len(d.Proof.Header.Commit.Signatures) < 10_000 {
				d.Proof.Header.Commit.Signatures = append(d.Proof.Header.Commit.Signatures, d.Proof.Header.Commit.Signatures[0])
			}
		}),
		"25 megabytes of proof": delivery(*good, func(d *latticetypes.Delivery) { d.Proof.Ops.Ops[0].Data = make([]byte, 3<<20) }),
		"26 a fork":             with(func(b *receipt.Batch) { b.Height, b.Previous = 3, receipt.Cursor{Height: 2, Hash: lattice.Hash{1}} }),
		"26 the highest height": with(func(b *receipt.Batch) {
			b.Height, b.Previous = math.MaxUint64, receipt.Cursor{Height: math.MaxUint64 - 1, Hash: lattice.Hash{1}}
		}),
		"30 bytes after it":            append(append([]byte{}, honest...), 0),
		"30 an unknown field":          append(append([]byte{}, honest...), 0x48, 1),
		"30 the same twice":            append(append([]byte{}, honest...), honest...),
		"30 bytes after the batch":     delivery(*good, func(d *latticetypes.Delivery) { d.Batch = append(d.Batch, 0) }),
		"30 nothing":                   carried(t, &latticetypes.Carried{}),
		"30 an empty delivery":         carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Delivery{Delivery: &latticetypes.Delivery{}}}),
		"30 an empty confirmation":     carried(t, &latticetypes.Carried{Content: &latticetypes.Carried_Confirmation{Confirmation: &latticetypes.Confirmation{}}}),
		"30 an empty header":           append([]byte{0xba, 0x06}, 0),
		"30 an empty fact":             append([]byte{0xc2, 0x06}, 0),
		"31 a confirmation of nothing": carried(t, c.source.Confirmation(t, 20, c.chain, c.source.Chain, receipt.Cursor{Height: 9, Hash: lattice.Hash{1}})),
		"33 a child that nobody knows": carried(t, c.source.Confirmation(t, 20, c.chain, "top-z0.s10-1", receipt.Cursor{Height: 9, Hash: lattice.Hash{1}})),
	} {
		t.Run(name, func(t *testing.T) {
			if name[:2] != "26" {
				require.Error(t, c.Insert(t.Context(), raw))
			}
			require.False(t, c.process(raw))
			require.False(t, c.block(raw)[0].IsOK())
			require.Equal(t, before, c.utop(to))
		})
	}

	t.Run("26 a gap waits, proven alone", func(t *testing.T) {
		second := receipt.Batch{Source: c.source.Chain, Destination: c.chain, Height: 2, Previous: good.Cursor(), Receipts: good.Receipts}
		require.Error(t, c.Insert(t.Context(), carried(t, old.Delivery(t, 20, &second))), "what is not proven takes no room")
		later := delivery(second, same)
		require.NoError(t, c.Insert(t.Context(), later))
		require.ErrorIs(t, c.Insert(t.Context(), carried(t, c.source.Delivery(t, 21, &second))), mempool.ErrSeen, "one of many proofs waits")
		require.False(t, c.block(later)[0].IsOK())
		require.False(t, c.process(later, honest))
		require.True(t, c.process(honest, later))
	})
	t.Run("22 twice", func(t *testing.T) {
		require.False(t, c.process(honest, honest))
		results := c.block(honest, honest)
		require.True(t, results[0].IsOK())
		require.False(t, results[1].IsOK())
		require.False(t, c.block(honest)[0].IsOK())
		require.False(t, c.block(carried(t, c.source.Delivery(t, 30, good)))[0].IsOK(), "by another proof")
		require.Equal(t, before+5, c.utop(to))
	})
}

// 32, 33: a captured shard brings no more than the bound, however small its receipts, whatever heights it claims and whatever it calls them; what is beyond waits and is not dropped.
func TestCapturedShardIsBounded(t *testing.T) {
	const most = 1_000_000
	c := newCaptured(t, func(gs *latticetypes.GenesisState) { gs.Params.UnauditedUtop = most })
	there, to := addressIn(0, 1000), c.users[0]
	before := c.utop(to)
	one := receipt.Receipt{From: there, To: to.address, Amount: lattice.Balance{Utop: 300_000}}
	back := receipt.Receipt{From: to.address, To: there, Amount: lattice.Balance{Utop: 300_000}, Return: true}
	for _, r := range []receipt.Receipt{one, back, one} {
		require.True(t, c.block(c.delivery(r))[0].IsOK())
	}
	beyond := c.delivery(one)
	require.False(t, c.process(beyond))
	require.NoError(t, c.Insert(t.Context(), beyond))
	for range 3 {
		proposal, err := c.PrepareProposal(&abci.RequestPrepareProposal{Height: c.height + 1, MaxTxBytes: 1 << 20, Time: start.Add(time.Duration(c.height+1) * time.Second)})
		require.NoError(t, err)
		require.Empty(t, proposal.Txs)
		c.block()
	}
	require.ErrorIs(t, c.Insert(t.Context(), beyond), mempool.ErrSeen, "it waits")
	require.Equal(t, before+900_000, c.utop(to))

	// An export has all of it: what was taken, what counts against the bound, what waits to be confirmed.
	require.True(t, c.block(to.send(&user{address: there}, 250_000))[0].IsOK())
	gs, err := c.Lattice.ExportGenesis(c.ctx())
	require.NoError(t, err)
	require.Len(t, gs.Unaudited, 3)
	require.Len(t, gs.Outboxes[0].Batches, 1)
	other := &shard{t: t, chain: c.chain, db: dbm.NewMemDB(), dir: t.TempDir()}
	other.open()
	require.NoError(t, other.init(gs))
	other.block()
	again, err := other.Lattice.ExportGenesis(other.ctx())
	require.NoError(t, err)
	require.Equal(t, gs, again)
	require.False(t, other.block(beyond)[0].IsOK())
	fits := c.batch(receipt.Receipt{From: there, To: to.address, Amount: lattice.Balance{Utop: 100_000}})
	fits.Height = 4
	fits.Previous, err = again.Inboxes[0].Inbox.Taken.Receipt()
	require.NoError(t, err)
	require.True(t, other.block(carried(t, c.source.Delivery(t, 20, fits)))[0].IsOK())
}

// Whatever bytes claim to be carried, as a whole or as a batch that is proven: nothing panics, and supply is exact (block checks it).
func FuzzCarried(f *testing.F) {
	there := addressIn(0, 1000)
	b := receipt.Batch{Source: halves.Routes[0].Name, Destination: halves.Routes[1].Name, Height: 1, Receipts: []receipt.Receipt{{From: there, To: addressIn(1, 5), Amount: lattice.Balance{Utop: 5}}}}
	source := forger.New(b.Source, 4, 1)
	raw, err := source.Delivery(f, 20, &b).Marshal()
	require.NoError(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := latticetypes.DecodeCarried(raw)
		if err != nil {
			return
		}
		c := newCaptured(t, no)
		try := func(raw []byte) {
			_ = c.Insert(t.Context(), raw)
			c.block(raw)
			require.True(t, c.block(c.users[0].send(c.users[1], 5))[0].IsOK())
		}
		try(raw)
		d := tx.GetDelivery()
		if d == nil {
			return
		}
		if b, err := receipt.Decode(d.Batch); err == nil {
			if _, err := latticetypes.BatchKey(b.Destination, b.Height); err == nil {
				try(carried(t, c.source.Delivery(t, 20, &b)))
			}
		}
	})
}
