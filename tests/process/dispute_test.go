//go:build process

package process

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/sdk/keyfile"
	"github.com/topnetwork/top/testutil/fault"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// allot gives a courier a session key and allots a provider a part of its credit.
func (c *courier) allot(service *chain.Client, provider string) ed25519.PrivateKey {
	c.t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(c.t, err)
	epoch, err := billingtypes.NewQueryClient(c.main.Conn()).Epoch(c.t.Context(), &billingtypes.QueryEpochRequest{})
	require.NoError(c.t, err)
	c.must(&billingtypes.MsgAddSessionKey{Signer: c.key.Address(), Owner: c.key.Address(), Key: public, CapUtop: 100_000, ExpiresEpoch: epoch.Epoch + 1_000},
		&billingtypes.MsgOpenCreditLine{Owner: c.key.Address(), ChainId: net.Service.ID, Amount: 50_000})
	c.arrival()
	_, err = service.Send(c.t.Context(), c.key, &usagetypes.MsgAllot{Owner: c.key.Address(), Provider: provider, SessionKey: public, Amount: 20_000})
	require.NoError(c.t, err)
	return key
}

// sign a voucher for all that is billed and wait for the provider's signature.
func (f *freeloader) sign(key ed25519.PrivateKey, bill *voucher.Bill) *voucher.Voucher {
	f.t.Helper()
	id := f.state.ID()
	v := &voucher.Voucher{
		ChainId: net.Service.ID, SessionId: id[:], Number: 1, Epoch: f.state.Offer.Epoch, Usage: bill.Usage, AmountUtop: bill.DueUtop, Quality: &voucher.Quality{},
	}
	v.SignClient(key)
	f.tell(&voucher.ClientFrame{Frame: &voucher.ClientFrame_Voucher{Voucher: v}})
	for {
		var m voucher.ProviderFrame
		require.NoError(f.t, f.bills.Read(&m))
		require.Nil(f.t, m.GetRefusal())
		if signed := m.GetVoucher(); signed != nil {
			return signed
		}
	}
}

// A payer disputes what its key signed. The provider, killed in between, answers by itself from its journal: it is paid and has the payer's bond.
func TestDisputedProviderAnswersByItself(t *testing.T) {
	c := newCourier(t, courierUser)
	service, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Service.Nodes[0].GRPC})
	require.NoError(t, err)
	t.Cleanup(func() { _ = service.Close() })
	const index = 1
	provider := net.Providers[index]
	key := c.allot(service, provider.Address)

	recipient, err := keyfile.Load(filepath.Join(net.Dir, net.Users[1].Name, "identity.key"))
	require.NoError(t, err)
	_, sender, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	f := openSession(t, c.key.Address(), key, index)
	f.pay(paidMessages * messageCost)
	for range paidMessages {
		require.Empty(t, f.deposit(sender, recipient.Public().(ed25519.PublicKey), "paid and disputed"))
	}
	bill := f.billed(func(b *voucher.Bill) bool { return b.DueUtop == paidMessages*messageCost })
	f.sign(key, bill)
	epoch := f.state.Offer.Epoch

	// Claimed, proven, settled: the payout waits for its window.
	usage, billing := usagetypes.NewQueryClient(service.Conn()), billingtypes.NewQueryClient(c.main.Conn())
	payoutOf := func(ctx context.Context, settled uint64) (billingtypes.Payout, error) {
		res, err := billing.Payouts(ctx, &billingtypes.QueryPayoutsRequest{ChainId: net.Service.ID})
		if err != nil {
			return billingtypes.Payout{}, err
		}
		for _, p := range res.Payouts {
			if p.Epoch == settled && p.Provider == provider.Address {
				return p, nil
			}
		}
		return billingtypes.Payout{}, fmt.Errorf("no payout of epoch %d", settled)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var settled uint64
	require.NoError(t, process.Await(ctx, "the payout", func(ctx context.Context) error {
		res, err := usage.Claim(ctx, &usagetypes.QueryClaimRequest{Provider: provider.Address, Epoch: epoch})
		if err != nil {
			return err
		}
		if res.Claim.Status != usagetypes.ClaimStatus_CLAIM_STATUS_SETTLED {
			return fmt.Errorf("the claim is %s", res.Claim.Status)
		}
		settled = res.Claim.SettlementEpoch
		_, err = payoutOf(ctx, settled)
		return err
	}, net.Process(provider.Name)))
	proof, err := usage.DebitProof(ctx, &usagetypes.QueryDebitProofRequest{
		SettlementEpoch: settled, Provider: provider.Address, ClaimEpoch: epoch, Payer: c.key.Address(), SessionKey: hex.EncodeToString(f.state.Open.SessionKey),
	})
	require.NoError(t, err)
	require.Equal(t, bill.DueUtop, proof.Amount)
	params, err := billing.Params(ctx, &billingtypes.QueryParamsRequest{})
	require.NoError(t, err)
	rest := ledger{t, net.Main.REST()}
	had := rest.balance(provider.Address)

	c.must(&billingtypes.MsgDispute{
		Payer: c.key.Address(), ChainId: net.Service.ID, Epoch: settled, Provider: provider.Address, ClaimEpoch: epoch,
		SessionKey: f.state.Open.SessionKey, Amount: proof.Amount, Path: proof.Path,
	})
	require.NoError(t, fault.Kill(net.Process(provider.Name)))
	_, err = net.Restart(provider.Name)
	require.NoError(t, err)
	require.NoError(t, process.Await(ctx, "the answer", func(ctx context.Context) error {
		res, err := billing.Disputes(ctx, &billingtypes.QueryDisputesRequest{ChainId: net.Service.ID})
		if err != nil {
			return err
		}
		for _, d := range res.Disputes {
			if d.Provider != provider.Address || d.ClaimEpoch != epoch {
				continue
			}
			if d.Status == billingtypes.DisputeStatus_DISPUTE_STATUS_ANSWERED {
				return nil
			}
			return fmt.Errorf("the dispute is %s", d.Status)
		}
		return fmt.Errorf("there is no dispute")
	}, net.Process(provider.Name)))
	var paid billingtypes.Payout
	require.NoError(t, process.Await(ctx, "the payment", func(ctx context.Context) (err error) {
		if paid, err = payoutOf(ctx, settled); err == nil && paid.Status != billingtypes.PayoutStatus_PAYOUT_STATUS_PAID {
			err = fmt.Errorf("the payout is %s", paid.Status)
		}
		return err
	}))
	require.Equal(t, had+params.Params.DisputeBond+paid.Amount-paid.Fee, rest.balance(provider.Address))
	require.NoError(t, net.ProviderReady(t.Context(), provider))
}
