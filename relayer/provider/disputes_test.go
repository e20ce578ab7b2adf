package provider

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const (
	disputeChain = "top-msg-1"
	disputeEpoch = 7
)

var (
	nodeKey  = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	payerKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
)

// evidenceOf a session with that nonce over messages of 100 utop.
func evidenceOf(nonce, quantity uint64, change ...func(*voucher.Evidence)) *voucher.Evidence {
	offer := &voucher.Offer{
		ChainId: disputeChain, Service: "messaging", Provider: "top1provider", ProviderKey: nodeKey.Public().(ed25519.PublicKey),
		Prices: []*voucher.Price{{Measure: "message", Utop: 100}}, TickUtop: 10, FloatUtop: 1000, VoucherUtop: 500, Epoch: disputeEpoch,
	}
	offer.Sign(nodeKey)
	hash, anchor := offer.Hash(), voucher.NewHashChain([32]byte{1}, 1000).Anchor()
	open := &voucher.Open{
		OfferHash: hash[:], Payer: "top1payer", SessionKey: payerKey.Public().(ed25519.PublicKey), Anchor: anchor[:], MaxTicks: 1000, CapUtop: 10_000, Nonce: nonce,
	}
	open.Sign(payerKey)
	id := open.SessionID()
	v := &voucher.Voucher{
		ChainId: disputeChain, SessionId: id[:], Number: 1, Epoch: disputeEpoch, Quality: &voucher.Quality{},
		Usage: []*voucher.Usage{{Measure: "message", Quantity: quantity}}, AmountUtop: 100 * quantity,
	}
	v.SignClient(payerKey)
	v.SignProvider(nodeKey)
	e := &voucher.Evidence{Offer: offer, Open: open, Voucher: v}
	for _, c := range change {
		c(e)
	}
	return e
}

// journal of n sessions in rising order of their ids.
func journal(n int) []*voucher.Evidence {
	var all []*voucher.Evidence
	for i := range n {
		all = append(all, evidenceOf(uint64(i), 1))
	}
	slices.SortFunc(all, func(a, b *voucher.Evidence) int { return bytes.Compare(a.Voucher.SessionId, b.Voucher.SessionId) })
	return all
}

