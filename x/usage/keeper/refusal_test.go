package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

func TestClaimsThatAreRefused(t *testing.T) {
	n, epoch := served(t)
	n.RegisterProvider(t, "quin")
	n.AddPayer(t, "eve", 1_000, 1_000, "pat")
	n.AddKey(t, "ann", "ann's spare", 5_000)
	session := func(messages, nonce uint64) *voucher.Evidence {
		return books.Session("pat", "ann", epoch, messages, nonce)
	}
	cases := map[string]struct {
		claim  *books.Claim
		change func(*types.MsgClaim)
		want   error
	}{
		"a stranger's":              {claim: books.NewClaim(t, "stranger", epoch, session(1, 1)), want: types.ErrNotFound},
		"of the running epoch":      {claim: books.NewClaim(t, "pat", epoch+1, session(1, 1)), want: types.ErrWindow},
		"of an epoch to come":       {claim: books.NewClaim(t, "pat", 1<<60, session(1, 1)), want: types.ErrWindow},
		"without an allotment":      {claim: books.NewClaim(t, "quin", epoch, session(1, 1)), want: types.ErrNotFound},
		"beyond the allotment":      {claim: books.NewClaim(t, "pat", epoch, session(1_001, 1)), want: types.ErrCredit},
		"of a payer without credit": {claim: books.NewClaim(t, "pat", epoch, books.Session("pat", "nobody", epoch, 1, 1)), want: types.ErrNotFound},
		"of an unknown session key": {claim: books.NewClaim(t, "pat", epoch, session(1, 1)), change: func(m *types.MsgClaim) { m.Debits[0].SessionKey = books.Public("eve") }, want: types.ErrKey},
		"of a key without a line":   {claim: books.NewClaim(t, "pat", epoch, books.SessionBy("ann's spare", "pat", "ann", epoch, 1, 1)), want: types.ErrNotFound},
		"debits less than the sum":  {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Debits[0].Amount-- }, want: types.ErrInvalid},
		"debits that overflow":      {claim: books.NewClaim(t, "pat", epoch, session(2, 1), books.Session("pat", "eve", epoch, 1, 2)), change: func(m *types.MsgClaim) { m.Debits[0].Amount = ^uint64(0) }, want: billingtypes.ErrOverflow},
		"one payer and key twice": {claim: books.NewClaim(t, "pat", epoch, session(2, 1), session(2, 2)), change: func(m *types.MsgClaim) {
			m.Debits = []types.Debit{{Payer: m.Debits[0].Payer, SessionKey: m.Debits[0].SessionKey, Amount: 200}, {Payer: m.Debits[0].Payer, SessionKey: m.Debits[0].SessionKey, Amount: 200}}
		}, want: types.ErrInvalid},
		"without debits":                {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Debits = nil }, want: types.ErrInvalid},
		"more vouchers than utop":       {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Count = 201 }, want: types.ErrInvalid},
		"a root of the wrong length":    {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Root = m.Root[1:] }, want: types.ErrInvalid},
		"no address":                    {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Provider = "pat" }, want: types.ErrInvalid},
		"a payer that is no address":    {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Debits[0].Payer = "top1ann" }, want: types.ErrInvalid},
		"a debit of nothing":            {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Debits[0].Amount = 0 }, want: types.ErrInvalid},
		"a session key that is short":   {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Debits[0].SessionKey = m.Debits[0].SessionKey[1:] }, want: types.ErrInvalid},
		"more debits than there may be": {claim: books.NewClaim(t, "pat", epoch, session(2, 1)), change: func(m *types.MsgClaim) { m.Debits = make([]types.Debit, 10_001) }, want: types.ErrInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.change != nil {
				c.change(c.claim.MsgClaim)
			}
			before, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
			require.NoError(t, err)
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.claim.MsgClaim)
			require.ErrorIs(t, err, c.want)
			after, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
			require.NoError(t, err)
			require.Equal(t, before, after, "a refused claim changes nothing")
		})
	}
	t.Run("twice", func(t *testing.T) {
		c := books.NewClaim(t, "pat", epoch, session(1, 1))
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
		require.NoError(t, err)
		_, err = books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
		require.ErrorIs(t, err, types.ErrClaim)
	})
	t.Run("too late", func(t *testing.T) {
		late := n.Epoch(t)
		for n.Epoch(t) <= late+books.UsageParams().ClaimWindowEpochs {
			n.NextEpoch(t)
		}
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", late, books.Session("pat", "ann", late, 1, 1)).MsgClaim)
		require.ErrorIs(t, err, types.ErrWindow)
	})
}

