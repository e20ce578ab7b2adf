package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/x/committees/types"
)

// Staking is x/staking as x/slashing and x/evidence see it. They were written for validators whose power in CometBFT is their stake and who stay in the set while they are
// bonded: here powers are equal, and members come and go. So punishment is measured by the tokens at the infraction height, and what cannot be punished any more is reported;
// an error would stop the chain.
type Staking struct {
	*stakingkeeper.Keeper
	committees *Keeper
	reputation types.ReputationKeeper
}

// NewStaking adapts x/staking. What it tells is set when it is built: that needs x/slashing, which needs this.
func NewStaking(k *stakingkeeper.Keeper) *Staking { return &Staking{Keeper: k} }

// SetKeepers gives the adapter its record of tokens, and whom it tells of equivocations.
func (s *Staking) SetKeepers(k *Keeper, reputation types.ReputationKeeper) {
	s.committees, s.reputation = k, reputation
}

// ValidatorByConsAddr is nil for a validator that was removed.
func (s *Staking) ValidatorByConsAddr(ctx context.Context, addr sdk.ConsAddress) (stakingtypes.ValidatorI, error) {
	v, err := s.GetValidatorByConsAddr(ctx, addr)
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return nil, nil //nolint:nilnil // what x/slashing and x/evidence expect
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// IsValidatorJailed is true for a validator that was removed: its votes are not counted.
func (s *Staking) IsValidatorJailed(ctx context.Context, addr sdk.ConsAddress) (bool, error) {
	v, err := s.ValidatorByConsAddr(ctx, addr)
	return v == nil || v.IsJailed(), err
}

// Jail a validator that is there and not jailed.
func (s *Staking) Jail(ctx context.Context, addr sdk.ConsAddress) error {
	v, err := s.ValidatorByConsAddr(ctx, addr)
	if err != nil {
		return err
	}
	if v == nil || v.IsJailed() {
		return report(ctx, addr, "not jailed: it was removed, or is jailed")
	}
	return s.Keeper.Jail(ctx, addr)
}

// SlashWithInfractionReason slashes; two votes for one height cost the reputation too.
func (s *Staking) SlashWithInfractionReason(ctx context.Context, addr sdk.ConsAddress, height, power int64, fraction math.LegacyDec, reason stakingtypes.Infraction) (math.Int, error) {
	if reason == stakingtypes.Infraction_INFRACTION_DOUBLE_SIGN {
		if err := s.reputation.RecordEquivocation(ctx, addr); err != nil {
			return math.Int{}, err
		}
	}
	return s.Slash(ctx, addr, height, power, fraction)
}

// Slash takes a fraction of the tokens that stood behind a validator at the infraction height, exactly to the utop. The power that CometBFT knows is not looked at.
func (s *Staking) Slash(ctx context.Context, addr sdk.ConsAddress, height, _ int64, fraction math.LegacyDec) (math.Int, error) {
	v, err := s.GetValidatorByConsAddr(ctx, addr)
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return math.ZeroInt(), report(ctx, addr, "not slashed: it was removed")
	}
	if err != nil {
		return math.Int{}, err
	}
	if v.IsUnbonded() {
		// Its unbonding time is over, and clients have stopped trusting what it signed.
		return math.ZeroInt(), report(ctx, addr, "not slashed: it is unbonded")
	}
	if now := sdk.UnwrapSDKContext(ctx).BlockHeight(); height > now {
		return math.ZeroInt(), report(ctx, addr, "not slashed: the infraction lies in the future")
	}
	utop, err := s.committees.TokensAt(ctx, v, height)
	if err != nil {
		return math.Int{}, err
	}
	power, scaled := scale(math.NewIntFromUint64(utop), s.PowerReduction(ctx), fraction)
	return s.Keeper.Slash(ctx, addr, height, power, scaled)
}

// scale answers the power and the fraction by which x/staking, that knows whole units of power alone, takes fraction × tokens: one unit more than the tokens have, and as much
// less of it. Rounding up makes the product at least what is wanted, by less than a utop, and x/staking truncates.
func scale(tokens, reduction math.Int, fraction math.LegacyDec) (power int64, scaled math.LegacyDec) {
	units := tokens.Add(reduction).SubRaw(1).Quo(reduction)
	if units.IsZero() {
		return 0, fraction
	}
	return units.Int64(), fraction.MulInt(tokens).QuoRoundUp(math.LegacyNewDecFromInt(units.Mul(reduction)))
}

func report(ctx context.Context, addr sdk.ConsAddress, reason string) error {
	s := sdk.UnwrapSDKContext(ctx)
	s.Logger().Error("punishment without effect", "module", types.ModuleName, "validator", addr.String(), "reason", reason)
	return s.EventManager().EmitTypedEvent(&types.EventNotSlashed{Address: addr.String(), Reason: reason})
}
