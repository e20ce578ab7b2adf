package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/x/shards/types"
)

// pool is what committees are drawn from.
type pool struct {
	epoch      uint64
	seed       sortition.Seed
	candidates []sortition.Candidate
	members    map[string]types.Member
}

// pool of an epoch: what the main chain's committee is drawn from, without those that cannot sit.
func (k *Keeper) pool(ctx context.Context, epoch uint64) (pool, error) {
	seed, candidates, err := k.Sortition.Pool(ctx, epoch)
	if err != nil {
		return pool{}, err
	}
	return k.ableOf(ctx, pool{epoch: epoch, seed: seed}, candidates)
}

// founders are drawn from while there has been no election: x/staking's bonded validators with their tokens.
func (k *Keeper) founders(ctx context.Context, epoch uint64) (pool, error) {
	seed, err := k.Sortition.FirstSeed(ctx)
	if err != nil {
		return pool{}, err
	}
	validators, err := k.Staking.GetBondedValidatorsByPower(ctx)
	if err != nil {
		return pool{}, err
	}
	// Weights sum up in 64 bits: no more coins exist.
	candidates := make([]sortition.Candidate, 0, len(validators))
	for _, v := range validators {
		address, err := sdk.ValAddressFromBech32(v.GetOperator())
		if err != nil {
			return pool{}, err
		}
		candidates = append(candidates, sortition.Candidate{Operator: sdk.AccAddress(address).String(), Weight: math.MaxInt(v.GetTokens(), math.OneInt()).Uint64()})
	}
	return k.ableOf(ctx, pool{epoch: epoch, seed: seed}, candidates)
}

func (k *Keeper) ableOf(ctx context.Context, p pool, candidates []sortition.Candidate) (pool, error) {
	p.members = make(map[string]types.Member, len(candidates))
	for _, c := range candidates {
		m, whyNot, err := k.Committees.Able(ctx, c.Operator)
		if err != nil {
			return pool{}, err
		}
		if whyNot == "" && c.Weight > 0 {
			p.candidates = append(p.candidates, c)
			p.members[c.Operator] = types.MemberOf(m)
		}
	}
	return p, nil
}

// beside counts the candidates that are not excluded.
func (p pool) beside(exclude []string) (n int) {
	out := make(map[string]bool, len(exclude))
	for _, name := range exclude {
		out[name] = true
	}
	for _, c := range p.candidates {
		if !out[c.Operator] {
			n++
		}
	}
	return n
}

// draw a committee.
func (p pool) draw(c sortition.Committee, exclude []string) (sortition.Outcome, error) {
	return sortition.Election{Committee: c, Epoch: p.epoch, Seed: p.seed, Candidates: p.candidates, Exclude: exclude}.Run()
}

// seat operators: by the keys that they have now; who is no candidate any more and sits on, by the one it had.
func (p pool) seat(operators []string, before []types.Member) []types.Member {
	members := make([]types.Member, 0, len(operators))
	for _, operator := range operators {
		m, ok := p.members[operator]
		if !ok {
			i, found := types.FindMember(before, operator)
			if !found {
				continue
			}
			m = before[i]
		}
		members = append(members, m)
	}
	types.SortMembers(members)
	return members
}
