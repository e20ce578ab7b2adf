package metering

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
)

// chain is a ledger with one answer.
type chain struct {
	Guarantee_ Guarantee
	asked      int
	err        error
	maxDebits  int
}

func (c *chain) MaxDebits(context.Context) (int, error) { return c.maxDebits, c.err }

func (c *chain) Guarantee(context.Context, string, []byte) (Guarantee, error) {
	c.asked++
	return c.Guarantee_, c.err
}

// bench is a provider's books on a disk that can crash.
type bench struct {
	t      *testing.T
	fs     *vfs.MemFS
	db     *pebble.DB
	ledger *chain
	now    time.Time
	*Sessions
	frames []*voucher.ProviderFrame
	// full is what the disk says.
	full error
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, fs: vfs.NewCrashableMem(), now: now, ledger: &chain{
		maxDebits:  1000,
		Guarantee_: Guarantee{Line: 10_000, Claimable: 10_000, KeyKnown: true, KeyExpires: 100},
	}}
	b.start()
	t.Cleanup(func() { _ = b.db.Close() })
	return b
}

func (b *bench) start() {
	db, err := pebble.Open("db", &pebble.Options{FS: b.fs})
	require.NoError(b.t, err)
	b.db = db
	b.Sessions, err = OpenSessions(Config{
		ChainID: "top-msg-1", Service: "messaging", Provider: "top1provider", Key: providerKey,
		Prices: newOffer(0).Prices, Tick: 10, Float: 1000, Voucher: 500, GuaranteeAge: 5 * time.Second,
		Now: func() time.Time { return b.now }, Entropy: rand.Reader, Room: func() error { return b.full },
	}, b.ledger, db)
	require.NoError(b.t, err)
	b.Roll(epoch)
}

// crash loses everything that was not on disk, as a power cut does.
func (b *bench) crash() {
	clone := b.fs.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(b.t, b.db.Close())
	b.fs = clone
	b.start()
}

func (b *bench) reply(f *voucher.ProviderFrame) { b.frames = append(b.frames, f) }

func (b *bench) open(nonce uint64) client {
	offer, err := b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
	require.NoError(b.t, err)
	c := newClient(offer, 10_000, nonce)
	_, _, err = b.Open(b.t.Context(), "peer", offer, c.Open, b.reply)
	require.NoError(b.t, err)
	return c
}

func (b *bench) charge(c client, n uint64) error {
	id := c.SessionID()
	return b.Charge(b.t.Context(), "peer", id[:], messages(n), func(batch *pebble.Batch) error {
		return batch.Set([]byte("v-service"), fmt.Appendf(nil, "%d", n), nil)
	})
}

// TestCrash: whatever was answered is there after a power cut; what was not answered has left no half.
func TestCrash(t *testing.T) {
	b := newBench(t)
	c := b.open(1)
	require.NoError(t, b.Tick("peer", c.tick(100)))
	require.NoError(t, b.charge(c, 2))
	require.NoError(t, b.Voucher("peer", c.voucher(1, messages(2))))
	require.NoError(t, b.charge(c, 1))
	b.crash()

	id := c.SessionID()
	_, _, err := b.Open(t.Context(), "another peer", nil, c.Open, b.reply)
	require.Equal(t, refusal.UnknownSession, refusal.Code(err))
	b.frames = nil
	_, _, err = b.Open(t.Context(), "peer", nil, c.Open, b.reply)
	require.NoError(t, err)
	require.Len(t, b.frames, 3)
	require.Equal(t, id[:], b.frames[0].GetOpened().GetSessionId())
	require.Equal(t, uint64(240), b.frames[1].GetVoucher().GetAmountUtop())
	require.Equal(t, uint64(360), b.frames[2].GetBill().GetDueUtop())
	value, closer, err := b.db.Get([]byte("v-service"))
	require.NoError(t, err)
	require.Equal(t, "1", string(value), "what the service wrote with the charge")
	require.NoError(t, closer.Close())

	b.Roll(epoch + 1)
	past := b.Past()
	require.Len(t, past, 1)
	require.Equal(t, 1, past[0].Open)
	require.Len(t, past[0].Evidence, 1)
	require.NoError(t, b.Voucher("peer", c.voucher(2, messages(3))), "the final voucher of a past epoch")
	b.crash()
	b.Roll(epoch + 1)
	require.Equal(t, uint64(360), b.Past()[0].Evidence[0].Voucher.AmountUtop)
}

// TestChargeFails: when the service cannot write, nothing is charged.
func TestChargeFails(t *testing.T) {
	b := newBench(t)
	c := b.open(1)
	require.NoError(t, b.Tick("peer", c.tick(100)))
	id := c.SessionID()
	broken := errors.New("disk full")
	err := b.Charge(t.Context(), "peer", id[:], messages(1), func(*pebble.Batch) error { return broken })
	require.ErrorIs(t, err, broken)
	require.Equal(t, uint64(0), b.Figures().Owed)
	require.NoError(t, b.charge(c, 1))
	require.Equal(t, uint64(120), b.Figures().Owed)
}

