package keeper_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

// served is a network on which provider "pat" has served payer "ann" in an epoch that is over.
func served(t testing.TB) (n *books.Network, epoch uint64) {
	t.Helper()
	n = books.New(t)
	n.RegisterProvider(t, "pat")
	n.AddPayer(t, "ann", 1_000_000, 100_000, "pat")
	epoch = n.Epoch(t)
	n.NextEpoch(t)
	n.Check(t)
	return n, epoch
}

func TestFromCreditToPayout(t *testing.T) {
	n, epoch := served(t)
	usage := n.Service.Usage
	c := books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1), books.Session("pat", "ann", epoch, 7, 2))
	res, err := books.Do(n.Service.Ctx, usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	require.Zero(t, *res, "no height of this chain says when the claim is challenged")
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_CLAIMED, n.Claimed(t, "pat", epoch).Status)
	n.Check(t)

	challenged := n.Challenged(t, "pat", epoch)
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_CHALLENGED, challenged.Status)
	_, err = books.Do(n.Service.Ctx, usage.Prove, c.Prove(t, challenged.Seed, books.UsageParams().Samples))
	require.NoError(t, err)
	n.Check(t)

	n.NextEpoch(t)
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_SETTLED, n.Claimed(t, "pat", epoch).Status)
	require.NotEmpty(t, n.Claimed(t, "pat", epoch).Debits, "they are kept while they can be disputed")
	before := n.Main.Balance(books.Address("pat"))
	n.ToMain().Deliver(t)
	n.Check(t)
	n.NextEpoch(t)
	n.NextEpoch(t)
	require.Equal(t, before+1_200-12, n.Main.Balance(books.Address("pat")), "1,200 utop less one percent")
	require.Equal(t, uint64(12), n.Main.ModuleBalance("fee_collector"))
	n.Check(t)

	gs, err := usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(1_200), gs.Credits[0].Spent)
	require.Equal(t, uint64(98_800), gs.SubLines[0].Amount)
	require.Equal(t, types.SettlementStatus_SETTLEMENT_STATUS_ACKNOWLEDGED, gs.Settlements[0].Status)
}

// Ten thousand vouchers are one claim, one proof of a few leaves, and one line of one packet.
func TestTenThousandVouchersAreOneClaim(t *testing.T) {
	n := books.New(t)
	n.RegisterProvider(t, "pat")
	n.AddPayer(t, "ann", 100_000_000, 50_000_000, "pat")
	n.AddPayer(t, "bob", 100_000_000, 50_000_000, "pat")
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Seed = books.FarSeed()
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	size := map[int]int{}
	for _, vouchers := range []int{100, 10_000} {
		c := manyVouchers(t, epoch, vouchers)
		require.Len(t, c.Debits, 2)
		ctx, _ := n.Service.Ctx.CacheContext()
		_, err := n.Service.Usage.Claim(ctx, c.MsgClaim)
		require.NoError(t, err)
		ctx = ctx.WithBlockHeight(ctx.BlockHeight() + 1)
		require.NoError(t, n.Service.Usage.BeginBlock(ctx))
		gs, err := n.Service.Usage.ExportGenesis(ctx)
		require.NoError(t, err)
		proof := c.Prove(t, gs.Claims[0].Seed, books.UsageParams().Samples)
		_, err = n.Service.Usage.Prove(ctx, proof)
		require.NoError(t, err)
		require.NoError(t, n.Service.Usage.Invariants(ctx))
		size[vouchers] = c.Size() + proof.Size()
	}
	require.Less(t, size[10_000], 32<<10)
	require.Less(t, size[10_000], 2*size[100], "a hundred times the vouchers: the paths grow by a few nodes")
}

func manyVouchers(t *testing.T, epoch uint64, count int) *books.Claim {
	t.Helper()
	payers := []string{"ann", "bob"}
	sessions := make([]*voucher.Evidence, count)
	for i := range sessions {
		sessions[i] = books.Session("pat", payers[i%len(payers)], epoch, uint64(1+i%50), uint64(i))
	}
	return books.NewClaim(t, "pat", epoch, sessions...)
}

// A proof that does not come costs the claim and nothing else.
func TestForfeit(t *testing.T) {
	n, epoch := served(t)
	c := books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1))
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	challenged := n.Challenged(t, "pat", epoch)
	n.Blocks(t, int(books.UsageParams().ProofWindowBlocks))
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_CHALLENGED, n.Claimed(t, "pat", epoch).Status, "the deadline's block is in time")
	n.Block(t)
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_FORFEITED, n.Claimed(t, "pat", epoch).Status)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, challenged.Seed, books.UsageParams().Samples))
	require.ErrorIs(t, err, types.ErrProof)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(100_000), gs.SubLines[0].Amount)
	require.Zero(t, gs.SubLines[0].Reserved)
	n.Check(t)
}

