// Package attacks holds what only a whole chain can show of docs/security.md: each test is an attack, named by its number there, and its required outcome.
package attacks

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	solomachine "github.com/cosmos/ibc-go/v11/modules/light-clients/06-solomachine"

	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	issuancetypes "github.com/topnetwork/top/x/issuance/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

func abciInfo(err error) (space string, code uint32, log string) {
	return errorsmod.ABCIInfo(err, false)
}

// Attack 18 with a whole chain: what is not for users is refused, wrapped or not (app/base tests every depth and class).
func TestAttack18WrappedMessages(t *testing.T) {
	c := inprocess.New(t, "ann")
	packet := channeltypesv2.NewMsgSendPacket("07-tendermint-0", 1, address("ann"), channeltypesv2.NewPayload("billing", "usage", "top-billing-1", "application/x-protobuf", []byte{1}))
	params := &billingtypes.MsgUpdateParams{Authority: c.App.Authority, Params: billingtypes.DefaultParams()}
	own := &billingtypes.MsgUpdateParams{Authority: address("ann"), Params: billingtypes.DefaultParams()}
	exec := authz.NewMsgExec(inprocess.Account("ann"), []sdk.Msg{packet})
	again := authz.NewMsgExec(inprocess.Account("ann"), []sdk.Msg{own, &exec})
	for _, msg := range []sdk.Msg{packet, own, &exec, &again} {
		refused(t, c, sdkerrors.ErrUnauthorized, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("ann")}))
	}
	wrapped := authz.NewMsgExec(inprocess.Account("ann"), []sdk.Msg{params})
	refused(t, c, sdkerrors.ErrUnauthorized, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{&wrapped}, Signer: inprocess.Key("ann")}))
}

// Attack 19 with a whole chain: a proposal with parameters out of bounds does not even begin.
func TestAttack19ParametersOutOfBounds(t *testing.T) {
	c := inprocess.New(t, "ann")
	bad := billingtypes.DefaultParams()
	bad.WithdrawalDelayEpochs = 1
	msg, err := govv1.NewMsgSubmitProposal([]sdk.Msg{&billingtypes.MsgUpdateParams{Authority: c.App.Authority, Params: bad}}, sdk.NewCoins(sdk.NewInt64Coin("utop", 100_000)), address("ann"), "", "shorter", "shorter", false)
	require.NoError(t, err)
	refused(t, c, govtypes.ErrInvalidProposalMsg, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("ann")}))
}

func TestAttack20PaymentsToModules(t *testing.T) {
	c := inprocess.New(t, "ann")
	for _, module := range []string{billingtypes.ModuleName, servicestypes.ModuleName, authtypes.FeeCollectorName, "distribution", issuancetypes.ModuleName, "bonded_tokens_pool"} {
		msg := send("ann", "ann", 5)
		msg.ToAddress = authtypes.NewModuleAddress(module).String()
		refused(t, c, sdkerrors.ErrUnauthorized, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("ann")}))
	}
}

func TestAttack33OtherLightClients(t *testing.T) {
	c := inprocess.New(t, "ann")
	state := solomachine.NewClientState(1, &solomachine.ConsensusState{Timestamp: 1})
	msg, err := clienttypes.NewMsgCreateClient(state, &solomachine.ConsensusState{Timestamp: 1}, address("ann"))
	require.NoError(t, err)
	refused(t, c, nil, c.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("ann")}))
	require.Equal(t, []string{"07-tendermint"}, c.App.IBC.ClientKeeper.GetParams(c.Context()).AllowedClients)
}

// A genesis that somebody edited by hand fails validation, and where that cannot see it, the chain's start; never a block.
func TestAttack56EditedGenesis(t *testing.T) {
	edit := func(t *testing.T, state map[string]json.RawMessage, module string, change func(map[string]any)) {
		t.Helper()
		var gs map[string]any
		require.NoError(t, json.Unmarshal(state[module], &gs))
		change(gs)
		bz, err := json.Marshal(gs)
		require.NoError(t, err)
		state[module] = bz
	}
	for name, change := range map[string]func(*testing.T, map[string]json.RawMessage){
		"an account twice": func(t *testing.T, s map[string]json.RawMessage) {
			edit(t, s, "auth", func(gs map[string]any) { list := gs["accounts"].([]any); gs["accounts"] = append(list, list[0]) })
		},
		"more supply than coins": func(t *testing.T, s map[string]json.RawMessage) {
			edit(t, s, "bank", func(gs map[string]any) { gs["supply"].([]any)[0].(map[string]any)["amount"] = "7" })
		},
		"a balance twice": func(t *testing.T, s map[string]json.RawMessage) {
			edit(t, s, "bank", func(gs map[string]any) { list := gs["balances"].([]any); gs["balances"] = append(list, list[0]) })
		},
		"an escrow without coins": func(t *testing.T, s map[string]json.RawMessage) {
			edit(t, s, "billing", func(gs map[string]any) { gs["escrows"] = []any{map[string]any{"owner": address("ann"), "free": "5"}} })
		},
		"a credit line of nobody": func(t *testing.T, s map[string]json.RawMessage) {
			edit(t, s, "billing", func(gs map[string]any) {
				gs["credit_lines"] = []any{map[string]any{"owner": address("ann"), "chain_id": "top-msg-1", "credited": "5"}}
			})
		},
		"epochs of no block": func(t *testing.T, s map[string]json.RawMessage) {
			edit(t, s, "billing", func(gs map[string]any) { gs["epoch_blocks"] = "0" })
		},
		"a deposit without coins": func(t *testing.T, s map[string]json.RawMessage) {
			edit(t, s, "services", func(gs map[string]any) {
				gs["chains"] = []any{map[string]any{"chain_id": "top-msg-1", "type": "messaging", "operator": address("ann"), "deposit": "100000000"}}
			})
		},
		"a module that does not exist": func(_ *testing.T, s map[string]json.RawMessage) { s["bank"] = json.RawMessage(`{"supply": 5}`) },
	} {
		t.Run(name, func(t *testing.T) {
			c := inprocess.Unborn()
			state := c.Genesis(t, "ann")
			change(t, state)
			bz, err := json.Marshal(state)
			require.NoError(t, err)
			require.Error(t, start(c, bz))
		})
	}
	c := inprocess.Unborn()
	bz, err := json.Marshal(c.Genesis(t, "ann"))
	require.NoError(t, err)
	require.NoError(t, start(c, bz), "what nobody edited starts")
}

// start a chain; modules of the SDK answer a genesis that does not add up with a panic, which ends the process before the first block.
func start(c *inprocess.Chain, state []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errorsmod.Wrapf(sdkerrors.ErrPanic, "%v", r)
		}
	}()
	return c.InitChain(state)
}
