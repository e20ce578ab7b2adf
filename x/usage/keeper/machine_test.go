package keeper_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

// machine does random things to both chains' books, in random order, with packets that arrive late, in another order, or never.
type machine struct {
	t         *testing.T
	n         *books.Network
	nonce     uint64
	claims    map[string]*books.Claim // by provider and epoch
	supply    uint64
	payers    []string
	providers []string
}

func newMachine(t *testing.T) *machine {
	m := &machine{t: t, n: books.New(t), claims: map[string]*books.Claim{}, payers: []string{"ann", "bob"}, providers: []string{"pat", "quin"}}
	for _, p := range m.providers {
		m.n.RegisterProvider(t, p)
	}
	for _, p := range m.payers {
		m.n.AddPayer(t, p, 10_000, 2_000, m.providers...)
		m.n.AddKey(t, p, spare(p), 3_000)
	}
	params := billingtypes.DefaultParams()
	params.DisputeBond = 50
	_, err := books.Do(m.n.Main.Ctx, m.n.Main.Billing.UpdateParams, &billingtypes.MsgUpdateParams{Authority: books.Authority(), Params: params})
	require.NoError(t, err)
	m.supply = m.total()
	return m
}

// spare is a payer's second session key.
func spare(payer string) string { return payer + "'s spare" }

// key of a payer's, or of the other's: that is refused.
func (m *machine) key(r *rapid.T) []byte {
	payer := rapid.SampledFrom(m.payers).Draw(r, "key's owner")
	return books.Public(rapid.SampledFrom([]string{payer, spare(payer)}).Draw(r, "key"))
}

func (m *machine) total() uint64 {
	return m.n.Main.Bank.GetSupply(m.n.Main.Ctx, billingtypes.Denom).Amount.Uint64()
}

func (m *machine) owner(r *rapid.T) string {
	return books.Address(rapid.SampledFrom(m.payers).Draw(r, "owner"))
}

func (m *machine) provider(r *rapid.T) string {
	return books.Address(rapid.SampledFrom(m.providers).Draw(r, "provider"))
}

func amount(r *rapid.T) uint64 { return rapid.Uint64Range(1, 3_000).Draw(r, "amount") }

// Main chain. Refusals are fine; what counts is that the books hold after them.

func (m *machine) Deposit(r *rapid.T) {
	_, _ = books.Do(m.n.Main.Ctx, m.n.Main.Billing.Deposit, &billingtypes.MsgDeposit{Owner: m.owner(r), Amount: amount(r)})
}

func (m *machine) SetReserve(r *rapid.T) {
	_, _ = books.Do(m.n.Main.Ctx, m.n.Main.Billing.SetReserve, &billingtypes.MsgSetReserve{Owner: m.owner(r), Reserve: amount(r)})
}

func (m *machine) RequestWithdrawal(r *rapid.T) {
	_, _ = books.Do(m.n.Main.Ctx, m.n.Main.Billing.RequestWithdrawal, &billingtypes.MsgRequestWithdrawal{Owner: m.owner(r), Amount: amount(r)})
}

func (m *machine) Withdraw(r *rapid.T) {
	_, _ = books.Do(m.n.Main.Ctx, m.n.Main.Billing.Withdraw, &billingtypes.MsgWithdraw{Owner: m.owner(r)})
}

func (m *machine) OpenCreditLine(r *rapid.T) {
	_, _ = books.Do(m.n.Main.Ctx, m.n.Main.Billing.OpenCreditLine, &billingtypes.MsgOpenCreditLine{Owner: m.owner(r), ChainId: books.ServiceID, Amount: amount(r)})
}

// Dispute a debit of a settled claim, as the service chain proves it. The main chain takes it while the payout is pending, and the service chain keeps the proof for as long.
func (m *machine) Dispute(r *rapid.T) {
	for _, c := range m.books(r).Claims {
		for _, d := range c.Debits {
			if c.Status != types.ClaimStatus_CLAIM_STATUS_SETTLED || !rapid.Bool().Draw(r, "dispute") {
				continue
			}
			proof, err := keeper.NewQueryServer(m.n.Service.Usage).DebitProof(m.n.Service.Ctx, &types.QueryDebitProofRequest{
				SettlementEpoch: c.SettlementEpoch, Provider: c.Provider, ClaimEpoch: c.Epoch, Payer: d.Payer, SessionKey: hex.EncodeToString(d.SessionKey),
			})
			if err != nil {
				require.False(r, m.disputable(r, c), "%s", err)
				continue
			}
			_, err = books.Do(m.n.Main.Ctx, m.n.Main.Billing.Dispute, &billingtypes.MsgDispute{
				Payer: d.Payer, ChainId: books.ServiceID, Epoch: c.SettlementEpoch, Provider: c.Provider, ClaimEpoch: c.Epoch, SessionKey: d.SessionKey, Amount: d.Amount, Path: proof.Path,
			})
			require.NotContains(r, fmt.Sprint(err), "not in the settlement")
		}
	}
}