// Attack 4: claims that fall due together are ended by so many debits in a block, in the order in which they were challenged; a late proof is late for each of them.
func TestForfeitsAreCappedByDebits(t *testing.T) {
	n := books.New(t)
	providers := []string{"pat", "quin", "rod"}
	for _, p := range providers {
		n.RegisterProvider(t, p)
	}
	n.AddPayer(t, "ann", 1_000_000, 10_000, providers...)
	n.AddPayer(t, "bob", 1_000_000, 10_000, providers...)
	epoch := n.Epoch(t)
	n.NextEpoch(t)
	params := books.UsageParams()
	params.MaxDebits = 2
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
	require.NoError(t, err)
	claims := map[string]*books.Claim{}
	for _, p := range providers {
		claims[p] = books.NewClaim(t, p, epoch, books.Session(p, "ann", epoch, 5, 1), books.Session(p, "bob", epoch, 5, 2))
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, claims[p].MsgClaim)
		require.NoError(t, err)
	}
	n.Challenged(t, "pat", epoch)
	seed := n.Claimed(t, "rod", epoch).Seed
	require.NotEmpty(t, seed)
	n.Blocks(t, int(params.ProofWindowBlocks))
	forfeited := func() (count int) {
		for _, p := range providers {
			if n.Claimed(t, p, epoch).Status == types.ClaimStatus_CLAIM_STATUS_FORFEITED {
				count++
			}
		}
		return count
	}
	require.Zero(t, forfeited())
	for ended := 1; ended <= len(providers); ended++ {
		n.Block(t)
		require.Equal(t, ended, forfeited())
		_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, claims["rod"].Prove(t, seed, params.Samples))
		require.Error(t, err, "also where its turn has not come")
		n.Check(t)
	}
}

// The main chain may refuse, lose or answer late: a settlement is paid once.
func TestSettlementIsPaidOnce(t *testing.T) {
	for name, fate := range map[string]func(*testing.T, *books.Network){
		"timed out, sent again": func(t *testing.T, n *books.Network) {
			n.ToMain().TimeOut(t, n.ToMain().Pending()[0])
			n.Block(t)
			require.Len(t, n.ToMain().Pending(), 1, "sent again")
			n.ToMain().Deliver(t)
		},
		"refused, retried by anyone": func(t *testing.T, n *books.Network) {
			n.ToMain().Refuse(t, n.ToMain().Pending()[0])
			gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
			require.NoError(t, err)
			require.Equal(t, types.SettlementStatus_SETTLEMENT_STATUS_REFUSED, gs.Settlements[0].Status)
			retry := &types.MsgRetrySettlement{Signer: books.Address("anyone"), Epoch: gs.Settlements[0].Epoch}
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.RetrySettlement, retry)
			require.NoError(t, err)
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.RetrySettlement, retry)
			require.ErrorIs(t, err, types.ErrInvalid, "it is on its way")
			n.ToMain().Refuse(t, n.ToMain().Pending()[0])
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.RetrySettlement, retry)
			require.ErrorIs(t, err, types.ErrLimit, "once per epoch")
			n.NextEpoch(t)
			n.ToMain().Deliver(t)
		},
		"refused, retried by itself": func(t *testing.T, n *books.Network) {
			n.ToMain().Refuse(t, n.ToMain().Pending()[0])
			n.Block(t)
			require.Empty(t, n.ToMain().Pending(), "not at once: the reason must have time to pass")
			n.NextEpoch(t)
			require.Len(t, n.ToMain().Pending(), 1)
			n.ToMain().Deliver(t)
		},
		"received, then sent again": func(t *testing.T, n *books.Network) {
			packet := n.ToMain().Packet(t, n.ToMain().Pending()[0])
			n.ToMain().Deliver(t)
			require.NoError(t, n.Main.Billing.OnReceive(n.Main.Ctx, books.ServiceClient, packet.Payloads[0].Value))
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, epoch := served(t)
			prove(t, n, "pat", epoch, books.Session("pat", "ann", epoch, 10, 1))
			n.NextEpoch(t)
			before := n.Main.Balance(books.Address("pat"))
			fate(t, n)
			n.NextEpoch(t)
			n.NextEpoch(t)
			require.Equal(t, before+990, n.Main.Balance(books.Address("pat")))
			require.Empty(t, n.ToMain().Pending())
			n.Check(t)
		})
	}
}