func all(list []*voucher.Evidence) iter.Seq2[*voucher.Evidence, error] {
	return func(yield func(*voucher.Evidence, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func disputeOver(utop uint64) billingtypes.Dispute {
	return billingtypes.Dispute{
		ChainId: disputeChain, Epoch: 8, Provider: "top1provider", ClaimEpoch: disputeEpoch, Payer: "top1payer", SessionKey: payerKey.Public().(ed25519.PublicKey),
		Amount: utop, Status: billingtypes.DisputeStatus_DISPUTE_STATUS_OPEN, DeadlineEpoch: 10,
	}
}

// count is x/billing's rule for one answer.
func count(t *testing.T, d *billingtypes.Dispute, m *billingtypes.MsgAnswerDispute) {
	t.Helper()
	require.NotEmpty(t, m.Evidence)
	require.LessOrEqual(t, len(m.Evidence), 64)
	for _, e := range m.Evidence {
		require.NoError(t, voucher.VerifyEvidence(e, d.ChainId, d.ClaimEpoch))
		require.Positive(t, bytes.Compare(e.Voucher.SessionId, d.LastSession), "session ids rise from message to message")
		d.LastSession, d.Shown = e.Voucher.SessionId, d.Shown+e.Voucher.AmountUtop
	}
}

func TestAnswersShowEnoughInRisingOrder(t *testing.T) {
	for _, c := range []struct{ vouchers, disputed, messages int }{{1, 1, 1}, {64, 64, 1}, {65, 65, 2}, {150, 130, 3}, {150, 10, 1}} {
		d, evidence := disputeOver(uint64(100*c.disputed)), journal(c.vouchers)
		messages := 0
		for d.Shown < d.Amount {
			msg, missing, err := answer(d, all(evidence))
			require.NoError(t, err)
			require.Zero(t, missing)
			count(t, &d, msg)
			messages++
		}
		require.Equal(t, c.messages, messages, "%+v", c)
		require.EqualValues(t, 100*c.disputed, d.Shown, "no more than needed")
	}
}

func TestVouchersThatDoNotCountAreLeftOut(t *testing.T) {
	good := evidenceOf(1, 1)
	for name, change := range map[string]func(*voucher.Evidence){
		"another payer":    func(e *voucher.Evidence) { e.Open.Payer = "top1other"; e.Open.Sign(payerKey) },
		"another provider": func(e *voucher.Evidence) { e.Offer.Provider = "top1other"; e.Offer.Sign(nodeKey) },
		"a broken voucher": func(e *voucher.Evidence) { e.Voucher.AmountUtop++ },
		"nothing":          func(e *voucher.Evidence) { *e = voucher.Evidence{} },
	} {
		msg, missing, err := answer(disputeOver(200), all([]*voucher.Evidence{evidenceOf(2, 1, change), good}))
		require.NoError(t, err, name)
		require.Nil(t, msg, "a part of the debit saves nothing")
		require.EqualValues(t, 100, missing, name)
		msg, missing, err = answer(disputeOver(100), all([]*voucher.Evidence{evidenceOf(2, 1, change), good}))
		require.NoError(t, err, name)
		require.Zero(t, missing, name)
		require.Equal(t, []*voucher.Evidence{good}, msg.Evidence, name)
	}
	broken := func(yield func(*voucher.Evidence, error) bool) { yield(nil, errors.New("disk")) }
	_, _, err := answer(disputeOver(100), broken)
	require.ErrorContains(t, err, "disk")
}

func TestVouchersAreKeptUntilNobodyCanAsk(t *testing.T) {
	payout := func(s billingtypes.PayoutStatus) *billingtypes.Payout { return &billingtypes.Payout{Status: s} }
	settled := usagetypes.ClaimStatus_CLAIM_STATUS_SETTLED
	for _, c := range []struct {
		claim  usagetypes.ClaimStatus
		payout *billingtypes.Payout
		want   bool
	}{
		{usagetypes.ClaimStatus_CLAIM_STATUS_CHALLENGED, nil, true},
		{usagetypes.ClaimStatus_CLAIM_STATUS_PROVEN, nil, true},
		{usagetypes.ClaimStatus_CLAIM_STATUS_FORFEITED, nil, false},
		{settled, nil, true}, // on its way, however long
		{settled, payout(billingtypes.PayoutStatus_PAYOUT_STATUS_PENDING), true},
		{settled, payout(billingtypes.PayoutStatus_PAYOUT_STATUS_DISPUTED), true},
		{settled, payout(billingtypes.PayoutStatus_PAYOUT_STATUS_HELD), true},
		{settled, payout(billingtypes.PayoutStatus_PAYOUT_STATUS_PAID), false},
		{settled, payout(billingtypes.PayoutStatus_PAYOUT_STATUS_CANCELLED), false},
	} {
		require.Equal(t, c.want, liable(usagetypes.Claim{Status: c.claim}, c.payout), "%+v", c)
	}
}

// One question per kept epoch, once per epoch: what was dropped is not asked for again.
func TestTidyAsksForWhatIsKept(t *testing.T) {
	c := &landlord{liable: map[uint64]bool{6: true}}
	m, err := newMetrics(prometheus.NewRegistry(), nil)
	require.NoError(t, err)
	s := &shelf{epochs: []uint64{5, 6, 7}}
	d := &disputes{ledger: c, store: s, log: slog.New(slog.DiscardHandler), metrics: m}
	for c.epoch = 20; c.epoch < 23; c.epoch++ {
		d.Step(t.Context())
		d.Step(t.Context())
	}
	require.Equal(t, []uint64{6}, s.epochs)
	require.Equal(t, []uint64{5, 6, 7, 6, 6}, c.asked)
}

// landlord is a ledger without disputes that knows for which epochs the provider is liable.
type landlord struct {
	Ledger
	epoch  uint64
	liable map[uint64]bool
	asked  []uint64
}

func (l *landlord) Disputes(context.Context) ([]billingtypes.Dispute, error) { return nil, nil }
func (l *landlord) Epoch(context.Context) (uint64, error)                    { return l.epoch, nil }
func (l *landlord) Liable(_ context.Context, epoch uint64) (bool, error) {
	l.asked = append(l.asked, epoch)
	return l.liable[epoch], nil
}

// shelf is an archive of which only the epochs matter.
type shelf struct {
	archive
	epochs []uint64
}

func (s *shelf) Archived() ([]uint64, error) { return slices.Clone(s.epochs), nil }
func (s *shelf) DropArchive(epoch uint64) error {
	s.epochs = slices.DeleteFunc(s.epochs, func(e uint64) bool { return e == epoch })
	return nil
}

// court is a main chain with disputes, as the provider's Step sees it.
type court struct {
	Ledger
	t        *testing.T
	disputes []billingtypes.Dispute
	fail     error
	answers  int
}

func (c *court) Disputes(context.Context) ([]billingtypes.Dispute, error) {
	var open []billingtypes.Dispute
	for _, d := range c.disputes {
		if d.Shown < d.Amount {
			open = append(open, d)
		}
	}
	return open, nil
}

func (c *court) SubmitAnswer(_ context.Context, m *billingtypes.MsgAnswerDispute) (uint64, error) {
	if err := c.fail; err != nil {
		c.fail = nil
		return 0, err
	}
	i := slices.IndexFunc(c.disputes, func(d billingtypes.Dispute) bool {
		return d.ID() == billingtypes.DisputeID(m.Provider, m.ClaimEpoch, m.Payer, m.SessionKey)
	})
	require.GreaterOrEqual(c.t, i, 0, "it answers a dispute that there is")
	count(c.t, &c.disputes[i], m)
	c.answers++
	return c.disputes[i].Amount - min(c.disputes[i].Amount, c.disputes[i].Shown), nil
}

// kept is an archive in memory.
type kept []*voucher.Evidence

func (k kept) Evidence(epoch uint64, payer string, key []byte) iter.Seq2[*voucher.Evidence, error] {
	return all(slices.DeleteFunc(slices.Clone(k), func(e *voucher.Evidence) bool {
		return e.Voucher.Epoch != epoch || e.Open.Payer != payer || !bytes.Equal(e.Open.SessionKey, key)
	}))
}
func (kept) Archived() ([]uint64, error) { return nil, nil }
func (kept) DropArchive(uint64) error    { return fmt.Errorf("nothing is dropped here") }

// Step by step, with a failing transaction between: everything that can be answered is, and what cannot holds up nothing.
func TestStepsAnswerEveryDispute(t *testing.T) {
	hopeless := disputeOver(100)
	hopeless.SessionKey = bytes.Repeat([]byte{9}, 32)
	c := &court{t: t, disputes: []billingtypes.Dispute{hopeless, disputeOver(7_000)}, fail: errors.New("connection lost")}
	registry := prometheus.NewRegistry()
	m, err := newMetrics(registry, nil)
	require.NoError(t, err)
	s := &disputes{ledger: c, store: kept(journal(70)), log: slog.New(slog.DiscardHandler), metrics: m, told: map[string]bool{}}
	for range 5 {
		s.Step(t.Context())
	}
	require.Equal(t, 2, c.answers, "70 vouchers take two messages, and no third follows")
	require.EqualValues(t, 7_000, c.disputes[1].Shown)
	require.Zero(t, c.disputes[0].Shown)
}
