package base

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/auth/ante"

	ibcante "github.com/cosmos/ibc-go/v11/modules/core/ante"
)

// anteHandler is the SDK's standard chain, plus the classes of messages and the IBC decorator that refuses packets another relayer has already delivered before they cost gas. A chain's own decorators
// come before fees are taken, or last.
func (a *App) anteHandler() sdk.AnteHandler {
	return sdk.ChainAnteDecorators(slices.Concat([]sdk.AnteDecorator{
		ante.NewSetUpContextDecorator(),
		ante.NewExtensionOptionsDecorator(nil),
		messageDecorator{a.disabled, a.restrict},
		ante.NewValidateBasicDecorator(),
		ante.NewTxTimeoutHeightDecorator(),
		ante.NewValidateMemoDecorator(a.Account),
		ante.NewConsumeGasForTxSizeDecorator(a.Account),
	}, a.feeDecorators, []sdk.AnteDecorator{
		ante.NewDeductFeeDecorator(a.Account, a.Bank, a.Feegrant, nil),
		ante.NewSetPubKeyDecorator(a.Account),
		ante.NewValidateSigCountDecorator(a.Account),
		ante.NewSigGasConsumeDecorator(a.Account, ante.DefaultSigVerificationGasConsumer),
		ante.NewSigVerificationDecorator(a.Account, a.TxConfig.SignModeHandler()),
		ante.NewIncrementSequenceDecorator(a.Account),
		proposalDecorator{a.checkProposal},
		ibcante.NewRedundantRelayDecorator(a.IBC),
	}, a.decorators)...)
}

// AddDecorators puts a chain's own decorators behind those that every chain has; before Seal.
func (a *App) AddDecorators(decorators ...sdk.AnteDecorator) {
	a.decorators = append(a.decorators, decorators...)
}

// AddFeeDecorators puts a chain's own decorators before fees are taken; before Seal.
func (a *App) AddFeeDecorators(decorators ...sdk.AnteDecorator) {
	a.feeDecorators = append(a.feeDecorators, decorators...)
}

// RestrictMessages lets a chain say who may sign a user's message, wherever it stands but in a proposal, which governance signs; before Seal.
func (a *App) RestrictMessages(restrict func(sdk.Context, sdk.Msg) error) { a.restrict = restrict }
