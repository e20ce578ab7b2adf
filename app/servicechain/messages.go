package servicechain

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/x/authz"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"

	"github.com/topnetwork/top/app/base"
)

// disabled are messages that this chain does not need: where nobody pays a fee, they would only make its state grow.
func disabled() []string {
	return append(
		// IBC v1: packets come and go by v2, which has neither connections nor channels.
		base.UserMessages("ibc.core.connection.v1", "ibc.core.channel.v1"),
		sdk.MsgTypeURL(&clienttypes.MsgDeleteClientCreator{}),
		// A grant makes an account for whoever gets it, and here accounts have quotas: they come with credit alone (docs/adr/003, 007).
		sdk.MsgTypeURL(&authz.MsgGrant{}), sdk.MsgTypeURL(&feegrant.MsgGrantAllowance{}),
	)
}

// restrict leaves light clients to those who found and run the chain: one of the main chain is all it needs, and another to recover that by governance.
func (a *App) restrict(ctx sdk.Context, msg sdk.Msg) error {
	create, ok := msg.(*clienttypes.MsgCreateClient)
	if !ok {
		return nil
	}
	founder, err := a.Usage.Founder(ctx)
	if err != nil || create.Signer == founder {
		return err
	}
	operator, err := a.Operators.Operators.Has(ctx, create.Signer)
	if err == nil && !operator {
		err = errorsmod.Wrapf(sdkerrors.ErrUnauthorized, "light clients are created by the chain's founder %s and its operators; %s may update them", founder, create.Signer)
	}
	return err
}
