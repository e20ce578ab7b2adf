package provider

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/relayer/metering"
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
	// tell is told why the provider is halted, and "" when it serves.
	tell func(reason string)

	standing Standing
	// decided tells that the provider serves or is halted for a reason; registered that this run has seen it registered.
	decided, registered bool
	reason              string
	pause               time.Duration
	retry               time.Time
}

// first steps until it is clear whether the provider serves.
func (r *registrar) first(ctx context.Context, poll time.Duration) error {
	for {
		if err := r.Step(ctx); err != nil || r.decided {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// Step looks at the main chain's record once. It fails when the configuration cannot be right.
func (r *registrar) Step(ctx context.Context) error {
	standing, err := r.ledger.Standing(ctx)
	switch {
	case err == nil:
		r.standing = standing
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		r.log.Warn("ask the main chain for the provider's standing", "err", err)
		if !r.decided {
			return nil
		}
	}
	if reason := r.standing.halt(r.ledger.ChainID(), r.sessions.Epoch(), r.registered); reason != "" {
		r.decide(reason)
		return nil
	}
	if !r.registered {
		if r.now().Before(r.retry) {
			return nil
		}
		if err := r.ledger.Register(ctx, r.want); err != nil {
			if ctx.Err() != nil || errors.Is(err, errOtherIdentity) {
				return err
			}
			r.pause = min(max(firstRetry, 2*r.pause), lastRetry)
			r.retry = r.now().Add(r.pause)
			r.decide("the registration was refused: " + err.Error())
			return nil
		}
		r.registered = true
	}
	r.decide("")
	return nil
}

// decide halts the sessions for a reason, or lets them go on, and says so once.
func (r *registrar) decide(reason string) {
	if r.decided && r.reason == reason {
		return
	}
	again := r.decided
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
