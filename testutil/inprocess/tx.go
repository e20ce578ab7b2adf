package inprocess

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/topnetwork/top/app/base"
)

// Gas limit of every transaction.
const Gas = 2_000_000

// Tx is a transaction that a test may spoil before it is signed.
type Tx struct {
	Messages []sdk.Msg
	// Signer's key; its account signs.
	Signer *secp256k1.PrivKey
	// ChainID that the signature names; the chain's own if empty.
	ChainID string
	// Change the builder before signing.
	Change func(client.TxBuilder)
	// Sequence, if not the account's.
	Sequence *uint64
}

// Sign a transaction and encode it.
func (c *Chain) Sign(t testing.TB, x Tx) []byte {
	t.Helper()
	return sign(t, c.App.Base(), c.Context(), x)
}

// sign for a chain in the state of ctx.
func sign(t testing.TB, app *base.App, ctx sdk.Context, x Tx) []byte {
	t.Helper()
	builder := app.TxConfig.NewTxBuilder()
	require.NoError(t, builder.SetMsgs(x.Messages...))
	builder.SetGasLimit(Gas)
	if x.Change != nil {
		x.Change(builder)
	}
	addr := sdk.AccAddress(x.Signer.PubKey().Address())
	data := authsigning.SignerData{Address: addr.String(), ChainID: ctx.ChainID(), PubKey: x.Signer.PubKey()}
	if x.ChainID != "" {
		data.ChainID = x.ChainID
	}
	if acc := app.Account.GetAccount(ctx, addr); acc != nil {
		data.AccountNumber, data.Sequence = acc.GetAccountNumber(), acc.GetSequence()
	}
	if x.Sequence != nil {
		data.Sequence = *x.Sequence
	}
	mode := signing.SignMode_SIGN_MODE_DIRECT
	// The signer info is part of what is signed.
	blank := signing.SignatureV2{PubKey: x.Signer.PubKey(), Data: &signing.SingleSignatureData{SignMode: mode}, Sequence: data.Sequence}
	require.NoError(t, builder.SetSignatures(blank))
	sig, err := tx.SignWithPrivKey(context.Background(), mode, data, builder, x.Signer, app.TxConfig, data.Sequence)
	require.NoError(t, err)
	require.NoError(t, builder.SetSignatures(sig))
	bz, err := app.TxConfig.TxEncoder()(builder.GetTx())
	require.NoError(t, err)
	return bz
}

// Send signs messages by a name and puts them into a block of their own.
func (c *Chain) Send(t testing.TB, name string, msgs ...sdk.Msg) *abci.ExecTxResult {
	t.Helper()
	return c.Block(t, c.Sign(t, Tx{Messages: msgs, Signer: Key(name)})).TxResults[0]
}
