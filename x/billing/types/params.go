package types

import errorsmod "cosmossdk.io/errors"

// Bounds of the parameters.
const (
	maxWindowEpochs    = 100_000
	maxFeeBps          = 5_000
	maxListed          = 64
	maxPayoutsPerBlock = 10_000
	// MaxPacketTimeout is IBC v2's limit, in seconds.
	MaxPacketTimeout = 86_400
	// ClaimAndProofEpochs is how long a service chain may take from the end of an epoch to the settlement packet, the wait for a seed included: a withdrawal must wait longer, and x/usage fits its
	// windows into it.
	ClaimAndProofEpochs = 10
	// MaxPayoutWindow: x/usage keeps the debits of a settlement for so many epochs after its acknowledgement, and without them nobody can dispute a payout.
	MaxPayoutWindow = 8
	maxExposureBps  = 1_000_000
)

// DefaultParams of x/billing.
func DefaultParams() Params {
	return Params{
		WithdrawalDelayEpochs: 14, PayoutWindowEpochs: 1, FeeBps: 100, MaxSessionKeys: 16, MaxDelegations: 16,
		MaxPayoutsPerBlock: 200, PacketTimeoutSeconds: 3_600, MinCredit: 1,
		DisputeBond: 100_000, AnswerWindowEpochs: 2, ExposureBps: 100_000,
	}
}

// Validate holds each parameter against its bounds and the windows against each other.
func (p Params) Validate() error {
	for _, b := range []struct {
		name            string
		value, min, max uint64
	}{
		{"withdrawal_delay_epochs", p.WithdrawalDelayEpochs, 1, maxWindowEpochs},
		{"payout_window_epochs", p.PayoutWindowEpochs, 1, maxWindowEpochs},
		{"fee_bps", uint64(p.FeeBps), 0, maxFeeBps},
		{"max_session_keys", uint64(p.MaxSessionKeys), 1, maxListed},
		{"max_delegations", uint64(p.MaxDelegations), 0, maxListed},
		{"max_payouts_per_block", uint64(p.MaxPayoutsPerBlock), 1, maxPayoutsPerBlock},
		{"packet_timeout_seconds", p.PacketTimeoutSeconds, 60, MaxPacketTimeout},
		{"min_credit", p.MinCredit, 1, 1 << 60},
		{"dispute_bond", p.DisputeBond, 1, 1 << 60},
		{"answer_window_epochs", p.AnswerWindowEpochs, 1, maxWindowEpochs},
		{"exposure_bps", uint64(p.ExposureBps), 1, maxExposureBps},
	} {
		if b.value < b.min || b.value > b.max {
			return errorsmod.Wrapf(ErrInvalid, "%s is %d, want %d to %d", b.name, b.value, b.min, b.max)
		}
	}
	if p.PayoutWindowEpochs > MaxPayoutWindow {
		return errorsmod.Wrapf(ErrInvalid, "payout_window_epochs is %d: service chains keep the debits that disputes are about for %d epochs; lower it to that", p.PayoutWindowEpochs, MaxPayoutWindow)
	}
	if p.WithdrawalDelayEpochs <= p.PayoutWindowEpochs+p.AnswerWindowEpochs+ClaimAndProofEpochs {
		return errorsmod.Wrapf(ErrInvalid, "withdrawal_delay_epochs is %d: it must exceed payout_window_epochs (%d) + answer_window_epochs (%d) by more than %d, the time for claim and proof",
			p.WithdrawalDelayEpochs, p.PayoutWindowEpochs, p.AnswerWindowEpochs, ClaimAndProofEpochs)
	}
	return nil
}

// CheckChange refuses a change that shortens a window: promises made under the longer one are outstanding.
func (p Params) CheckChange(next Params) error {
	if err := next.Validate(); err != nil {
		return err
	}
	if next.WithdrawalDelayEpochs < p.WithdrawalDelayEpochs || next.PayoutWindowEpochs < p.PayoutWindowEpochs || next.AnswerWindowEpochs < p.AnswerWindowEpochs {
		return errorsmod.Wrapf(ErrInvalid, "windows never shorten: withdrawal delay %d to %d, payout window %d to %d, answer window %d to %d",
			p.WithdrawalDelayEpochs, next.WithdrawalDelayEpochs, p.PayoutWindowEpochs, next.PayoutWindowEpochs, p.AnswerWindowEpochs, next.AnswerWindowEpochs)
	}
	return nil
}
