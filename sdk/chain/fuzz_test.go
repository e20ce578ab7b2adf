package chain

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// A node's response data decodes or is refused; nothing in it makes a client panic.
func FuzzResponses(f *testing.F) {
	bz, err := (&sdk.TxMsgData{MsgResponses: []*codectypes.Any{{TypeUrl: "/top.billing.v1.MsgDepositResponse"}}}).Marshal()
	require.NoError(f, err)
	f.Add(hex.EncodeToString(bz))
	f.Add("1")
	f.Add("")
	f.Fuzz(func(_ *testing.T, data string) {
		responses, err := decodeResponses(data)
		if err != nil {
			return
		}
		for _, r := range responses {
			_ = r.GetTypeUrl()
		}
	})
}
