package router

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/relayer/faults"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

// batch of a source for a destination, with a receipt, and the value that the source's state has of it.
func batch(t *testing.T, source, destination string, height uint64) (b latticetypes.Batch, hash []byte) {
	t.Helper()
	made := receipt.Batch{Source: source, Destination: destination, Height: height, Receipts: []receipt.Receipt{{Amount: lattice.Balance{Utop: 7}}}}
	b = latticetypes.Batch{Height: height, Batch: made.Encode(), Key: must[[]byte](t)(latticetypes.BatchKey(destination, height))}
	sum := receipt.Hash(b.Batch)
	return b, sum[:]
}

func cursor(height uint64) latticetypes.Cursor { return latticetypes.Cursor{Height: height} }

func inbox(t *testing.T, height uint64) []byte {
	t.Helper()
	return must[[]byte](t)((&latticetypes.Inbox{Taken: cursor(height)}).Marshal())
}

// exchanging main chain with shard a, a child of p: the main chain has sent it a batch at height 42, and p one at height 30.
func exchanging(t *testing.T) (*mainInMemory, *listener, *informer, func()) {
	t.Helper()
	main := &mainInMemory{height: 50, shards: map[string]*shardstypes.QueryShardResponse{}, batches: map[string][]latticetypes.Batch{}, state: map[string][]byte{}, gate: &Gate{Ledgers: []latticetypes.Ledger{
		{Name: "a", Outbox: latticetypes.Outbox{Sent: cursor(42), Waiting: 1}}, {Name: "p", Outbox: latticetypes.Outbox{Sent: cursor(30), Waiting: 1}},
	}}}
	for destination, height := range map[string]uint64{"a": 42, "p": 30} {
		b, hash := batch(t, "main", destination, height)
		main.batches[destination], main.state[string(b.Key)] = []latticetypes.Batch{b}, hash
	}
	shard := &listener{ledger: newLedger("a"), head: lighttypes.Header{Height: 40}, headers: map[int64]*cmtproto.SignedHeader{5: signed(5, "one", "one")}, view: &latticetypes.QueryLedgersResponse{}}
	at := &station{Shard: shard, params: &latticetypes.QueryParamsResponse{Shard: latticetypes.Shard{Parents: []string{"p"}}}}
	require.NoError(t, at.look(t.Context()))
	log, metrics := quiet(t)
	i := newInformer(main, at, cfg, log, metrics, &faults.Told{}, func() []*station { return nil })
	return main, shard, i, func() {
		t.Helper()
		require.NoError(t, at.look(t.Context()))
		require.NoError(t, i.step(t.Context(), must[*network](t)(ask(t.Context(), main, nil))))
	}
}

// What the main chain has sent to a shard, and to its parent, is delivered by the header that the shard has; the newest asks for a newer one.
func TestExitsAreDelivered(t *testing.T) {
	_, shard, i, step := exchanging(t)
	step()
	require.Len(t, shard.heard, 2)
	require.Equal(t, int64(50), shard.heard[0].GetMainHeader().Block.SignedHeader.Header.Height)
	d := shard.heard[1].GetDelivery()
	require.Equal(t, int64(40), d.Proof.MainHeight)
	require.Nil(t, d.Proof.Header)
	b := must[receipt.Batch](t)(receipt.Decode(d.Batch))
	require.Equal(t, "p", b.Destination)

	step()
	require.Len(t, shard.heard, 2, "header and batch wait for a block")
	shard.head.Height = 50
	step()
	require.Len(t, shard.heard, 3)
	require.Equal(t, int64(50), shard.heard[2].GetDelivery().Proof.MainHeight)
	step()
	require.Len(t, shard.heard, 3)

	// What was handed over and is not taken in time is handed over again; what is taken is not.
	shard.view.Ledgers = []latticetypes.Ledger{{Name: "main>p", Inbox: latticetypes.Inbox{Taken: cursor(30)}}}
	for _, x := range i.exits {
		x.since = time.Now().Add(-2 * patience)
	}
	step()
	require.Len(t, shard.heard, 4)
	require.Equal(t, shard.heard[2], shard.heard[3])
	shard.view.Ledgers = append(shard.view.Ledgers, latticetypes.Ledger{Name: "main", Inbox: latticetypes.Inbox{Taken: cursor(42)}})
	for _, x := range i.exits {
		x.since = time.Now().Add(-2 * patience)
	}
	step()
	require.Len(t, shard.heard, 4)
}