// prove claims an epoch's sessions and answers the challenge.
func prove(t *testing.T, n *books.Network, provider string, epoch uint64, sessions ...*voucher.Evidence) {
	t.Helper()
	c := books.NewClaim(t, provider, epoch, sessions...)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, n.Challenged(t, provider, epoch).Seed, books.UsageParams().Samples))
	require.NoError(t, err)
}

// The debits of a settled claim are kept as long as they can be disputed, and no longer. That is counted from the main chain's acknowledgement, however late it is.
func TestDebitsAreKeptForDisputes(t *testing.T) {
	n, epoch := served(t)
	prove(t, n, "pat", epoch, books.Session("pat", "ann", epoch, 10, 1))
	for range 2 * types.DefaultParams().ReclaimEpochs() {
		n.NextEpoch(t)
	}
	n.ToMain().Deliver(t)
	acknowledged := n.Epoch(t)
	settlement := n.Claimed(t, "pat", epoch).SettlementEpoch
	query := &types.QueryDebitProofRequest{
		SettlementEpoch: settlement, Provider: books.Address("pat"), ClaimEpoch: epoch, Payer: books.Address("ann"), SessionKey: hex.EncodeToString(books.Public("ann")),
	}
	queries := keeper.NewQueryServer(n.Service.Usage)
	for n.Epoch(t) <= acknowledged+billingtypes.MaxPayoutWindow {
		res, err := queries.DebitProof(n.Service.Ctx, query)
		require.NoError(t, err)
		require.Equal(t, uint64(1_000), res.Amount)
		n.NextEpoch(t)
	}
	require.Empty(t, n.Claimed(t, "pat", epoch).Debits)
	_, err := queries.DebitProof(n.Service.Ctx, query)
	require.ErrorContains(t, err, "too old")
	query.SessionKey = "key"
	_, err = queries.DebitProof(n.Service.Ctx, query)
	require.ErrorContains(t, err, "want hex")
	n.Check(t)
}

// A main chain that cannot be reached stops neither blocks nor claims.
func TestStalledMainChain(t *testing.T) {
	n, epoch := served(t)
	prove(t, n, "pat", epoch, books.Session("pat", "ann", epoch, 10, 1))
	n.Service.Out.Down = billingtypes.ErrPacket
	n.NextEpoch(t)
	require.Empty(t, n.ToMain().Pending())
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_PROVEN, n.Claimed(t, "pat", epoch).Status, "a failed sending leaves no trace")
	n.Service.Out.Down = nil
	n.Block(t)
	require.Len(t, n.ToMain().Pending(), 1)
	n.ToMain().Deliver(t)
	n.Check(t)
}

// Unspent credit comes back: reclaimed after the notice, released with the next settlement.
func TestUnspentCreditComesBack(t *testing.T) {
	n, _ := served(t)
	usage, ann := n.Service.Usage, books.Address("ann")
	_, err := books.Do(n.Service.Ctx, usage.Release, &types.MsgRelease{Owner: ann, Amount: 900_001})
	require.ErrorIs(t, err, types.ErrCredit, "what is allotted is not open")
	res, err := books.Do(n.Service.Ctx, usage.Reclaim, &types.MsgReclaim{Owner: ann, Provider: books.Address("pat"), SessionKey: books.Public("ann"), Amount: 100_000})
	require.NoError(t, err)
	require.Equal(t, n.Epoch(t)+books.UsageParams().ReclaimEpochs(), res.ReclaimEpoch)
	for n.Epoch(t) < res.ReclaimEpoch {
		_, err = books.Do(n.Service.Ctx, usage.Release, &types.MsgRelease{Owner: ann, Amount: 1_000_000})
		require.ErrorIs(t, err, types.ErrCredit, "the notice has not passed")
		n.NextEpoch(t)
	}
	_, err = books.Do(n.Service.Ctx, usage.Release, &types.MsgRelease{Owner: ann, Amount: 1_000_000})
	require.NoError(t, err)
	n.NextEpoch(t)
	n.ToMain().Deliver(t)
	gs, err := n.Main.Billing.ExportGenesis(n.Main.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(1_000_000), gs.Escrows[0].Free)
	require.Zero(t, gs.Pools[0].Amount)
	n.Check(t)
}