// TestGuarantee: all sessions of a payer together never owe more than the chain guarantees, and the chain is asked again
// before anybody is turned away.
func TestGuarantee(t *testing.T) {
	b := newBench(t)
	b.ledger.Guarantee_.Line = 300
	first, second := b.open(1), b.open(2)
	for _, c := range []client{first, second} {
		require.NoError(t, b.Tick("peer", c.tick(100)))
	}
	require.NoError(t, b.charge(first, 1))
	require.NoError(t, b.charge(second, 1))
	require.Equal(t, refusal.CreditShort, refusal.Code(b.charge(first, 1)))
	b.ledger.Guarantee_.Line = 360
	require.NoError(t, b.charge(first, 1))
	require.Equal(t, refusal.CreditShort, refusal.Code(b.charge(second, 1)))
	b.ledger.Guarantee_.Line, b.ledger.Guarantee_.KeyExpires = 10_000, epoch-1
	b.now = b.now.Add(time.Minute)
	require.Equal(t, refusal.KeyRefused, refusal.Code(b.charge(second, 1)))
	b.ledger.err = errors.New("chain down")
	b.now = b.now.Add(time.Minute)
	require.Error(t, b.charge(second, 1))
	require.Equal(t, refusal.Unavailable, refusal.As(b.charge(second, 1)).Code)
}

func TestOpenRefused(t *testing.T) {
	b := newBench(t)
	offer, err := b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
	require.NoError(t, err)
	try := func() string {
		_, _, err := b.Open(t.Context(), "peer", offer, newClient(offer, 1000, 9).Open, b.reply)
		return refusal.Code(err)
	}
	b.ledger.Guarantee_.KeyKnown = false
	require.Equal(t, refusal.KeyRefused, try())
	b.ledger.Guarantee_.KeyKnown, b.ledger.Guarantee_.Line = true, 0
	require.Equal(t, refusal.CreditShort, try())
	b.ledger.Guarantee_.Line = 1000
	b.Roll(epoch + 1)
	require.Equal(t, refusal.EpochOver, try())
	_, err = b.Offer(&voucher.OfferRequest{Service: "vpn", ChainId: "top-msg-1"})
	require.Equal(t, refusal.BadFrame, refusal.Code(err))
	_, _, err = b.Open(t.Context(), "peer", nil, newClient(offer, 1000, 9).Open, b.reply)
	require.Equal(t, refusal.UnknownSession, refusal.Code(err))
}

// TestOneKeyManySessions: records cost the provider something, so there is a limit.
func TestOneKeyManySessions(t *testing.T) {
	b := newBench(t)
	for i := range uint64(maxSessions) {
		b.open(i)
	}
	offer, err := b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
	require.NoError(t, err)
	_, _, err = b.Open(t.Context(), "peer", offer, newClient(offer, 1000, 1000).Open, b.reply)
	require.Equal(t, refusal.Busy, refusal.Code(err))
}

// An epoch takes no more payers' keys than its claim can name, and a restart forgets none of them; keys that have their place open more sessions.
func TestEpochTakesAsManyKeysAsAClaimNames(t *testing.T) {
	b := newBench(t)
	b.ledger.maxDebits = 2
	try := func(payer string, key byte, nonce uint64) error {
		offer, err := b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
		require.NoError(t, err)
		_, _, err = b.Open(t.Context(), "peer", offer, newClientOf(offer, payer, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{key}, 32)), 1000, nonce).Open, b.reply)
		return err
	}
	require.NoError(t, try("top1a", 1, 1))
	require.NoError(t, try("top1a", 2, 2))
	refused := func(payer string, key byte, nonce uint64) {
		t.Helper()
		err := try(payer, key, nonce)
		require.Equal(t, refusal.Busy, refusal.Code(err))
		require.ErrorContains(t, err, "as many as a claim can name")
	}
	refused("top1a", 3, 3)
	refused("top1b", 1, 4)
	b.crash()
	refused("top1b", 1, 5)
	require.NoError(t, try("top1a", 2, 6), "a key that has its place")
	b.ledger.maxDebits = 3
	require.NoError(t, try("top1b", 1, 7))
	b.Roll(epoch + 1)
	require.NoError(t, try("top1c", 1, 8), "the next epoch has a claim of its own")
}