// A node of the main chain that shows another batch than the state has is not believed.
func TestExitsThatAreNotInTheState(t *testing.T) {
	main, shard, i, _ := exchanging(t)
	other, _ := batch(t, "main", "p", 30)
	other.Batch = append([]byte{}, other.Batch...)
	other.Batch[len(other.Batch)-1] ^= 1
	main.batches["p"] = []latticetypes.Batch{other}
	require.ErrorContains(t, i.step(t.Context(), must[*network](t)(ask(t.Context(), main, nil))), "another one in its state")
	for _, c := range shard.heard {
		require.Nil(t, c.GetDelivery())
	}
}

// What the main chain has taken is confirmed to the shard after a while, by a header that has it.
func TestDepositsAreConfirmed(t *testing.T) {
	main, shard, i, step := exchanging(t)
	main.gate.Ledgers = []latticetypes.Ledger{{Name: "a", Inbox: latticetypes.Inbox{Taken: cursor(4)}}}
	main.state[string(must[[]byte](t)(latticetypes.InboxKey("a")))] = inbox(t, 4)
	step()
	require.Empty(t, shard.heard, "not due")
	i.owed = time.Now().Add(-cfg.Confirm)
	step()
	require.Len(t, shard.heard, 1)
	require.NotNil(t, shard.heard[0].GetMainHeader())
	shard.head.Height = 51
	step()
	require.Len(t, shard.heard, 2)
	c := shard.heard[1].GetConfirmation()
	require.Equal(t, "main", c.Destination)
	require.Equal(t, int64(51), c.Proof.MainHeight)
	require.Equal(t, uint64(4), c.Inbox.Taken.Height)
	i.owed = time.Now().Add(-cfg.Confirm)
	step()
	require.Len(t, shard.heard, 2, "it was told a moment ago")
}

// depositing shard a has sent the main chain a batch at height 7 and has taken one of height 42; its newest header is 20, and 10 is audited.
func depositing(t *testing.T, status shardstypes.Status) (*settler, *mainInMemory, *listener, func() error) {
	t.Helper()
	b, hash := batch(t, "a", "main", 7)
	shard := &listener{
		ledger: newLedger("a"), headers: map[int64]*cmtproto.SignedHeader{10: signed(10, "one", "one"), 15: signed(15, "one", "one"), 20: signed(20, "one", "one")},
		state: map[string][]byte{string(b.Key): hash, string(must[[]byte](t)(latticetypes.InboxKey("main"))): inbox(t, 42)},
		view: &latticetypes.QueryLedgersResponse{Ledgers: []latticetypes.Ledger{{
			Name: "main", Outbox: latticetypes.Outbox{Sent: cursor(7), Waiting: 1}, Inbox: latticetypes.Inbox{Taken: cursor(42)},
		}}},
	}
	shard.boxes["main"] = &outbox{batches: []latticetypes.Batch{b}}
	main := &mainInMemory{
		height:     50,
		shards:     map[string]*shardstypes.QueryShardResponse{"a": {Shard: shardstypes.Shard{Name: "a", Status: status, Term: 1, FinalHeight: 15}, Audited: &shardstypes.Audited{Shard: "a", Height: 10}}},
		committees: map[string][]shardstypes.Committee{"a": {{Term: 1}}}, gate: &Gate{Ledgers: []latticetypes.Ledger{{Name: "a", Outbox: latticetypes.Outbox{Sent: cursor(42), Waiting: 1}}}},
	}
	log, metrics := quiet(t)
	s := newSettler(main, "main", cfg, log, metrics)
	s.anchored = time.Now()
	at := &station{Shard: shard}
	return s, main, shard, func() error {
		require.NoError(t, at.look(t.Context()))
		for _, from := range s.sources {
			from.until = time.Time{}
		}
		return s.settle(t.Context(), must[*network](t)(ask(t.Context(), main, nil)), []*station{at})
	}
}

