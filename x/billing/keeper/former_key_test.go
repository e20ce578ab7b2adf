package keeper_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// A provider left, and came back with another key, before a late settlement of its earlier work arrived: it answers for that with what the former key signed.
func TestFormerKeyAnswersDisputes(t *testing.T) {
	n := served(t)
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	session := books.Session("pat", "ann", epoch, 12, 1)
	c := books.NewClaim(t, "pat", epoch, session)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, n.Challenged(t, "pat", epoch).Seed, usagetypes.DefaultParams().Samples))
	require.NoError(t, err)

	pat := books.Address("pat")
	_, err = books.Do(n.Main.Ctx, n.Main.Services.ExitProvider, &servicestypes.MsgExitProvider{Address: pat, ChainId: books.ServiceID})
	require.NoError(t, err)
	nextEpochs(t, n, types.DefaultParams().WithdrawalDelayEpochs)
	_, err = books.Do(n.Main.Ctx, n.Main.Services.WithdrawProviderDeposit, &servicestypes.MsgWithdrawProviderDeposit{Address: pat, ChainId: books.ServiceID})
	require.NoError(t, err)
	again := books.Registration("pat")
	again.Key = books.Public("pat's second")
	again.KeySignature = ed25519.Sign(books.Key("pat's second"), voucher.ProviderKeySignBytes(books.MainID, books.ServiceID, pat, again.Key))
	_, err = books.Do(n.Main.Ctx, n.Main.Services.RegisterProvider, again)
	require.NoError(t, err)

	gs, err := n.Main.Services.ExportGenesis(n.Main.Ctx)
	require.NoError(t, err)
	require.Equal(t, []servicestypes.FormerKey{{ChainId: books.ServiceID, Address: pat, Key: books.Public("pat")}}, gs.FormerKeys)
	require.NoError(t, gs.Validate())

	n.ToMain().Deliver(t)
	msg := dispute(t, n, "ann", epoch)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.Dispute, msg)
	require.NoError(t, err)
	_, err = books.Do(n.Main.Ctx, n.Main.Billing.AnswerDispute, answer(msg, session))
	require.NoError(t, err)
	require.Equal(t, types.DisputeStatus_DISPUTE_STATUS_ANSWERED, export(t, n).Disputes[0].Status)
}
