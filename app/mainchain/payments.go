package mainchain

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
)

// checkPayment refuses payments between users where they pay each other on shards (x/gate). Modules pay on: what governance sends, fees, stakes, deposits, packets.
func (a *App) checkPayment(ctx sdk.Context, msg sdk.Msg) error {
	switch msg.(type) {
	case *banktypes.MsgSend, *banktypes.MsgMultiSend:
		return a.Gate.CheckPayment(ctx)
	}
	return nil
}

// paymentRule holds what governance would do by a user's grant to the same; what it pays itself is a module's.
func (a *App) paymentRule(ctx sdk.Context, msgs []sdk.Msg) error { return a.checkGranted(ctx, msgs, 0) }

func (a *App) checkGranted(ctx sdk.Context, msgs []sdk.Msg, depth int) error {
	for _, msg := range msgs {
		if depth > 0 {
			if err := a.checkPayment(ctx, msg); err != nil {
				return err
			}
		}
		exec, ok := msg.(*authz.MsgExec)
		if !ok {
			continue
		}
		inner, err := exec.GetMessages()
		if err != nil {
			return err
		}
		if err := a.checkGranted(ctx, inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}
