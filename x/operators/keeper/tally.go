package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

var _ govkeeper.CalculateVoteResultsAndVotingPowerFn = (*Keeper)(nil).CalculateVoteResultsAndVotingPower

// CalculateVoteResultsAndVotingPower tallies a proposal by the operators' power: a service chain has no stake to vote with. Votes of others count nothing.
// It returns the power that voted, the power of all operators, and the weight per option, and removes the votes, as x/gov's own tally does.
func (k *Keeper) CalculateVoteResultsAndVotingPower(ctx context.Context, gov govkeeper.Keeper, proposal govv1.Proposal) (math.LegacyDec, math.Int, map[govv1.VoteOption]math.LegacyDec, error) {
	none := math.LegacyZeroDec()
	results := map[govv1.VoteOption]math.LegacyDec{
		govv1.OptionYes: none, govv1.OptionAbstain: none, govv1.OptionNo: none, govv1.OptionNoWithVeto: none,
	}
	ops, err := k.all(ctx)
	if err != nil {
		return none, math.ZeroInt(), nil, err
	}
	total := math.ZeroInt()
	power := map[string]int64{}
	for _, o := range ops {
		total = total.AddRaw(o.Power)
		power[o.Address] = o.Power
	}

	voted := none
	var counted []collections.Pair[uint64, sdk.AccAddress]
	err = gov.Votes.Walk(ctx, collections.NewPrefixedPairRange[uint64, sdk.AccAddress](proposal.Id),
		func(key collections.Pair[uint64, sdk.AccAddress], vote govv1.Vote) (bool, error) {
			counted = append(counted, key)
			p, ok := power[vote.Voter]
			if !ok {
				return false, nil
			}
			for _, option := range vote.Options {
				weight, err := math.LegacyNewDecFromStr(option.Weight)
				if err != nil {
					return false, err
				}
				results[option.Option] = results[option.Option].Add(weight.MulInt64(p))
			}
			voted = voted.Add(math.LegacyNewDec(p))
			return false, nil
		})
	if err != nil {
		return none, math.ZeroInt(), nil, err
	}
	for _, key := range counted {
		if err := gov.Votes.Remove(ctx, key); err != nil {
			return none, math.ZeroInt(), nil, err
		}
	}
	return voted, total, results, nil
}
