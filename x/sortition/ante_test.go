package sortition_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"

	"github.com/topnetwork/top/x/sortition"
	"github.com/topnetwork/top/x/sortition/types"
)

// Only a transaction of exactly one proof or seal, of bounded gas, passes without the node's minimum fee.
func TestOnlyPublicationsAreFree(t *testing.T) {
	config := moduletestutil.MakeTestEncodingConfig(sortition.AppModule{}).TxConfig
	proof, seal, params := &types.MsgPublishProof{}, &types.MsgSeal{}, &types.MsgUpdateParams{}
	for name, c := range map[string]struct {
		msgs []sdk.Msg
		gas  uint64
		free bool
	}{
		"a proof":               {[]sdk.Msg{proof}, 400_000, true},
		"a seal":                {[]sdk.Msg{seal}, 500_000, true},
		"two proofs":            {[]sdk.Msg{proof, proof}, 400_000, false},
		"a proof and a seal":    {[]sdk.Msg{proof, seal}, 400_000, false},
		"a proof and something": {[]sdk.Msg{proof, params}, 400_000, false},
		"something":             {[]sdk.Msg{params}, 400_000, false},
		"a proof of much gas":   {[]sdk.Msg{proof}, 500_001, false},
	} {
		t.Run(name, func(t *testing.T) {
			builder := config.NewTxBuilder()
			require.NoError(t, builder.SetMsgs(c.msgs...))
			builder.SetGasLimit(c.gas)
			minimum := sdk.NewDecCoins(sdk.NewInt64DecCoin("utop", 1))
			out, err := sortition.FeeDecorator{}.AnteHandle(sdk.Context{}.WithMinGasPrices(minimum), builder.GetTx(), false,
				func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) { return ctx, nil })
			require.NoError(t, err)
			require.Equal(t, c.free, out.MinGasPrices().IsZero())
		})
	}
}
