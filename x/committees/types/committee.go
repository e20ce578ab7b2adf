package types

import (
	"bytes"
	"slices"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"

	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/committee"
	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/internal/account"
)

// Power of every member. Which number it is decides nothing, as all have it; CometBFT rotates proposers by integers that it divides whenever the set changes, and at 1 all
// fractions would be lost. Light clients and tools print it as it is.
const Power = 1_000

// ConsAddress of the member's key.
func (m Member) ConsAddress() sdk.ConsAddress {
	return sdk.ConsAddress((&ed25519.PubKey{Key: m.Key}).Address())
}

// Update is the member as CometBFT is told of it; with power 0 it leaves.
func (m Member) Update(power int64) abci.ValidatorUpdate {
	return abci.UpdateValidator(m.Key, power, cmted25519.KeyType)
}

// Updates lead from one set to another: who is not in it any more goes, who was not is added. Nothing else is ever told, for CometBFT stops at the removal of a stranger.
func Updates(from, to []Member) []abci.ValidatorUpdate {
	var updates []abci.ValidatorUpdate
	for _, m := range Without(from, to) {
		updates = append(updates, m.Update(0))
	}
	for _, m := range Without(to, from) {
		updates = append(updates, m.Update(Power))
	}
	return updates
}

// Without answers the members whose keys are not among those of others.
func Without(members, others []Member) []Member {
	var out []Member
	for _, m := range members {
		if !slices.ContainsFunc(others, func(o Member) bool { return bytes.Equal(o.Key, m.Key) }) {
			out = append(out, m)
		}
	}
	return out
}

// Operators of members.
func Operators(members []Member) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Operator
	}
	return out
}

// SortMembers by operators.
func SortMembers(members []Member) {
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Operator, b.Operator) })
}

// Rule is the line as protocol/committee fills seats from it.
func (l Line) Rule() committee.Line {
	return committee.Line{Seats: int(l.Seats), Members: l.Members, Standbys: l.Standbys}
}

// NewLine of the rule's.
func NewLine(l committee.Line) Line {
	return Line{Seats: uint32(l.Seats), Members: l.Members, Standbys: l.Standbys}
}

// check refuses a line that no election gives: seats are filled from it, and a name that stands twice would have two.
func (l Line) check() error {
	if len(l.Members) == 0 || len(l.Members) > int(l.Seats) || l.Seats > sortition.MaxSize || len(l.Standbys) > sortition.MaxSize {
		return errorsmod.Wrapf(ErrInvalid, "the line has %d seats, %d members and %d standbys: want a member at least, and as many seats as members or more, at most %d",
			l.Seats, len(l.Members), len(l.Standbys), sortition.MaxSize)
	}
	seen := map[string]bool{}
	for _, operator := range slices.Concat(l.Members, l.Standbys) {
		if err := account.Check(ErrInvalid, "operator", operator); err != nil {
			return err
		}
		if seen[operator] {
			return errorsmod.Wrapf(ErrInvalid, "%s stands twice in the line: one seat, or one place as standby", operator)
		}
		seen[operator] = true
	}
	return nil
}

// checkMembers refuses what CometBFT would.
func checkMembers(members []Member) error {
	keys := map[string]bool{}
	for i, m := range members {
		if err := account.Check(ErrInvalid, "operator", m.Operator); err != nil {
			return err
		}
		if len(m.Key) != ed25519.PubKeySize || keys[string(m.Key)] {
			return errorsmod.Wrapf(ErrInvalid, "the key of %s has %d bytes, want %d that no other member has", m.Operator, len(m.Key), ed25519.PubKeySize)
		}
		keys[string(m.Key)] = true
		if i > 0 && members[i-1].Operator >= m.Operator {
			return errorsmod.Wrap(ErrInvalid, "members are not in ascending order of operators")
		}
	}
	return nil
}
