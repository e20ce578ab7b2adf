package blockspace_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// mostKeys a payer may have on a service chain.
const mostKeys = 256

// The largest claim that parameters may allow, and the proof with the most samples, fit into the gas and the bytes that a transaction may ask for: with a payer for each
// debit, and with payers of as many session keys as there may be.
func TestLargestClaimFits(t *testing.T) {
	for name, keys := range map[string]int{"many payers": 1, "many keys": mostKeys} {
		t.Run(name, func(t *testing.T) {
			s, c := largest(t, usagetypes.MaxDebits, keys)
			// Of this sdk/chain uses five sevenths: it asks for more than a simulation took.
			gas := uint64(base.ConsensusParams().Block.MaxGas) / 2
			send := func(msg sdk.Msg) {
				bz := tx(t, s, "pat", 0, gas, msg)
				require.Zero(t, s.Check(t, bz).Code)
				res := s.Block(t, bz).TxResults[0]
				require.Zero(t, res.Code, res.Log)
				require.Less(t, uint64(res.GasUsed), gas*5/7)
			}
			send(c.MsgClaim)
			// The block after dates the claim and draws its challenge.
			s.Block(t)
			send(c.Prove(t, claimed(t, s).Seed, usagetypes.MaxSamples))
			require.Equal(t, usagetypes.ClaimStatus_CLAIM_STATUS_PROVEN, claimed(t, s).Status)
			require.NoError(t, s.App.Usage.Invariants(s.Context()))
		})
	}
}

// largest is a chain, and a claim of pat's for epoch 0 with so many debits, of payers with so many keys each.
func largest(t *testing.T, debits, keys int) (*inprocess.Service, *books.Claim) {
	t.Helper()
	pat := inprocess.Account("pat").String()
	var sessions []*voucher.Evidence
	var credits []usagetypes.Credit
	var lines []usagetypes.SubLine
	var spendings []usagetypes.KeySpending
	for i := range debits {
		if i%keys == 0 {
			credits = append(credits, usagetypes.Credit{Owner: books.Address(fmt.Sprint("payer ", i/keys))})
		}
		payer := &credits[len(credits)-1]
		session := books.Session("pat", "ann", 0, 1<<32, 1)
		session.Offer.Provider, session.Open.Payer = pat, payer.Owner
		key := fmt.Sprint("key ", i)
		session.Open.SessionKey = books.Public(key)
		books.Sign(session, "pat", key)
		sessions = append(sessions, session)
		amount := session.Voucher.AmountUtop
		payer.Credited += amount
		payer.Allotted += amount
		payer.SessionKeys = append(payer.SessionKeys, billingtypes.SessionKey{Key: books.Public(key), CapUtop: amount, ExpiresEpoch: 1_000, GrantedBy: payer.Owner})
		lines = append(lines, usagetypes.SubLine{Owner: payer.Owner, Provider: pat, SessionKey: books.Public(key), Amount: amount})
		spendings = append(spendings, usagetypes.KeySpending{Owner: payer.Owner, Key: books.Public(key), Allotted: amount})
	}
	s := inprocess.NewService(t, 10, func(gs *usagetypes.GenesisState) {
		gs.Params.MaxDebits, gs.Params.Samples = usagetypes.MaxDebits, usagetypes.MaxSamples
		gs.Providers = []usagetypes.Provider{{Address: pat, Key: books.Public("pat"), Active: true}}
		gs.Credits, gs.SubLines, gs.KeySpendings, gs.Seed = credits, lines, spendings, books.FarSeed()
	}, "pat")
	for s.App.LastBlockHeight() < 10 {
		s.Block(t)
	}
	c := books.NewClaim(t, "pat", 0, sessions...)
	c.Provider = pat
	return s, c
}
