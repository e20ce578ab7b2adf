package attacks

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// Whatever stands in a block: it is decoded, checked, executed or refused, the block is committed and the books hold.
func FuzzTransaction(f *testing.F) {
	c := inprocess.New(f, "ann", "bob")
	for _, msg := range []sdk.Msg{
		send("ann", "bob", 1),
		&billingtypes.MsgDeposit{Owner: address("ann"), Amount: 5},
		&billingtypes.MsgAddSessionKey{Signer: address("ann"), Owner: address("ann"), Key: make([]byte, 32), CapUtop: 5, ExpiresEpoch: 9},
		&billingtypes.MsgDispute{Payer: address("ann"), ChainId: "top-msg-1", Provider: address("bob"), SessionKey: make([]byte, 32), Amount: 1},
		&billingtypes.MsgAnswerDispute{Provider: address("ann"), ChainId: "top-msg-1", Payer: address("bob"), SessionKey: make([]byte, 32)},
		&servicestypes.MsgRegisterServiceChain{Operator: address("ann"), ChainId: "top-vpn-1", Type: "vpn", Deposit: 100_000_000},
	} {
		f.Add(c.Sign(f, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key("ann")}))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if tx, err := c.App.TxConfig.TxDecoder()(raw); err == nil {
			for _, msg := range tx.GetMsgs() {
				if v, ok := msg.(sdk.HasValidateBasic); ok {
					_ = v.ValidateBasic()
				}
				// What decodes is a message that the chain knows, and every one of those is classified.
				require.NotZero(t, base.ClassOf(sdk.MsgTypeURL(msg)))
			}
		}
		c.Block(t, raw)
		require.NoError(t, c.App.Billing.Invariants(c.Context()))
		require.NoError(t, c.App.Services.Invariants(c.Context()))
	})
}
