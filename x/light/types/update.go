package types

import (
	"bytes"
	"errors"
	"time"

	errorsmod "cosmossdk.io/errors"

	cmtmath "github.com/cometbft/cometbft/libs/math"
	"github.com/cometbft/cometbft/light"
	cmttypes "github.com/cometbft/cometbft/types"
)

// trustLevel of the trusted validators that must have signed a header that is not the next one. A third would do for a chain whose committee hardly changes; this one's
// is drawn anew each epoch, and less than a third of those whom a shard knows must not decide what it believes.
var trustLevel = cmtmath.Fraction{Numerator: 2, Denominator: 3}

// DecodeUpdate of an encoded message, within its bounds.
func DecodeUpdate(bz []byte) (*Update, error) {
	if len(bz) > MaxUpdateBytes {
		return nil, errorsmod.Wrapf(ErrInvalid, "the update has %d bytes, at most %d", len(bz), MaxUpdateBytes)
	}
	u := &Update{}
	if err := u.Unmarshal(bz); err != nil {
		return nil, errorsmod.Wrap(ErrInvalid, err.Error())
	}
	return u, u.Check()
}

// Header that the update brings, not yet verified; within its bounds.
func (u *Update) Header() (*cmttypes.SignedHeader, error) {
	if err := u.Check(); err != nil {
		return nil, err
	}
	header, err := signedHeader(u.Block.SignedHeader)
	if err != nil {
		return nil, errorsmod.Wrap(ErrInvalid, err.Error())
	}
	if err := HeaderOf(header.Header).Validate(); err != nil {
		return nil, errorsmod.Wrap(ErrInvalid, err.Error())
	}
	return header, nil
}

// Verify the update's header from the trusted one of its trusted_height. Expired is ErrExpired, all else that is wrong ErrInvalid or ErrNotTrusted.
func (u *Update) Verify(header *cmttypes.SignedHeader, p Params, from Header, now time.Time) error {
	validators, err := validatorsOf(u.Block.ValidatorSet)
	if err != nil {
		return err
	}
	trusted := validators
	if u.TrustedValidators != nil {
		if trusted, err = validatorsOf(u.TrustedValidators); err != nil {
			return errorsmod.Wrap(err, "trusted_validators")
		}
	}
	if hash := trusted.Hash(); !bytes.Equal(hash, from.NextValidatorsHash) {
		return errorsmod.Wrapf(ErrNotTrusted, "the trusted validators have hash %X, header %d says %X; give those of height %d as trusted_validators", hash, from.Height, from.NextValidatorsHash, from.Height+1)
	}
	err = light.Verify(from.trusted(p.MainChainId), trusted, header, validators, p.TrustingPeriod, now, p.MaxClockDrift, trustLevel)
	if expired := (light.ErrOldHeaderExpired{}); errors.As(err, &expired) {
		return errorsmod.Wrapf(ErrExpired, "header %d of %s was to be trusted until %s", from.Height, from.Time, expired.At)
	}
	if err != nil {
		return errorsmod.Wrap(ErrNotTrusted, err.Error())
	}
	return nil
}
