package types

import (
	"fmt"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
)

// Bounds of parameters.
const (
	minTrustingPeriod, maxTrustingPeriod = time.Minute, 60 * 24 * time.Hour
	maxMaxClockDrift                     = 10 * time.Minute
	minKeptHeaders, maxKeptHeaders       = 2, 1000
)

// DefaultParams name no main chain. The trusting period is two thirds of the three weeks for which stake stays bonded to what it signed.
func DefaultParams() Params {
	return Params{TrustingPeriod: 14 * 24 * time.Hour, MaxClockDrift: 30 * time.Second, KeptHeaders: 200}
}

// Validate tells whether a light client can run with them.
func (p Params) Validate() error {
	switch {
	case len(p.MainChainId) > cmttypes.MaxChainIDLen:
		return fmt.Errorf("main_chain_id has %d bytes, at most %d", len(p.MainChainId), cmttypes.MaxChainIDLen)
	case p.TrustingPeriod < minTrustingPeriod || p.TrustingPeriod > maxTrustingPeriod:
		return fmt.Errorf("trusting_period is %s, want %s to %s, and less than the main chain's unbonding time", p.TrustingPeriod, minTrustingPeriod, maxTrustingPeriod)
	case p.MaxClockDrift <= 0 || p.MaxClockDrift > maxMaxClockDrift || p.MaxClockDrift >= p.TrustingPeriod:
		return fmt.Errorf("max_clock_drift is %s, want more than 0, at most %s and less than trusting_period", p.MaxClockDrift, maxMaxClockDrift)
	case p.KeptHeaders < minKeptHeaders || p.KeptHeaders > maxKeptHeaders:
		return fmt.Errorf("kept_headers is %d, want %d to %d", p.KeptHeaders, minKeptHeaders, maxKeptHeaders)
	}
	return nil
}
