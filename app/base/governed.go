package base

import (
	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// Rule holds the messages of a proposal, in their order, against what the rest of the chain relies on: modules check their own parameters, and know nothing of the others'. It is asked
// when a proposal is submitted, for nobody should vote on what cannot be, and again before each message is executed, for the chain may have changed.
type Rule func(ctx sdk.Context, msgs []sdk.Msg) error

// AddRule of a chain for what governance may change; before Seal.
func (a *App) AddRule(r Rule) { a.rules = append(a.rules, r) }

// checkProposal asks every rule.
func (a *App) checkProposal(ctx sdk.Context, msgs []sdk.Msg) error {
	for _, rule := range a.rules {
		if err := rule(ctx, msgs); err != nil {
			return err
		}
	}
	return nil
}

// governed is the way of x/gov to the modules: every message is held against the rules.
type governed struct {
	baseapp.MessageRouter
	check Rule
}

// Handler of a message, nil where there is none.
func (g governed) Handler(msg sdk.Msg) baseapp.MsgServiceHandler {
	handle := g.MessageRouter.Handler(msg)
	if handle == nil {
		return nil
	}
	return func(ctx sdk.Context, msg sdk.Msg) (*sdk.Result, error) {
		if err := g.check(ctx, []sdk.Msg{msg}); err != nil {
			return nil, err
		}
		return handle(ctx, msg)
	}
}

// proposalDecorator holds what is proposed, however deep it is wrapped, against the rules. They read the state of several modules: nobody makes them do that without a signature.
type proposalDecorator struct{ check Rule }

// AnteHandle refuses transactions with a proposal that cannot be.
func (d proposalDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if err := d.checkAll(ctx, tx.GetMsgs()); err != nil {
		return ctx, err
	}
	return next(ctx, tx, simulate)
}

func (d proposalDecorator) checkAll(ctx sdk.Context, msgs []sdk.Msg) error {
	for _, msg := range msgs {
		if ClassOf(sdk.MsgTypeURL(msg)) != ClassWrapper {
			continue
		}
		inner, err := wrapped(msg)
		if err != nil {
			return err
		}
		if _, ok := msg.(*govv1.MsgSubmitProposal); ok {
			if err := d.check(ctx, inner); err != nil {
				return err
			}
		}
		// messageDecorator has bounded the depth.
		if err := d.checkAll(ctx, inner); err != nil {
			return err
		}
	}
	return nil
}
