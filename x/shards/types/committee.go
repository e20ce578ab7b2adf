package types

import (
	"bytes"
	"slices"
	"strings"

	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	committeestypes "github.com/topnetwork/top/x/committees/types"
	"github.com/topnetwork/top/x/internal/account"
)

// Power of every member, as on the main chain.
const Power = committeestypes.Power

// MemberOf what x/committees says of an operator.
func MemberOf(m committeestypes.Member) Member {
	return Member{Operator: m.Operator, PubKey: m.Key, Power: Power}
}

// ConsAddress of the member's key.
func (m Member) ConsAddress() sdk.ConsAddress {
	return sdk.ConsAddress(cmted25519.PubKey(m.PubKey).Address())
}

// SortMembers by operators.
func SortMembers(members []Member) {
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Operator, b.Operator) })
}

// Operators of members.
func Operators(members []Member) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Operator
	}
	return out
}

// FindMember by its operator.
func FindMember(members []Member, operator string) (int, bool) {
	return slices.BinarySearchFunc(members, operator, func(m Member, o string) int { return strings.Compare(m.Operator, o) })
}

// SetOf members, as CometBFT has it. There is one at least.
func SetOf(members []Member) *cmttypes.ValidatorSet {
	validators := make([]*cmttypes.Validator, len(members))
	for i, m := range members {
		validators[i] = cmttypes.NewValidator(cmted25519.PubKey(m.PubKey), m.Power)
	}
	return cmttypes.NewValidatorSet(validators)
}

// GenesisValidators of a shard that begins with the committee.
func (c Committee) GenesisValidators() []cmttypes.GenesisValidator {
	validators := make([]cmttypes.GenesisValidator, len(c.Members))
	for i, m := range c.Members {
		key := cmted25519.PubKey(m.PubKey)
		validators[i] = cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: m.Power, Name: m.Operator}
	}
	return validators
}

// Same tells whether two committees sign alike: what CometBFT has of them is the same.
func (c Committee) Same(members []Member) bool {
	return slices.EqualFunc(c.Members, members, func(a, b Member) bool { return a.Operator == b.Operator && bytes.Equal(a.PubKey, b.PubKey) })
}

// checkMembers refuses what CometBFT would.
func checkMembers(members []Member) error {
	keys := map[string]bool{}
	for i, m := range members {
		if err := account.Check(ErrInvalid, "operator", m.Operator); err != nil {
			return err
		}
		if len(m.PubKey) != cmted25519.PubKeySize || keys[string(m.PubKey)] {
			return errorsmod.Wrapf(ErrInvalid, "the key of %s has %d bytes, want %d that no other member has", m.Operator, len(m.PubKey), cmted25519.PubKeySize)
		}
		keys[string(m.PubKey)] = true
		if m.Power != Power {
			return errorsmod.Wrapf(ErrInvalid, "%s has the power %d: every member has %d", m.Operator, m.Power, Power)
		}
		if i > 0 && members[i-1].Operator >= m.Operator {
			return errorsmod.Wrap(ErrInvalid, "members are not in ascending order of operators")
		}
	}
	return nil
}

// Validate checks a committee by itself.
func (c Committee) Validate() error {
	if c.Term == 0 || len(c.Members) == 0 || len(c.Members) > int(c.Seats) || c.Seats > maxSeats || len(c.Standbys) > maxSeats {
		return errorsmod.Wrapf(ErrInvalid, "term %d of %s has %d members in %d seats, and %d standbys: terms count from 1 on, want a member at least and as many seats or more, at most %d",
			c.Term, c.Shard, len(c.Members), c.Seats, len(c.Standbys), maxSeats)
	}
	if err := checkMembers(c.Members); err != nil {
		return errorsmod.Wrapf(err, "term %d of %s", c.Term, c.Shard)
	}
	seen := map[string]bool{}
	for _, operator := range slices.Concat(Operators(c.Members), c.Standbys) {
		if err := account.Check(ErrInvalid, "operator", operator); err != nil {
			return err
		}
		if seen[operator] {
			return errorsmod.Wrapf(ErrInvalid, "%s stands twice in term %d of %s", operator, c.Term, c.Shard)
		}
		seen[operator] = true
	}
	if !bytes.Equal(c.ValidatorsHash, SetOf(c.Members).Hash()) {
		return errorsmod.Wrapf(ErrInvalid, "term %d of %s has the hash %X, which is not that of its members", c.Term, c.Shard, c.ValidatorsHash)
	}
	if (c.Term == 1) && c.FirstHeight != 1 || c.DecidedHeight < 0 {
		return errorsmod.Wrapf(ErrInvalid, "term %d of %s begins at height %d: the first one at 1", c.Term, c.Shard, c.FirstHeight)
	}
	return nil
}

// maxSeats of a committee: params allow no more.
const maxSeats = 1_000