// disputable tells whether the main chain takes disputes over a settled claim, now or when its settlement arrives.
func (m *machine) disputable(r *rapid.T, c types.Claim) bool {
	for _, p := range m.mainBooks(r).Payouts {
		if p.Epoch == c.SettlementEpoch && p.Provider == c.Provider {
			open := p.Status == billingtypes.PayoutStatus_PAYOUT_STATUS_PENDING || p.Status == billingtypes.PayoutStatus_PAYOUT_STATUS_DISPUTED
			return open && m.n.Epoch(m.t) <= p.DueEpoch
		}
	}
	return true
}

// AnswerDispute with the vouchers of the disputed claim: always enough.
func (m *machine) AnswerDispute(r *rapid.T) {
	for _, d := range m.mainBooks(r).Disputes {
		if d.Status != billingtypes.DisputeStatus_DISPUTE_STATUS_OPEN || !rapid.Bool().Draw(r, "answer") {
			continue
		}
		var evidence []*voucher.Evidence
		for _, e := range m.claims[claimName(d.Provider, d.ClaimEpoch)].Evidence {
			if e.Open.Payer == d.Payer && bytes.Equal(e.Open.SessionKey, d.SessionKey) {
				evidence = append(evidence, e)
			}
		}
		slices.SortFunc(evidence, func(a, b *voucher.Evidence) int { return bytes.Compare(a.Voucher.SessionId, b.Voucher.SessionId) })
		res, err := books.Do(m.n.Main.Ctx, m.n.Main.Billing.AnswerDispute, &billingtypes.MsgAnswerDispute{
			Provider: d.Provider, ChainId: d.ChainId, Epoch: d.Epoch, ClaimEpoch: d.ClaimEpoch, Payer: d.Payer, SessionKey: d.SessionKey, Evidence: evidence,
		})
		require.NoError(r, err)
		require.Zero(r, res.Missing)
	}
}

// Service chain.

func (m *machine) Allot(r *rapid.T) {
	_, _ = books.Do(m.n.Service.Ctx, m.n.Service.Usage.Allot, &types.MsgAllot{Owner: m.owner(r), Provider: m.provider(r), SessionKey: m.key(r), Amount: amount(r)})
}

func (m *machine) Reclaim(r *rapid.T) {
	_, _ = books.Do(m.n.Service.Ctx, m.n.Service.Usage.Reclaim, &types.MsgReclaim{Owner: m.owner(r), Provider: m.provider(r), SessionKey: m.key(r), Amount: amount(r)})
}

func (m *machine) Release(r *rapid.T) {
	_, _ = books.Do(m.n.Service.Ctx, m.n.Service.Usage.Release, &types.MsgRelease{Owner: m.owner(r), Amount: amount(r)})
}

func (m *machine) Claim(r *rapid.T) {
	provider := rapid.SampledFrom(m.providers).Draw(r, "provider")
	now := m.n.Epoch(m.t)
	epoch := now - min(now, rapid.Uint64Range(0, 7).Draw(r, "age"))
	var sessions []*voucher.Evidence
	for _, payer := range rapid.SliceOfN(rapid.SampledFrom(m.payers), 1, 3).Draw(r, "payers") {
		m.nonce++
		key := rapid.SampledFrom([]string{payer, spare(payer)}).Draw(r, "key")
		sessions = append(sessions, books.SessionBy(key, provider, payer, epoch, rapid.Uint64Range(1, 8).Draw(r, "messages"), m.nonce))
	}
	c := books.NewClaim(m.t, provider, epoch, sessions...)
	if _, err := books.Do(m.n.Service.Ctx, m.n.Service.Usage.Claim, c.MsgClaim); err == nil {
		m.claims[claimName(c.Provider, c.Epoch)] = c
	}
}

func claimName(provider string, epoch uint64) string { return provider + "/" + string(rune('0'+epoch)) }

func (m *machine) Prove(r *rapid.T) {
	for _, c := range m.books(r).Claims {
		if c.Status == types.ClaimStatus_CLAIM_STATUS_CHALLENGED && rapid.Bool().Draw(r, "prove") {
			proof := m.claims[claimName(c.Provider, c.Epoch)].Prove(m.t, c.Seed, books.UsageParams().Samples)
			_, err := books.Do(m.n.Service.Ctx, m.n.Service.Usage.Prove, proof)
			if m.n.Service.Ctx.BlockHeight() <= c.ProofDeadline {
				require.NoError(r, err)
			}
		}
	}
}

