package types

import "fmt"

// DefaultGenesisState has no main chain.
func DefaultGenesisState() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate tells what is wrong.
func (gs *GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return fmt.Errorf("params: %w", err)
	}
	if gs.Params.MainChainId == "" {
		if len(gs.Headers) > 0 || gs.Frozen != nil {
			return fmt.Errorf("headers or frozen without a main chain: name it in params.main_chain_id")
		}
		return nil
	}
	if len(gs.Headers) == 0 {
		return fmt.Errorf("headers: there is none of %s to trust; take a recent one from a node of your own", gs.Params.MainChainId)
	}
	if len(gs.Headers) > int(gs.Params.KeptHeaders) {
		return fmt.Errorf("headers: %d, params.kept_headers are %d", len(gs.Headers), gs.Params.KeptHeaders)
	}
	for i, h := range gs.Headers {
		if err := h.Validate(); err != nil {
			return fmt.Errorf("headers: %w", err)
		}
		if i > 0 && (h.Height <= gs.Headers[i-1].Height || !h.Time.After(gs.Headers[i-1].Time)) {
			return fmt.Errorf("headers: %d of %s comes after %d of %s; order them by height, each later than the one before", h.Height, h.Time, gs.Headers[i-1].Height, gs.Headers[i-1].Time)
		}
	}
	if gs.Frozen != nil {
		if err := gs.Frozen.validate(gs.Params.MainChainId); err != nil {
			return fmt.Errorf("frozen: %w", err)
		}
	}
	return nil
}

// Behind a height of the main chain: what is trusted is older. One that has no main chain, or is frozen, never is: it takes no header.
func (gs *GenesisState) Behind(height int64) bool {
	return gs.Params.MainChainId != "" && gs.Frozen == nil && len(gs.Headers) > 0 && gs.Headers[len(gs.Headers)-1].Height < height
}

// Renew the trust of a shard that is behind, by a header of its own node's; the lowest beyond what is kept go.
func (gs *GenesisState) Renew(h Header) {
	gs.Headers = append(gs.Headers, h)
	gs.Headers = gs.Headers[max(0, len(gs.Headers)-int(gs.Params.KeptHeaders)):]
}

// validate that the two headers cannot both be. Signatures were verified when it was proven; who signed is no longer known here.
func (m *Misbehaviour) validate(chainID string) error {
	if err := m.Kept.Validate(); err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	other, err := signedHeader(&m.Other)
	if err != nil {
		return fmt.Errorf("other: %w", err)
	}
	if err := other.ValidateBasic(chainID); err != nil {
		return fmt.Errorf("other: %w", err)
	}
	if reason := m.Kept.Contradicts(other.Header); reason == "" || reason != m.Reason {
		return fmt.Errorf("reason is %q, the headers say %q", m.Reason, reason)
	}
	return nil
}
