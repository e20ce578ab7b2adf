package provider

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/metering"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// short is a ledger on which a key's sub-line covers so much.
type short struct {
	Ledger
	line uint64
}

func (short) ChainID() string { return disputeChain }

func (s short) Guarantee(context.Context, string, []byte) (metering.Guarantee, error) {
	return metering.Guarantee{Claimable: s.line, KeyKnown: true, KeyExpires: disputeEpoch}, nil
}

// A voucher that its payer does not cover is told once, however often the claim is tried, and counted as lost when its epoch is over and not before: payers may allot more.
func TestLostVouchersAreCountedOnceAndWhenItIsFinal(t *testing.T) {
	var log bytes.Buffer
	m := newCounters(t)
	c := &claims{ledger: short{line: 250}, log: slog.New(slog.NewTextHandler(&log, nil)), metrics: m}
	evidence := []*voucher.Evidence{evidenceOf(1, 1), evidenceOf(2, 2), evidenceOf(3, 3)}
	for range 10 {
		fitting, err := c.claimable(t.Context(), disputeEpoch, evidence, Terms{MaxDebits: 10})
		require.NoError(t, err)
		require.Len(t, fitting, 1)
		require.EqualValues(t, 200, fitting[0].Voucher.AmountUtop)
	}
	require.Equal(t, 2, strings.Count(log.String(), "voucher not claimed"), log.String())
	require.Zero(t, counter(t, m.lost))
	require.EqualValues(t, 400, c.over(metering.Past{Epoch: disputeEpoch, Evidence: evidence}, 200))
	require.EqualValues(t, 400, counter(t, m.lost))
	require.Zero(t, c.over(metering.Past{Epoch: disputeEpoch}, 200), "from another database")
}

// What fails each second for one reason is one fault.
func TestFaultsOfClaimsAndDisputesAreCountedOnce(t *testing.T) {
	var log bytes.Buffer
	m := newCounters(t)
	c := &claims{log: slog.New(slog.NewTextHandler(&log, nil)), metrics: m}
	s := &disputes{ledger: deaf{}, store: emptyArchive{}, log: c.log, metrics: m, told: map[string]bool{}}
	for range 10 {
		c.note(t.Context(), subject(7), "claim", errors.New("mempool is full"))
		s.Step(t.Context())
	}
	c.note(t.Context(), subject(8), "claim", errors.New("mempool is full"))
	require.EqualValues(t, 2, counter(t, m.claimErrors))
	require.EqualValues(t, 1, counter(t, m.disputeErrors))
	require.Equal(t, 3, strings.Count(log.String(), "level=WARN"), log.String())
	c.note(t.Context(), subject(7), "claim", nil)
	c.note(t.Context(), subject(7), "claim", errors.New("mempool is full"))
	require.EqualValues(t, 3, counter(t, m.claimErrors))
}

// deaf is a main chain that does not answer.
type deaf struct{ Ledger }

func (deaf) Disputes(context.Context) ([]billingtypes.Dispute, error) {
	return nil, errors.New("connection refused")
}

// emptyArchive has no vouchers.
type emptyArchive struct{ archive }

func (emptyArchive) Archived() ([]uint64, error) { return nil, nil }

func counter(t *testing.T, c prometheus.Collector) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(c))
	families, err := registry.Gather()
	require.NoError(t, err)
	return families[0].Metric[0].Counter.GetValue()
}

// newCounters of a provider whose sessions do not matter.
func newCounters(t *testing.T) *metrics {
	t.Helper()
	r, _, _ := newRegistrar(t, &registry{})
	return r.metrics
}