// HoldSeeds has relayers bring no seeds for a while, or again.
func (m *machine) HoldSeeds(r *rapid.T) { m.n.Seeds.Held = rapid.Bool().Draw(r, "held") }

// BringSeeds brings all that there are, in any order: the one that is awaited is taken, every other refused.
func (m *machine) BringSeeds(r *rapid.T) {
	for _, p := range rapid.Permutation(m.n.Seeds.Published).Draw(r, "seeds") {
		awaited, waits := m.n.AwaitedSeed(r)
		_, err := books.Do(m.n.Service.Ctx, m.n.Service.Usage.DeliverSeed, m.n.SeedMsg(p))
		require.Equal(r, waits && awaited.Epoch == p.Epoch, err == nil, "%v", err)
	}
}

// challenges holds every claim against the seed that it must have, whoever brought it and whenever it came.
func (m *machine) challenges(r *rapid.T, gs *types.GenesisState) {
	for _, c := range gs.Claims {
		if c.SeedEpoch == 0 {
			require.Equal(r, types.ClaimStatus_CLAIM_STATUS_CLAIMED, c.Status, "nothing is forfeited before its challenge")
			continue
		}
		for _, p := range m.n.Seeds.Published {
			require.Equal(r, p.Epoch == c.SeedEpoch, c.ChallengedBy(p))
			if p.Epoch == c.SeedEpoch {
				require.Greater(r, p.SealingTime, c.CommittedTime)
				require.Greater(r, p.SealingHeight, c.MainHeight)
			}
		}
	}
}

// Serve is the usual course of things, without which random steps would rarely come as far as a payout.
func (m *machine) Serve(r *rapid.T) {
	m.Claim(r)
	m.n.Blocks(m.t, books.EpochBlocks-1)
	m.Prove(r)
	m.n.NextEpoch(m.t)
	for _, d := range []books.Direction{m.n.ToService(), m.n.ToMain()} {
		for _, sequence := range d.Pending() {
			if d.Received(sequence) || d.Receive(r, sequence) {
				d.Acknowledge(r, sequence)
			}
		}
	}
}

func (m *machine) RetrySettlement(r *rapid.T) {
	for _, s := range m.books(r).Settlements {
		_, err := books.Do(m.n.Service.Ctx, m.n.Service.Usage.RetrySettlement, &types.MsgRetrySettlement{Signer: m.owner(r), Epoch: s.Epoch})
		require.Equal(r, s.Status == types.SettlementStatus_SETTLEMENT_STATUS_REFUSED && s.RetriedEpoch != m.n.Epoch(m.t), err == nil)
	}
}

func (m *machine) mainBooks(r *rapid.T) *billingtypes.GenesisState {
	gs, err := m.n.Main.Billing.ExportGenesis(m.n.Main.Ctx)
	require.NoError(r, err)
	return gs
}

// refunds of an owner's upheld disputes.
func refunds(main *billingtypes.GenesisState, owner string) (sum uint64) {
	for _, d := range main.Disputes {
		if d.Payer == owner && d.Status == billingtypes.DisputeStatus_DISPUTE_STATUS_UPHELD {
			sum += d.Amount
		}
	}
	return sum
}

func (m *machine) books(r *rapid.T) *types.GenesisState {
	gs, err := m.n.Service.Usage.ExportGenesis(m.n.Service.Ctx)
	require.NoError(r, err)
	return gs
}

// Between them.

func (m *machine) Packets(r *rapid.T) {
	d := m.n.ToService()
	if rapid.Bool().Draw(r, "to the main chain") {
		d = m.n.ToMain()
	}
	for _, sequence := range d.Pending() {
		switch {
		case d.Received(sequence):
			if rapid.Bool().Draw(r, "acknowledge") {
				d.Acknowledge(r, sequence)
			}
		default:
			switch rapid.IntRange(0, 5).Draw(r, "fate") {
			case 0:
				d.TimeOut(r, sequence)
			case 1:
				d.Refuse(r, sequence)
			case 2, 3:
				require.True(r, d.Receive(r, sequence), "an honest packet is accepted")
			}
		}
	}
}

func (m *machine) Block(*rapid.T)     { m.n.Block(m.t) }
func (m *machine) NextEpoch(*rapid.T) { m.n.NextEpoch(m.t) }

// Check runs after every step.
func (m *machine) Check(r *rapid.T) {
	m.n.Check(r)
	require.Equal(r, m.supply, m.total(), "supply")
	recorded, balance, err := m.n.Main.Billing.Books(m.n.Main.Ctx)
	require.NoError(r, err)
	require.Equal(r, recorded, balance.Uint64(), "x/billing holds what its books say, no more")
	m.agree(r)
}

