package messaging

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/messaging"
)

// bench is a store of mailboxes on a disk that can crash, with one recipient.
type bench struct {
	t   *testing.T
	fs  *vfs.MemFS
	db  *pebble.DB
	now time.Time
	*Mailboxes
	caps  Caps
	owner ed25519.PrivateKey
	recipientKey
}

func newBench(t *testing.T) *bench {
	b := &bench{
		t: t, fs: vfs.NewCrashableMem(), now: time.Unix(1_800_000_000, 0), owner: ed25519.NewKeyFromSeed(make([]byte, 32)),
		caps: Caps{Mailboxes: 2, Bytes: 40 << 10, MailboxBytes: 20 << 10, MailboxMessages: 8},
	}
	b.recipientKey = recipientKey(b.owner.Public().(ed25519.PublicKey))
	b.start()
	t.Cleanup(func() { _ = b.db.Close() })
	return b
}

func (b *bench) start() {
	var err error
	b.db, err = pebble.Open("db", &pebble.Options{FS: b.fs, Logger: silent{}})
	require.NoError(b.t, err)
	b.Mailboxes, err = OpenMailboxes(b.db, b.caps, 72*time.Hour, func() time.Time { return b.now })
	require.NoError(b.t, err)
}

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) { panic("database") }

func (b *bench) crash() {
	clone := b.fs.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(b.t, b.db.Close())
	b.fs = clone
	b.start()
}

func (b *bench) prekey(id uint64, lastResort bool) *messaging.Prekey {
	p, _, err := messaging.NewPrekey(rand.Reader, b.owner, id, lastResort, b.now.Add(time.Hour).Unix())
	require.NoError(b.t, err)
	return p
}

func (b *bench) publish() {
	_, err := b.Publish(b.recipientKey, []*messaging.Prekey{b.prekey(1000, true)})
	require.NoError(b.t, err)
}

func (b *bench) envelope(n uint64) *messaging.Envelope {
	return &messaging.Envelope{
		Recipient: b.recipientKey[:], PrekeyId: 1, Sealed: binary.BigEndian.AppendUint64(make([]byte, messaging.MinSealed-8), n),
	}
}

// pay commits what a deposit writes, as Sessions.Charge does.
func (b *bench) pay(write func(*pebble.Batch) error) error {
	batch := b.db.NewBatch()
	if err := write(batch); err != nil {
		return err
	}
	return batch.Commit(pebble.Sync)
}

func (b *bench) put(n uint64, session byte) (*messaging.Deposited, error) {
	return b.Put(b.envelope(n), [32]byte{session}, b.pay)
}

// waiting lists the numbers of the envelopes in the mailbox.
func (b *bench) waiting() []uint64 {
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	var got []uint64
	state, err := b.State(b.recipientKey)
	require.NoError(b.t, err)
	if state.Messages == 0 {
		return nil
	}
	err = b.Follow(ctx, b.recipientKey, func(e *messaging.Envelope) error {
		got = append(got, binary.BigEndian.Uint64(e.Sealed[messaging.MinSealed-8:]))
		if len(got) == int(state.Messages) {
			cancel()
		}
		return nil
	})
	require.ErrorIs(b.t, err, context.Canceled)
	return got
}

func (b *bench) ack(numbers ...uint64) uint32 {
	var ids [][]byte
	for _, n := range numbers {
		id := b.envelope(n).ID()
		ids = append(ids, id[:])
	}
	n, err := b.Ack(b.recipientKey, ids)
	require.NoError(b.t, err)
	return n
}