// What a shard has sent to the main chain is brought there by its newest header, or by that with which it has ended; what is refused is judged by what was said.
func TestDepositsAreDelivered(t *testing.T) {
	s, main, _, step := depositing(t, shardstypes.Status_STATUS_ACTIVE)
	require.NoError(t, step())
	require.Len(t, main.deliveries, 1)
	require.Equal(t, int64(20), main.deliveries[0][0].Proof.Header.Header.Height)

	// Another router was faster: no failure.
	main.refuse = gatetypes.ErrKnown
	require.NoError(t, step())
	// Of a term that the main chain does not know: anchors come first.
	main.refuse = shardstypes.ErrRefused
	require.ErrorContains(t, step(), "refused")
	require.True(t, s.anchored.IsZero())
	// A node that shows another batch than its shard's state has.
	main.refuse = nil
	before := len(main.deliveries)
	s, main, shard, step := depositing(t, shardstypes.Status_STATUS_ACTIVE)
	require.Equal(t, 3, before)
	shard.boxes["main"].batches[0].Batch[0] ^= 1
	require.NoError(t, step())
	require.Empty(t, main.deliveries)
	require.NotZero(t, s.source("a").pause)

	_, main, _, step = depositing(t, shardstypes.Status_STATUS_FROZEN)
	require.NoError(t, step())
	require.Equal(t, int64(15), main.deliveries[0][0].Proof.Header.Header.Height)

	main.gate.Ledgers[0].Inbox.Taken = cursor(7)
	require.NoError(t, step())
	require.Len(t, main.deliveries, 1, "it is taken")
}

// What is not audited, and more than is taken without, comes with the header that is.
func TestDepositsThatWaitForAuditors(t *testing.T) {
	_, main, _, step := depositing(t, shardstypes.Status_STATUS_ACTIVE)
	main.gate.Unaudited = 5
	main.refused = []string{gatetypes.ErrLater.Error()}
	require.ErrorContains(t, step(), "waits")
	main.refused = nil
	require.NoError(t, step())
	require.Len(t, main.deliveries, 2)
	require.Equal(t, int64(20), main.deliveries[0][0].Proof.Header.Header.Height)
	require.Equal(t, int64(10), main.deliveries[1][0].Proof.Header.Header.Height)
}

// What a shard has taken leaves the main chain's state after a while: by an audited header where only such count.
func TestExitsAreConfirmed(t *testing.T) {
	for unaudited, height := range map[uint64]int64{0: 20, 5: 10} {
		s, main, _, step := depositing(t, shardstypes.Status_STATUS_ACTIVE)
		main.gate.Unaudited = unaudited
		require.NoError(t, step())
		require.Empty(t, main.confirmations, "not due")
		s.source("a main").owed = time.Now().Add(-cfg.Confirm)
		require.NoError(t, step())
		require.Len(t, main.confirmations, 1)
		c := main.confirmations[0][0]
		require.Equal(t, "a", c.Destination)
		require.Empty(t, c.Child)
		require.Equal(t, uint64(42), c.Inbox.Taken.Height)
		require.Equal(t, height, c.Proof.Header.Header.Height)
		s.source("a main").owed = time.Now().Add(-cfg.Confirm)
		require.NoError(t, step())
		require.Len(t, main.confirmations, 1, "it was told a moment ago")
	}
}
