package provider

import (
	"context"
	"fmt"
	"time"

	servicestypes "github.com/topnetwork/top/x/services/types"
)

// hear notes what the main chain says.
func (r *registrar) hear(standing Standing) {
	r.standing, r.heard = standing, r.now()
	r.sessions.Unbound()
	r.caution("")
	err := r.journal.write(heard{ChainID: r.ledger.ChainID(), Address: r.ledger.Address(), At: r.heard, Standing: standing})
	if r.faults.News("journal", err) {
		r.log.Warn("what the main chain says is not kept for a start without it; check the disk of provider.data", "err", err)
	}
}

// unheard decides without the main chain. A closing that was announced meanwhile cannot come before the notice is over (Standing.halt); whether the provider is still
// active under its key and prices, and what payers have, the service chain knows. What remains is that the main chain's epochs go on unseen until what was used can no
// longer be claimed: that much is bounded by the exposure.
func (r *registrar) unheard(ctx context.Context, cause error) error {
	if !r.decided {
		h, found := r.journal.recall(r.ledger.ChainID(), r.ledger.Address())
		if !found || !h.Standing.Registered || h.Standing.Status != servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE {
			r.wait(fmt.Errorf("the main chain has not said since the start whether the provider may serve; vouchers and claims go on; check chains.main of config.yaml and its nodes: %w", cause))
			return nil
		}
		r.standing, r.heard = h.Standing, h.At
	}
	if !r.standing.Registered || r.standing.Status != servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE {
		return nil // what was decided when it was heard of still holds
	}
	if reason := r.standing.halt(r.ledger.ChainID(), r.sessions.Epoch(), true); reason != "" {
		r.decide(reason)
		return nil
	}
	switch known, err := r.ledger.Known(ctx, r.want); {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !r.decided:
		r.wait(fmt.Errorf("neither chain says whether the provider may serve; check chains.main and chains.service of config.yaml and their nodes: %w", err))
		return nil
	case err == nil && !known:
		r.decide(fmt.Sprintf("%s does not know the provider as active with this key and these prices, and the main chain does not answer: sessions begin when it does; check chains.main of config.yaml and its nodes", r.ledger.ChainID()))
		return nil
	}
	// A last word from the future is a clock that was set back: how long the silence lasts is unknown.
	if silent := r.now().Sub(r.heard); silent < 0 || silent >= r.silence {
		r.sessions.Bound(r.exposure)
		r.caution(fmt.Sprintf("the main chain was last heard of at %s, in epoch %d, and what it said then counts until %d utop are used and not claimed (provider.exposure); check chains.main of config.yaml and its nodes",
			r.heard.UTC().Format(time.RFC3339), r.standing.Epoch, r.exposure))
		if r.sessions.AtBound() {
			r.decide(fmt.Sprintf("%d utop (provider.exposure) are used and not claimed, and the main chain does not answer: more might never be paid; check chains.main of config.yaml and its nodes", r.exposure))
			return nil
		}
	}
	r.decide("")
	return nil
}

// caution tells once what the provider serves without knowing.
func (r *registrar) caution(text string) {
	if r.warning == text {
		return
	}
	r.warning = text
	r.metrics.unheard.Set(0)
	if text != "" {
		r.metrics.unheard.Set(1)
		r.log.Warn("serving without the main chain", "limit", text)
	}
	r.warn(text)
}
