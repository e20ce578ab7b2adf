package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/relayer/faults"
	"github.com/topnetwork/top/relayer/metering"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

const (
	// A registration that a chain refused is tried again after firstRetry, then half as often each time, at least every lastRetry: each try asks the operator for a remedy.
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// registrar registers the provider and halts its sessions while they could not be paid for. Claims, proofs and disputes go on meanwhile.
type registrar struct {
	ledger   Ledger
	sessions *metering.Sessions
	want     Registration
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics
	// tell is told why the provider is halted, and "" when it serves; warn what it serves without knowing, and "" when it knows.
	tell, warn func(text string)
	journal    notebook
	// silence is for how long the main chain may say nothing before only exposure utop are risked, unclaimed, on what it said last.
	silence  time.Duration
	exposure uint64

	standing Standing
	heard    time.Time
	warning  string
	// decided tells that the provider serves or is halted for a reason; registered that this run has seen it registered.
	decided, registered bool
	reason              string
	pause               time.Duration
	retry               time.Time
	faults              faults.Told
}

// run steps until ctx ends: every poll until it is clear whether the provider serves, then every standing. It fails when the configuration cannot be right from the start.
func (r *registrar) run(ctx context.Context, poll, standing time.Duration) error {
	for {
		err := r.Step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !r.decided:
			return fmt.Errorf("register: %w", err)
		case err != nil:
			r.decide(err.Error())
		}
		pause := standing
		if !r.decided {
			pause = poll
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// Step looks at the main chain's record once. It fails when the configuration cannot be right.
func (r *registrar) Step(ctx context.Context) error {
	standing, err := r.ledger.Standing(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if news := r.faults.News("standing", err); err != nil {
		if news && r.decided {
			r.log.Warn("the main chain does not say whether the provider may serve, what it said last counts; check chains.main of config.yaml and its nodes", "err", err)
		}
		return r.unheard(ctx, err)
	}
	r.hear(standing)
	if reason := r.standing.halt(r.ledger.ChainID(), r.sessions.Epoch(), r.registered); reason != "" {
		r.decide(reason)
		return nil
	}
	if !r.registered {
		if r.now().Before(r.retry) {
			return nil
		}
		err := r.ledger.Register(ctx, r.want)
		switch {
		case err == nil:
			r.registered = true
			// True also when the main chain is not heard of again for a while.
			r.standing.Registered, r.standing.Status = true, servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE
		case ctx.Err() != nil || errors.Is(err, errOtherIdentity):
			return err
		case errors.Is(err, errPending) && r.decided:
			// It served on what the main chain said before, and now it is known to be otherwise.
			r.decide(err.Error())
			return nil
		case errors.Is(err, errPending):
			r.wait(err)
			return nil
		default:
			r.pause = min(max(firstRetry, 2*r.pause), lastRetry)
			r.retry = r.now().Add(r.pause)
			r.decide("the registration was refused: " + err.Error())
			return nil
		}
	}
	r.decide("")
	return nil
}

// wait says, each time that it changes, for what the provider waits before it can serve; the log hears of each once.
func (r *registrar) wait(err error) {
	if r.faults.News("wait", err) {
		r.log.Warn("no sessions yet", "reason", err)
	}
	if reason := err.Error(); r.reason != reason {
		r.reason = reason
		r.tell(reason)
	}
}

// decide halts the sessions for a reason, or lets them go on, and says so once.
func (r *registrar) decide(reason string) {
	if r.decided && r.reason == reason {
		return
	}
	again := r.decided
	r.faults.News("wait", nil)
	r.decided, r.reason = true, reason
	if reason != "" {
		r.sessions.Halt(refusal.New(refusal.Stopped, "%s", reason))
		r.metrics.halted.Set(1)
		r.log.Error("no new sessions; what is open is claimed", "reason", reason)
	} else {
		r.sessions.Resume()
		r.metrics.halted.Set(0)
		r.log.Info("serving", "again", again)
	}
	r.tell(reason)
}