// What a provider might put under a sampled leaf that its payer did not agree to.
func TestProofsThatAreRefused(t *testing.T) {
	sign := func(e *voucher.Evidence) { books.Sign(e, "pat", "ann") }
	cases := map[string]struct {
		session func(*voucher.Evidence) // before the claim
		proof   func(*types.MsgProve)   // after the challenge
		seed    func([]byte)            // what the prover takes for the challenge
	}{
		"signed by another key": {session: func(e *voucher.Evidence) {
			e.Voucher.SignClient(books.Key("pat"))
			e.Voucher.SignProvider(books.Key("pat"))
		}},
		"not signed by the provider":   {session: func(e *voucher.Evidence) { e.Voucher.ProviderSignature[0] ^= 1 }},
		"an amount above the usage":    {session: func(e *voucher.Evidence) { e.Voucher.AmountUtop += 100; sign(e) }},
		"of another chain":             {session: func(e *voucher.Evidence) { e.Offer.ChainId, e.Voucher.ChainId = "top-msg-2", "top-msg-2"; sign(e) }},
		"of another epoch":             {session: func(e *voucher.Evidence) { e.Offer.Epoch++; e.Voucher.Epoch++; sign(e) }},
		"of another service":           {session: func(e *voucher.Evidence) { e.Offer.Service = "storage"; sign(e) }},
		"that pays another provider":   {session: func(e *voucher.Evidence) { e.Offer.Provider = books.Address("quin"); sign(e) }},
		"with an unregistered key":     {session: func(e *voucher.Evidence) { e.Offer.ProviderKey = books.Public("quin"); books.Sign(e, "quin", "ann") }},
		"above the session's cap":      {session: func(e *voucher.Evidence) { e.Open.CapUtop = 1; sign(e) }},
		"a leaf too few":               {proof: func(m *types.MsgProve) { m.Proofs = m.Proofs[1:] }},
		"a leaf too many":              {proof: func(m *types.MsgProve) { m.Proofs = append(m.Proofs, m.Proofs[0]) }},
		"no evidence":                  {proof: func(m *types.MsgProve) { m.Proofs[0].Evidence = nil }},
		"empty evidence":               {proof: func(m *types.MsgProve) { m.Proofs[0].Evidence = &voucher.Evidence{} }},
		"a path that leads elsewhere":  {proof: func(m *types.MsgProve) { m.Proofs[0].Path[0].Hash[0] ^= 1 }},
		"a path with a short hash":     {proof: func(m *types.MsgProve) { m.Proofs[0].Path[0].Hash = []byte{1} }},
		"no path":                      {proof: func(m *types.MsgProve) { m.Proofs[0].Path = nil }},
		"sums that are shifted":        {proof: func(m *types.MsgProve) { m.Proofs[0].Path[0].Sum++ }},
		"leaves that were not sampled": {seed: func(seed []byte) { seed[0] ^= 1 }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			n, epoch := served(t)
			n.RegisterProvider(t, "quin")
			sessions := make([]*voucher.Evidence, 64)
			for i := range sessions {
				sessions[i] = books.Session("pat", "ann", epoch, uint64(1+i%7), uint64(i))
				if c.session != nil {
					c.session(sessions[i])
				}
			}
			claim := books.NewClaim(t, "pat", epoch, sessions...)
			_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, claim.MsgClaim)
			require.NoError(t, err)
			seed := n.Challenged(t, "pat", epoch).Seed
			if c.seed != nil {
				c.seed(seed)
			}
			msg := claim.Prove(t, seed, books.UsageParams().Samples)
			if c.proof != nil {
				c.proof(msg)
			}
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, msg)
			require.Error(t, err)
			require.Equal(t, types.ClaimStatus_CLAIM_STATUS_CHALLENGED, n.Claimed(t, "pat", epoch).Status, "it may be tried again")
			if c.session != nil {
				require.ErrorIs(t, err, types.ErrProof)
			}
			n.Check(t)
			if c.session == nil {
				_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, claim.Prove(t, n.Claimed(t, "pat", epoch).Seed, books.UsageParams().Samples))
				require.NoError(t, err, "the true proof is taken after a false one")
			}
		})
	}
}

