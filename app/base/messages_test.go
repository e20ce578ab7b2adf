package base

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	billingtypes "github.com/topnetwork/top/x/billing/types"
)

func exec(msgs ...sdk.Msg) sdk.Msg {
	m := authz.NewMsgExec(sdk.AccAddress("grantee_____________"), msgs)
	return &m
}

func proposal(t *testing.T, msgs ...sdk.Msg) sdk.Msg {
	t.Helper()
	m, err := govv1.NewMsgSubmitProposal(msgs, nil, sdk.AccAddress("proposer____________").String(), "", "title", "summary", false)
	require.NoError(t, err)
	return m
}

// Attack 18: a message that may not stand in a transaction does not get in wrapped either, at any depth.
func TestMessagesKeepTheirWay(t *testing.T) {
	send, params, packet := &banktypes.MsgSend{}, &billingtypes.MsgUpdateParams{}, &channeltypesv2.MsgSendPacket{}
	for name, c := range map[string]struct {
		msg  sdk.Msg
		want error
	}{
		"a payment":                                   {send, nil},
		"a payment by grant":                          {exec(send), nil},
		"parameters proposed":                         {proposal(t, params), nil},
		"a payment proposed":                          {proposal(t, send), nil},
		"parameters":                                  {params, sdkerrors.ErrUnauthorized},
		"parameters by grant":                         {exec(params), sdkerrors.ErrUnauthorized},
		"parameters by grant of a grant":              {exec(exec(send, params)), sdkerrors.ErrUnauthorized},
		"parameters by grant in a proposal":           {proposal(t, exec(params)), sdkerrors.ErrUnauthorized},
		"a relayer shut out by the client's creator":  {&clienttypesv2.MsgUpdateClientConfig{}, sdkerrors.ErrUnauthorized},
		"a packet":                                    {packet, sdkerrors.ErrUnauthorized},
		"a packet by grant":                           {exec(packet), sdkerrors.ErrUnauthorized},
		"a packet proposed":                           {proposal(t, packet), sdkerrors.ErrUnauthorized},
		"legacy content in a proposal in a grant":     {exec(proposal(t, &govv1.MsgExecLegacyContent{})), sdkerrors.ErrNotSupported},
		"what this chain does not offer":              {&authz.MsgGrant{}, sdkerrors.ErrNotSupported},
		"what this chain does not offer, by grant":    {exec(&authz.MsgGrant{}), sdkerrors.ErrNotSupported},
		"a payment wrapped three times":               {exec(exec(exec(send))), nil},
		"a payment wrapped four times":                {exec(exec(exec(exec(send)))), sdkerrors.ErrInvalidRequest},
		"what the chain does not know, in a proposal": {proposal(t, &unknown{}), sdkerrors.ErrNotSupported},
	} {
		t.Run(name, func(t *testing.T) {
			err := messageDecorator{disabled: []string{sdk.MsgTypeURL(&authz.MsgGrant{})}}.checkMessages(sdk.Context{}, []sdk.Msg{send, c.msg}, false, 0)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.want)
		})
	}
}

// unknown is a message that nobody classified.
type unknown struct {
	billingtypes.QueryParamsRequest
}
