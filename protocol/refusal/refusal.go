// Package refusal names the reasons for which a provider does not serve. A code is a word that a client acts on; the
// reason beside it is for people.
package refusal

import (
	"errors"
	"fmt"

	"github.com/topnetwork/top/protocol/voucher"
)

const (
	// TickDue: pay ticks, then ask again.
	TickDue = "tick_due"
	// VoucherDue: sign a voucher over what was used, then ask again.
	VoucherDue = "voucher_due"
	// EpochOver: sign the final voucher and open a session of the new epoch.
	EpochOver = "epoch_over"
	// Stopped: the provider serves no more for now; sign the final voucher and use another provider.
	Stopped = "stopped"
	// CapReached: the session's cap is used up; open another.
	CapReached = "cap_reached"
	// CreditShort: the payer's sub-line or the session key's cap does not cover it; allot more.
	CreditShort = "credit_short"
	// KeyRefused: the session key is not in the payer's escrow or has expired.
	KeyRefused = "key_refused"
	// UnknownSession: no such session of this peer; open one.
	UnknownSession = "unknown_session"
	// Closed: the session was closed or already claimed.
	Closed = "closed"
	// BadFrame: a frame is malformed, forged or out of turn; sending it again does not help.
	BadFrame = "bad_frame"
	// WrongAmount: the voucher is not for what was used.
	WrongAmount = "wrong_amount"
	// Busy: too many sessions or offers.
	Busy = "busy"
	// Unavailable: the provider or its chain failed for now; try again.
	Unavailable = "unavailable"

	// UnknownRecipient: the provider keeps no mailbox of the recipient.
	UnknownRecipient = "unknown_recipient"
	// NoPrekey: the mailbox has no usable prekey.
	NoPrekey = "no_prekey"
	// MailboxFull: try again once the recipient has picked up, or another provider.
	MailboxFull = "mailbox_full"
	// ProviderFull: try another provider.
	ProviderFull = "provider_full"
	// NotAuthenticated: the request is for a mailbox's owner.
	NotAuthenticated = "not_authenticated"
)

// Error is a refusal as an error.
type Error struct{ Code, Reason string }

// New makes a refusal.
func New(code, format string, args ...any) *Error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return e.Code + ": " + e.Reason }

// Frame is the refusal as it goes to the client.
func (e *Error) Frame() *voucher.Refusal { return &voucher.Refusal{Code: e.Code, Reason: e.Reason} }

// maxReason bounds what a provider's words may fill a client's log with.
const maxReason = 256

// Of is a received refusal.
func Of(r *voucher.Refusal) *Error {
	reason := r.GetReason()
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	return &Error{Code: r.GetCode(), Reason: fmt.Sprintf("%q", reason)}
}

// As answers the refusal in err. Any other failure is the provider's own and is told without its details.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Unavailable, "the provider failed; try again")
}

// Code of the refusal in err, "" without one.
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