// One payer is charged for another's use: seen when the sampled point falls into the wrong debit.
func TestDebitOfAnotherPayerIsSeen(t *testing.T) {
	n, epoch := served(t)
	n.AddPayer(t, "bob", 1_000_000, 100_000, "pat")
	claim := books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 100, 1), books.Session("pat", "bob", epoch, 1, 2))
	claim.Debits[0].Amount, claim.Debits[1].Amount = claim.Debits[1].Amount, claim.Debits[0].Amount
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, claim.MsgClaim)
	require.NoError(t, err)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Prove, claim.Prove(t, n.Challenged(t, "pat", epoch).Seed, books.UsageParams().Samples))
	require.ErrorIs(t, err, types.ErrProof)
}

func TestRevokedKeyStillPaysForItsPast(t *testing.T) {
	n, epoch := served(t)
	ann := books.Address("ann")
	_, err := books.Do(n.Main.Ctx, n.Main.Billing.RevokeSessionKey, &billingtypes.MsgRevokeSessionKey{Signer: ann, Owner: ann, Key: books.Public("ann")})
	require.NoError(t, err)
	n.ToService().Deliver(t)
	revoked := n.Epoch(t)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1)).MsgClaim)
	require.NoError(t, err, "it was signed before")
	n.NextEpoch(t)
	n.NextEpoch(t)
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", revoked+1, books.Session("pat", "ann", revoked+1, 5, 2)).MsgClaim)
	require.ErrorIs(t, err, types.ErrKey)
}

func TestAllotmentsThatAreRefused(t *testing.T) {
	n, _ := served(t)
	usage, ann, pat := n.Service.Usage, books.Address("ann"), books.Address("pat")
	allot := func(owner, provider string, amount uint64) error {
		_, err := books.Do(n.Service.Ctx, usage.Allot, &types.MsgAllot{Owner: owner, Provider: provider, SessionKey: books.Public("ann"), Amount: amount})
		return err
	}
	require.ErrorIs(t, allot(ann, pat, 900_001), types.ErrCredit)
	require.ErrorIs(t, allot(ann, pat, ^uint64(0)), types.ErrCredit)
	require.ErrorIs(t, allot(ann, pat, 0), types.ErrInvalid)
	require.ErrorIs(t, allot(ann, books.Address("stranger"), 1), types.ErrNotFound)
	require.ErrorIs(t, allot(books.Address("stranger"), pat, 1), types.ErrNotFound)
	_, err := books.Do(n.Service.Ctx, usage.Reclaim, &types.MsgReclaim{Owner: ann, Provider: pat, SessionKey: books.Public("ann"), Amount: 100_001})
	require.ErrorIs(t, err, types.ErrCredit)
	_, err = books.Do(n.Service.Ctx, usage.Reclaim, &types.MsgReclaim{Owner: ann, Provider: books.Address("quin"), SessionKey: books.Public("ann"), Amount: 1})
	require.ErrorIs(t, err, types.ErrNotFound)
	n.Check(t)
}

func TestOnlyTheMainChainIsHeard(t *testing.T) {
	n, _ := served(t)
	credit, err := billingtypes.EncodePacket(&billingtypes.PacketData{Data: &billingtypes.PacketData_Credit{Credit: &billingtypes.CreditPacket{Owner: books.Address("eve"), Amount: 1, Revision: 99}}})
	require.NoError(t, err)
	require.ErrorIs(t, n.Service.Usage.OnReceive(n.Service.Ctx, "07-tendermint-99", credit), types.ErrUnauthorized)
	settlement := &billingtypes.SettlementPacket{ChainId: books.ServiceID, Epoch: 1, DebitRoot: make([]byte, 32)}
	value, err := billingtypes.EncodePacket(&billingtypes.PacketData{Data: &billingtypes.PacketData_Settlement{Settlement: settlement}})
	require.NoError(t, err)
	require.ErrorIs(t, n.Service.Usage.OnReceive(n.Service.Ctx, books.MainClient, value), types.ErrInvalid)
	require.Error(t, n.Service.Usage.OnReceive(n.Service.Ctx, books.MainClient, []byte{1, 2, 3}))
}