// promises hold every session key to its cap, whatever became of its lines.
func (m *machine) promises(r *rapid.T, gs *types.GenesisState) {
	for _, s := range gs.KeySpendings {
		c := gs.Credits[slices.IndexFunc(gs.Credits, func(c types.Credit) bool { return c.Owner == s.Owner })]
		i := slices.IndexFunc(c.SessionKeys, func(k billingtypes.SessionKey) bool { return bytes.Equal(k.Key, s.Key) })
		promised, err := s.Promised()
		require.NoError(r, err)
		require.LessOrEqual(r, promised, c.SessionKeys[i].CapUtop)
	}
}

// agree holds the service chain's books against the main chain's: what a payer can spend there is covered here.
func (m *machine) agree(r *rapid.T) {
	main, service := m.mainBooks(r), m.books(r)
	m.promises(r, service)
	m.challenges(r, service)
	for _, c := range service.Credits {
		i := slices.IndexFunc(main.CreditLines, func(l billingtypes.CreditLine) bool { return l.Owner == c.Owner })
		require.GreaterOrEqual(r, i, 0)
		line := main.CreditLines[i]
		require.LessOrEqual(r, c.Credited, line.Credited)
		require.LessOrEqual(r, line.Credited-c.Credited, line.InFlight, "only what is in flight has not arrived")
		require.LessOrEqual(r, line.Released, c.Released+refunds(main, c.Owner), "what came back was sent back, or won in a dispute")
	}
}

func TestBooksHoldInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := newMachine(t)
		r.Repeat(map[string]func(*rapid.T){
			"": m.Check, "Deposit": m.Deposit, "SetReserve": m.SetReserve, "RequestWithdrawal": m.RequestWithdrawal, "Withdraw": m.Withdraw,
			"OpenCreditLine": m.OpenCreditLine, "Allot": m.Allot, "Reclaim": m.Reclaim, "Release": m.Release, "Claim": m.Claim, "Serve": m.Serve, "Serve again": m.Serve, "Prove": m.Prove,
			"RetrySettlement": m.RetrySettlement, "Dispute": m.Dispute, "AnswerDispute": m.AnswerDispute, "Packets": m.Packets, "Packets again": m.Packets, "HoldSeeds": m.HoldSeeds, "BringSeeds": m.BringSeeds, "Block": m.Block, "NextEpoch": m.NextEpoch,
		})
		m.roundTrip(r)
		m.finish(r)
	})
}

// roundTrip moves the service chain's books to a new chain by export and import.
func (m *machine) roundTrip(r *rapid.T) {
	exported := m.books(r)
	require.NoError(r, exported.Validate())
	require.Error(r, doubled(exported).Validate(), "a promise in no sum")
	fresh := books.New(m.t)
	require.NoError(r, fresh.Service.Usage.InitGenesis(fresh.Service.Ctx, exported))
	again, err := fresh.Service.Usage.ExportGenesis(fresh.Service.Ctx)
	require.NoError(r, err)
	require.Equal(r, exported, again)
}

// doubled adds to the first sub-line what no key or credit knows of.
func doubled(gs *types.GenesisState) *types.GenesisState {
	broken := *gs
	broken.SubLines = slices.Clone(gs.SubLines)
	broken.SubLines[0].Amount++
	return &broken
}

// finish lets everything that is under way come to its end: then both chains name the same sums, and the providers were paid what was proven.
func (m *machine) finish(r *rapid.T) {
	m.n.Seeds.Held = false
	for range 12 {
		for _, s := range m.books(r).Settlements {
			if s.Status == types.SettlementStatus_SETTLEMENT_STATUS_REFUSED {
				_, err := books.Do(m.n.Service.Ctx, m.n.Service.Usage.RetrySettlement, &types.MsgRetrySettlement{Signer: books.Address("ann"), Epoch: s.Epoch})
				require.NoError(r, err)
			}
		}
		m.n.Relay(r)
		m.n.NextEpoch(m.t)
	}
	m.Check(r)
	main := m.mainBooks(r)
	var spent, paid uint64
	for _, c := range m.books(r).Credits {
		spent += c.Spent
		i := slices.IndexFunc(main.CreditLines, func(l billingtypes.CreditLine) bool { return l.Owner == c.Owner })
		require.Equal(r, main.CreditLines[i].Credited, c.Credited)
		require.Equal(r, main.CreditLines[i].Released, c.Released+refunds(main, c.Owner))
		require.Zero(r, main.CreditLines[i].InFlight)
	}
	for _, p := range main.Payouts {
		require.Contains(r, []billingtypes.PayoutStatus{billingtypes.PayoutStatus_PAYOUT_STATUS_PAID, billingtypes.PayoutStatus_PAYOUT_STATUS_CANCELLED}, p.Status)
		paid += p.Amount + p.Refunded
	}
	require.Equal(r, spent, paid)
}