func TestMailbox(t *testing.T) {
	b := newBench(t)
	_, err := b.put(1, 1)
	require.ErrorIs(t, err, errUnknownRecipient)
	b.publish()
	for n := range uint64(3) {
		d, err := b.put(n, 1)
		require.NoError(t, err)
		require.True(t, d.Charged)
		require.False(t, d.Duplicate)
	}
	b.crash()
	require.Equal(t, []uint64{0, 1, 2}, b.waiting())
	d, err := b.put(1, 1)
	require.NoError(t, err)
	require.True(t, d.Duplicate)
	require.True(t, d.Charged, "its answer was lost: this session paid")
	d, err = b.put(1, 2)
	require.NoError(t, err)
	require.True(t, d.Duplicate)
	require.False(t, d.Charged, "another session paid")

	require.Equal(t, uint32(1), b.ack(1, 1, 77))
	b.crash()
	require.Equal(t, []uint64{0, 2}, b.waiting())
	d, err = b.put(1, 1)
	require.NoError(t, err)
	require.True(t, d.Duplicate, "delivered before: it does not come back")
	stranger := [32]byte{1}
	id := b.envelope(0).ID()
	n, err := b.Ack(stranger, [][]byte{id[:], nil})
	require.NoError(t, err)
	require.Zero(t, n, "only the recipient deletes")
}

func TestPutFails(t *testing.T) {
	b := newBench(t)
	b.publish()
	refused := errors.New("not paid")
	_, err := b.Put(b.envelope(1), [32]byte{1}, func(func(*pebble.Batch) error) error { return refused })
	require.ErrorIs(t, err, refused)
	require.Empty(t, b.waiting())
	d, err := b.put(1, 1)
	require.NoError(t, err)
	require.False(t, d.Duplicate)
}

func TestCaps(t *testing.T) {
	b := newBench(t)
	b.publish()
	for n := range uint64(8) {
		_, err := b.put(n, 1)
		require.NoError(t, err)
	}
	_, err := b.put(8, 1)
	require.ErrorIs(t, err, errMailboxFull)
	b.ack(0)
	_, err = b.put(8, 1)
	require.NoError(t, err)
	big := b.envelope(9)
	big.Sealed = make([]byte, 16<<10)
	b.ack(1, 2)
	_, err = b.Put(big, [32]byte{1}, b.pay)
	require.ErrorIs(t, err, errMailboxFull, "by bytes")
	b.Mailboxes.caps.Bytes = b.bytes
	_, err = b.put(10, 1)
	require.ErrorIs(t, err, errProviderFull)

	for seed := byte(1); seed < 3; seed++ {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
		p, _, err := messaging.NewPrekey(rand.Reader, key, 1, true, b.now.Add(time.Hour).Unix())
		require.NoError(t, err)
		_, err = b.Publish(recipientKey(p.Identity), []*messaging.Prekey{p})
		if seed == 1 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, errProviderFull)
		}
	}
}

func TestSweep(t *testing.T) {
	b := newBench(t)
	b.publish()
	_, err := b.put(1, 1)
	require.NoError(t, err)
	b.now = b.now.Add(48 * time.Hour)
	_, err = b.put(2, 1)
	require.NoError(t, err)
	b.ack(2)
	require.NoError(t, b.Sweep())
	require.Equal(t, []uint64{1}, b.waiting())
	b.now = b.now.Add(24*time.Hour + time.Second)
	require.NoError(t, b.Sweep())
	require.Empty(t, b.waiting())
	require.Zero(t, b.bytes)
	b.now = b.now.Add(72 * time.Hour)
	require.NoError(t, b.Sweep())
	count := 0
	require.NoError(t, b.each(prefix, nil, func([]byte, []byte) error { count++; return nil }))
	require.Zero(t, count, "an owner who has left leaves nothing")
	b.crash()
	require.Zero(t, b.bytes)
}

