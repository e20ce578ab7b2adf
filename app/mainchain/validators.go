package mainchain

import (
	"context"
	"encoding/json"
	"errors"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	distr "github.com/cosmos/cosmos-sdk/x/distribution"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	committeestypes "github.com/topnetwork/top/x/committees/types"
)

// The SDK's modules believe that whoever is bonded validates. Here x/committees says who does, and CometBFT hears of it from nobody else: two modules that return validator
// updates stop the chain.

// stakingModule is x/staking without its word to CometBFT.
type stakingModule struct{ staking.AppModule }

// InitGenesis bonds.
func (m stakingModule) InitGenesis(ctx sdk.Context, cdc codec.JSONCodec, bz json.RawMessage) []abci.ValidatorUpdate {
	m.AppModule.InitGenesis(ctx, cdc, bz)
	return nil
}

// EndBlock bonds and unbonds.
func (m stakingModule) EndBlock(ctx context.Context) ([]abci.ValidatorUpdate, error) {
	_, err := m.AppModule.EndBlock(ctx)
	return nil, err
}

// genutilModule is x/genutil without its word to CometBFT.
type genutilModule struct{ module.GenesisOnlyAppModule }

// InitGenesis executes the genesis transactions, which make validators.
func (m genutilModule) InitGenesis(ctx sdk.Context, cdc codec.JSONCodec, bz json.RawMessage) []abci.ValidatorUpdate {
	m.GenesisOnlyAppModule.InitGenesis(ctx, cdc, bz)
	return nil
}

// distrModule pays for recorded work: a block's fees go in equal parts to the members that were due, and only to those whose precommit is in its commit. The parts of the
// others go to the community pool, so that no proposer gains by leaving precommits out.
type distrModule struct {
	distr.AppModule
	keeper  distrkeeper.Keeper
	staking *stakingkeeper.Keeper
	bank    bankkeeper.Keeper
}

var feeCollector = authtypes.NewModuleAddress(authtypes.FeeCollectorName)

// BeginBlock is x/distribution's, with the members that are paid in place of those who were due: it would stop at a validator that was removed. Most blocks bring no fees; what
// x/issuance pays it allocates itself.
func (m distrModule) BeginBlock(ctx context.Context) error {
	s := sdk.UnwrapSDKContext(ctx)
	due := s.VoteInfos()
	if s.BlockHeight() > 1 && !m.bank.GetAllBalances(ctx, feeCollector).IsZero() {
		var paid []abci.VoteInfo
		for _, v := range due {
			_, err := m.staking.GetValidatorByConsAddr(ctx, v.Validator.Address)
			if err != nil && !errors.Is(err, stakingtypes.ErrNoValidatorFound) {
				return err
			}
			if err == nil && v.BlockIdFlag == cmtproto.BlockIDFlagCommit {
				v.Validator.Power = 1
				paid = append(paid, v)
			}
		}
		if err := m.keeper.AllocateTokens(ctx, int64(len(due)), paid); err != nil {
			return err
		}
	}
	return m.keeper.SetPreviousProposerConsAddr(ctx, s.BlockHeader().ProposerAddress)
}

// genesisValidators are the committee as a genesis names it.
func (a *App) genesisValidators(ctx sdk.Context) ([]cmttypes.GenesisValidator, error) {
	c, err := a.Committees.Committee(ctx)
	if err != nil {
		return nil, err
	}
	validators := make([]cmttypes.GenesisValidator, len(c.Members))
	for i, m := range c.Members {
		key := cmted25519.PubKey(m.Key)
		validators[i] = cmttypes.GenesisValidator{Address: key.Address(), PubKey: key, Power: committeestypes.Power, Name: m.Operator}
	}
	return validators, nil
}
