package voucher

import "errors"

// The classes of refusal; every error of this package wraps one of them.
var (
	// ErrMalformed: a field is missing, too long or out of order.
	ErrMalformed = errors.New("malformed")
	// ErrSignature: a signature does not verify.
	ErrSignature = errors.New("bad signature")
	// ErrMismatch: two records that should belong together do not.
	ErrMismatch = errors.New("mismatch")
	// ErrAmount: an amount is not what prices and usage give, or exceeds a cap.
	ErrAmount = errors.New("wrong amount")
	// ErrRegression: a voucher takes back what an earlier one granted.
	ErrRegression = errors.New("regression")
	// ErrTick: a preimage does not lead to the anchor, or its index does not rise.
	ErrTick = errors.New("bad tick")
)