func TestPrekeys(t *testing.T) {
	b := newBench(t)
	_, err := b.Publish(b.recipientKey, []*messaging.Prekey{b.prekey(1, false)})
	require.ErrorIs(t, err, messaging.ErrPrekey, "a mailbox begins with a last-resort prekey")
	_, err = b.Take(b.recipientKey)
	require.ErrorIs(t, err, errUnknownRecipient)
	n, err := b.Publish(b.recipientKey, []*messaging.Prekey{b.prekey(1000, true), b.prekey(1, false), b.prekey(2, false)})
	require.NoError(t, err)
	require.Equal(t, uint32(2), n)
	p, err := b.Take(b.recipientKey)
	require.NoError(t, err)
	require.Equal(t, uint64(1), p.Id)
	b.crash()
	for _, want := range []uint64{2, 1000, 1000} {
		p, err := b.Take(b.recipientKey)
		require.NoError(t, err)
		require.Equal(t, want, p.Id, "a one-time prekey is given out once, also over a crash")
		require.Equal(t, want == 1000, p.LastResort)
	}
	_, err = b.Publish(b.recipientKey, []*messaging.Prekey{b.prekey(8, false), b.prekey(7, false)})
	require.NoError(t, err)
	for _, want := range []uint64{7, 8, 1000} {
		if want == 8 {
			_, err = b.Publish(b.recipientKey, []*messaging.Prekey{b.prekey(3, false)})
			require.NoError(t, err)
			p, err = b.Take(b.recipientKey)
			require.NoError(t, err)
			require.Equal(t, uint64(3), p.Id, "also one with a smaller id than those that are gone")
		}
		p, err = b.Take(b.recipientKey)
		require.NoError(t, err)
		require.Equal(t, want, p.Id)
	}
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, 32))
	forged, _, err := messaging.NewPrekey(rand.Reader, other, 1, false, b.now.Add(time.Hour).Unix())
	require.NoError(t, err)
	_, err = b.Publish(b.recipientKey, []*messaging.Prekey{forged})
	require.ErrorIs(t, err, messaging.ErrPrekey)
	var many []*messaging.Prekey
	for id := range uint64(messaging.MaxPrekeys + 1) {
		many = append(many, b.prekey(id+1, false))
	}
	_, err = b.Publish(b.recipientKey, many)
	require.ErrorIs(t, err, messaging.ErrPrekey)
	state, err := b.State(b.recipientKey)
	require.NoError(t, err)
	require.Zero(t, state.Prekeys, "all or nothing")

	_, err = b.Publish(b.recipientKey, []*messaging.Prekey{b.prekey(3, false)})
	require.NoError(t, err)
	b.now = b.now.Add(2 * time.Hour)
	_, err = b.Take(b.recipientKey)
	require.ErrorIs(t, err, errNoPrekey, "expired ones are not given out")
}

// TestFollow: a reader gets every envelope once, whatever the order in which writers reach the disk.
func TestFollow(t *testing.T) {
	b := newBench(t)
	b.Mailboxes.caps = DefaultCaps
	b.publish()
	const writers, each = 8, 25
	got := map[uint64]int{}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var work sync.WaitGroup
	for w := range uint64(writers) {
		work.Go(func() {
			for i := range uint64(each) {
				_, err := b.put(w*each+i, 1)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	err := b.Follow(ctx, b.recipientKey, func(e *messaging.Envelope) error {
		got[binary.BigEndian.Uint64(e.Sealed[messaging.MinSealed-8:])]++
		if len(got) == writers*each {
			cancel()
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	work.Wait()
	for n, times := range got {
		require.Equal(t, 1, times, n)
	}
}

// TestSameEnvelopeAtOnce: many deposits of one envelope at a time are stored and charged once.
func TestSameEnvelopeAtOnce(t *testing.T) {
	b := newBench(t)
	b.publish()
	var work sync.WaitGroup
	var mu sync.Mutex
	fresh, paid := 0, 0
	for range 16 {
		work.Go(func() {
			d, err := b.Put(b.envelope(1), [32]byte{1}, func(write func(*pebble.Batch) error) error {
				mu.Lock()
				paid++
				mu.Unlock()
				return b.pay(write)
			})
			if err != nil && !errors.Is(err, errInFlight) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !d.Duplicate {
				fresh++
			}
		})
	}
	work.Wait()
	require.Equal(t, 1, fresh)
	require.Equal(t, 1, paid)
	require.Equal(t, []uint64{1}, b.waiting())
}
