package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/math"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/issuance"
	"github.com/topnetwork/top/x/issuance/types"
)

// account holds coins within a block alone, from minting to paying.
var account = authtypes.NewModuleAddress(types.ModuleName)

func coins(utop uint64) sdk.Coins {
	return sdk.NewCoins(sdk.NewCoin(types.Denom, math.NewIntFromUint64(utop)))
}

// dueMembers are the members that the last commit could hold the precommits of; validators[i] is members[i] as x/staking has it.
type dueMembers struct {
	members    []issuance.Member
	validators []stakingtypes.Validator
}

// due members with what stands behind them now: nobody can have delegated after seeing what this block pays. Who was removed since is due, and cannot be paid.
func (k *Keeper) due(ctx context.Context) (dueMembers, error) {
	votes := sdk.UnwrapSDKContext(ctx).VoteInfos()
	d := dueMembers{members: make([]issuance.Member, len(votes)), validators: make([]stakingtypes.Validator, len(votes))}
	for i, vote := range votes {
		v, err := k.staking.GetValidatorByConsAddr(ctx, vote.Validator.Address)
		if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
			continue
		}
		if err != nil {
			return d, err
		}
		d.validators[i] = v
		d.members[i] = issuance.Member{Signed: vote.BlockIdFlag == cmtproto.BlockIDFlagCommit, Tokens: v.GetTokens().Uint64()}
	}
	return d, nil
}