// A provider that halts serves nobody and is still paid for what it served; when it resumes, everything goes on.
func TestHaltedProviderTakesFinalVouchers(t *testing.T) {
	b := newBench(t)
	c := b.open(1)
	require.NoError(t, b.Tick("peer", c.tick(100)))
	require.NoError(t, b.charge(c, 2))
	offer, err := b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
	require.NoError(t, err)
	b.frames = nil
	b.Halt(refusal.New(refusal.Unavailable, "starting"))
	require.Equal(t, refusal.Unavailable, refusal.Code(b.charge(c, 1)))
	require.Empty(t, b.frames)
	b.Halt(refusal.New(refusal.Stopped, "top-msg-1 closes with epoch 9"))
	b.Halt(refusal.New(refusal.Stopped, "top-msg-1 closes with epoch 9"))
	require.Len(t, b.frames, 1, "who has a session open is told once")
	require.Equal(t, refusal.Stopped, b.frames[0].GetRefusal().GetCode())

	id := c.SessionID()
	_, noOffer := b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
	_, _, noSession := b.Open(t.Context(), "peer", offer, newClient(offer, 1000, 9).Open, b.reply)
	for _, err := range []error{noOffer, noSession, b.charge(c, 1), b.Paying("peer", id[:])} {
		require.Equal(t, refusal.Stopped, refusal.Code(err))
		require.ErrorContains(t, err, "closes with epoch 9")
	}
	_, _, err = b.Open(t.Context(), "peer", nil, c.Open, b.reply)
	require.NoError(t, err, "who comes back can sign")
	require.NoError(t, b.Voucher("peer", c.voucher(1, messages(2))))
	b.Roll(epoch + 1)
	require.EqualValues(t, 240, b.Past()[0].Evidence[0].Voucher.AmountUtop)
	b.Resume()
	b.open(2)
}

// TestClaimed: a frozen epoch takes no voucher, not even after a crash, and a claimed one owes nothing any more.
func TestClaimed(t *testing.T) {
	b := newBench(t)
	c := b.open(1)
	require.NoError(t, b.Tick("peer", c.tick(100)))
	require.NoError(t, b.charge(c, 2))
	require.NoError(t, b.Voucher("peer", c.voucher(1, messages(1))))
	b.Roll(epoch + 1)
	require.Equal(t, refusal.EpochOver, refusal.Code(b.charge(c, 1)))
	b.Freeze(epoch)
	require.Equal(t, refusal.Closed, refusal.Code(b.Voucher("peer", c.voucher(2, messages(2)))))
	record := &ClaimRecord{Epoch: epoch, Root: make([]byte, 32), SessionIds: [][]byte{{1}}}
	require.NoError(t, b.Store().SaveClaim(record))
	b.crash()
	b.Roll(epoch + 1)
	require.Equal(t, refusal.Closed, refusal.Code(b.Voucher("peer", c.voucher(2, messages(2)))))
	loaded, err := b.Store().LoadClaim(epoch, record.Root)
	require.NoError(t, err)
	require.Equal(t, record, loaded)
	require.Equal(t, uint64(240), b.Figures().Owed)
	b.Claimed(epoch)
	require.Equal(t, uint64(0), b.Figures().Owed)
	require.NoError(t, b.Forget(epoch))
	require.Empty(t, b.Past())
	b.crash()
	require.Empty(t, b.entries())
	_, err = b.Store().LoadClaim(epoch, record.Root)
	require.ErrorIs(t, err, ErrNoRecord)
}

// An epoch whose claim could not be made takes vouchers again, unless a claim was written down.
func TestThaw(t *testing.T) {
	b := newBench(t)
	c := b.open(1)
	require.NoError(t, b.Tick("peer", c.tick(100)))
	require.NoError(t, b.charge(c, 2))
	b.Roll(epoch + 1)
	b.Freeze(epoch)
	require.Equal(t, refusal.Closed, refusal.Code(b.Voucher("peer", c.voucher(1, messages(1)))))
	require.NoError(t, b.Thaw(epoch))
	require.NoError(t, b.Voucher("peer", c.voucher(1, messages(1))))
	b.Freeze(epoch)
	require.NoError(t, b.Store().SaveClaim(&ClaimRecord{Epoch: epoch, Root: make([]byte, 32)}))
	require.NoError(t, b.Thaw(epoch))
	require.Equal(t, refusal.Closed, refusal.Code(b.Voucher("peer", c.voucher(2, messages(2)))))
}

// A full disk keeps new sessions out, with the reason; what runs is served, vouchered, claimed and lost by no crash.
func TestFullDiskTakesNoNewSessions(t *testing.T) {
	b := newBench(t)
	c := b.open(1)
	b.full = errors.New("the disk has 1 MiB left")
	offer, err := b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
	require.NoError(t, err)
	second := newClient(offer, 10_000, 2)
	_, _, err = b.Open(t.Context(), "peer", offer, second.Open, b.reply)
	require.Equal(t, refusal.ProviderFull, refusal.Code(err))
	require.ErrorContains(t, err, "1 MiB left")

	require.NoError(t, b.Tick("peer", c.tick(100)))
	require.NoError(t, b.charge(c, 2))
	require.NoError(t, b.Voucher("peer", c.voucher(1, messages(2))))
	b.crash()
	_, _, err = b.Open(t.Context(), "peer", nil, c.Open, b.reply)
	require.NoError(t, err, "a session that runs is continued")
	require.EqualValues(t, 240, b.Figures().Owed)
	b.Roll(epoch + 1)
	require.Len(t, b.Past()[0].Evidence, 1)

	b.full = nil
	offer, err = b.Offer(&voucher.OfferRequest{Service: "messaging", ChainId: "top-msg-1"})
	require.NoError(t, err)
	_, _, err = b.Open(t.Context(), "peer", offer, newClient(offer, 10_000, 3).Open, b.reply)
	require.NoError(t, err)
}