func TestMainChainIsLinkedOnce(t *testing.T) {
	n := books.New(t)
	link := func(operator, client string) error {
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.LinkMainChain, &types.MsgLinkMainChain{Operator: operator, ClientId: client})
		return err
	}
	require.ErrorIs(t, link(books.Address("eve"), books.MainClient), types.ErrUnauthorized)
	require.ErrorIs(t, link(n.Founder, books.MainClient), types.ErrLinked)
}

func TestParameterChanges(t *testing.T) {
	n := books.New(t)
	update := func(authority string, change func(*types.Params)) error {
		p := books.UsageParams()
		change(&p)
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.UpdateParams, &types.MsgUpdateParams{Authority: authority, Params: p})
		return err
	}
	require.ErrorIs(t, update(n.Founder, func(*types.Params) {}), types.ErrUnauthorized)
	require.ErrorIs(t, update(books.Authority(), func(p *types.Params) { p.ClaimWindowEpochs-- }), types.ErrInvalid, "windows never shorten")
	require.ErrorIs(t, update(books.Authority(), func(p *types.Params) { p.ProofWindowBlocks-- }), types.ErrInvalid)
	require.ErrorIs(t, update(books.Authority(), func(p *types.Params) { p.Samples = 3 }), types.ErrInvalid)
	require.ErrorIs(t, update(books.Authority(), func(p *types.Params) { p.MaxDebits = types.MaxDebits + 1 }), types.ErrInvalid)
	require.NoError(t, update(books.Authority(), func(p *types.Params) { p.Samples = 64 }))
}

// An epoch is claimed once: not again when it is settled, nor when governance opens the window again, for the record outlives every window.
func TestClaimIsOnce(t *testing.T) {
	n, epoch := served(t)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Params.ClaimWindowEpochs-- // room to open it again
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	params := gs.Params
	again := func() error {
		c := books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 3, 77))
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
		return err
	}
	prove(t, n, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1))
	require.ErrorIs(t, again(), types.ErrClaim, "proven")
	n.NextEpoch(t)
	n.ToMain().Deliver(t)
	require.ErrorIs(t, again(), types.ErrClaim, "settled")
	for n.Epoch(t) <= epoch+params.ClaimWindowEpochs {
		n.NextEpoch(t)
	}
	require.ErrorIs(t, again(), types.ErrWindow, "too late")
	params.ClaimWindowEpochs++
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
	require.NoError(t, err)
	require.ErrorIs(t, again(), types.ErrClaim, "the window is open again")
	n.Check(t)
}

// A claim without vouchers that lapses does not undo the payer's notice: what was under way back to it goes on.
func TestLapsedClaimDoesNotHoldCredit(t *testing.T) {
	n, _ := served(t)
	ann := books.Address("ann")
	res, err := books.Do(n.Service.Ctx, n.Service.Usage.Reclaim, &types.MsgReclaim{Owner: ann, Provider: books.Address("pat"), SessionKey: books.Public("ann"), Amount: 100_000})
	require.NoError(t, err)
	for n.Epoch(t) < res.ReclaimEpoch-1 {
		n.NextEpoch(t)
	}
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Claim, &types.MsgClaim{
		Provider: books.Address("pat"), Epoch: n.Epoch(t) - 1, Root: make([]byte, 32), Sum: 100_000, Count: 1,
		Debits: []types.Debit{{Payer: ann, SessionKey: books.Public("ann"), Amount: 100_000}},
	})
	require.NoError(t, err)
	for range 10 {
		n.NextEpoch(t)
	}
	_, err = books.Do(n.Service.Ctx, n.Service.Usage.Release, &types.MsgRelease{Owner: ann, Amount: 1_000_000})
	require.NoError(t, err)
	n.Check(t)
}
