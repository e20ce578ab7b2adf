package provider

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/refusal"
)

// restarted is a provider that has heard of the main chain, ended, and starts again while the main chain is down.
func restarted(t *testing.T, before func(*registry)) (ledger *registry, r *registrar, told, warned *[]string) {
	ledger = &registry{standing: good()}
	first, _, now := newRegistrar(t, ledger)
	*now = now.Add(time.Hour)
	if before != nil {
		before(ledger)
	}
	require.NoError(t, first.Step(t.Context()))
	require.NoError(t, first.Step(t.Context()))

	ledger.down, ledger.tries = errors.New("connection refused"), 0
	r, told, now = newRegistrar(t, ledger)
	*now = now.Add(2 * time.Hour)
	r.journal.path = first.journal.path
	warned = &[]string{}
	r.warn = func(text string) { *warned = append(*warned, text) }
	r.sessions.Halt(refusal.New(refusal.Unavailable, "the provider is starting"))
	return ledger, r, told, warned
}

// A provider that starts while the main chain is silent serves on what an earlier run was told, within its exposure, and says so; the main chain's next word counts again.
func TestProviderServesWhatItsJournalSays(t *testing.T) {
	ledger, r, told, warned := restarted(t, nil)
	for range 3 {
		require.NoError(t, r.Step(t.Context()))
		require.NoError(t, r.serves())
	}
	require.Equal(t, []string{""}, *told)
	require.Len(t, *warned, 1, "told once")
	require.Contains(t, (*warned)[0], "1000 utop")
	require.Contains(t, (*warned)[0], "chains.main")
	require.EqualValues(t, 1, gauge(t, r.metrics.unheard))
	require.Zero(t, ledger.tries, "nothing is registered on a chain that is silent")

	// The service chain falls silent too: no more is known than before, and no less.
	ledger.deaf = errors.New("connection refused")
	require.NoError(t, r.Step(t.Context()))
	require.NoError(t, r.serves())
	ledger.deaf = nil

	ledger.down = nil
	require.NoError(t, r.Step(t.Context()))
	require.NoError(t, r.serves())
	require.Equal(t, 1, ledger.tries)
	require.Equal(t, "", (*warned)[1])
	require.Zero(t, gauge(t, r.metrics.unheard))

	ledger.standing.Status = exiting
	require.NoError(t, r.Step(t.Context()))
	ledger.down = errors.New("connection refused")
	require.NoError(t, r.Step(t.Context()))
	require.Equal(t, refusal.Stopped, refusal.Code(r.serves()), "silence undoes nothing")
}

// What the journal cannot vouch for is not served: the reason names the remedy.
func TestProviderDoesNotServeOnItsJournalAlone(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*registry)
		after  func(*registry, *registrar)
		want   string
	}{
		"nothing was heard":           {nil, func(_ *registry, r *registrar) { require.NoError(t, os.Remove(r.journal.path)) }, "has not said since the start"},
		"a torn journal":              {nil, func(_ *registry, r *registrar) { require.NoError(t, os.WriteFile(r.journal.path, []byte("{"), 0o600)) }, "has not said since the start"},
		"of another account":          {nil, func(_ *registry, r *registrar) { r.ledger = other{r.ledger} }, "has not said since the start"},
		"left before":                 {func(l *registry) { l.standing.Status = exited }, nil, "has not said since the start"},
		"made inactive before":        {func(l *registry) { l.standing.Status, l.standing.Deposit = inactive, 1 }, nil, "has not said since the start"},
		"closes too soon":             {func(l *registry) { l.standing.ClosingEpoch = 24 }, nil, "closes with epoch 24"},
		"a closing could be missed":   {nil, func(_ *registry, r *registrar) { r.sessions.Roll(28) }, "last heard of in epoch 20"},
		"the service chain disowns":   {nil, func(l *registry, _ *registrar) { l.unknown = true }, "does not know the provider as active"},
		"the service chain is silent": {nil, func(l *registry, _ *registrar) { l.deaf = errors.New("no route") }, "neither chain says"},
		"a clock set back":            {nil, func(_ *registry, r *registrar) { r.exposure, r.now = 0, func() time.Time { return time.Time{} } }, "provider.exposure"},
		"nothing may be risked":       {nil, func(_ *registry, r *registrar) { r.exposure = 0 }, "provider.exposure"},
	} {
		t.Run(name, func(t *testing.T) {
			ledger, r, told, _ := restarted(t, c.before)
			if c.after != nil {
				c.after(ledger, r)
			}
			require.NoError(t, r.Step(t.Context()))
			require.Error(t, r.serves())
			require.Len(t, *told, 1)
			require.Contains(t, (*told)[0], c.want)
		})
	}
}

// other is the same network seen by another account.
type other struct{ Ledger }

func (other) Address() string { return "top1other" }

// A main chain that does not answer for a moment limits nothing; when it stays silent, the exposure does, and only until it is heard again.
func TestExposureBeginsWithSilence(t *testing.T) {
	ledger := &registry{standing: good()}
	r, told, now := newRegistrar(t, ledger)
	r.exposure = 0
	require.NoError(t, r.Step(t.Context()))
	ledger.down = errors.New("connection refused")
	*now = now.Add(r.silence - time.Second)
	require.NoError(t, r.Step(t.Context()))
	require.NoError(t, r.serves())
	*now = now.Add(time.Second)
	require.NoError(t, r.Step(t.Context()))
	require.ErrorContains(t, r.serves(), "provider.exposure")
	ledger.down = nil
	require.NoError(t, r.Step(t.Context()))
	require.NoError(t, r.serves())
	require.Len(t, *told, 3)
}
