package keeper_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/testutil/books"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

// proven puts count claims of as many providers into the books, each over 1 utop of its own payer; proven at the height that it answers for a place.
func proven(t *testing.T, n *books.Network, count int, height func(place int) int64) (providers []string) {
	t.Helper()
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	for i := range count {
		providers = append(providers, books.Address(fmt.Sprintf("provider %d", i)))
	}
	slices.Sort(providers)
	for i, provider := range providers {
		payer := books.Address(fmt.Sprintf("payer %d", i))
		c := types.Claim{
			Provider: provider, Epoch: 1, Root: make([]byte, 32), Sum: 1, Count: 1, Debits: []types.Debit{{Payer: payer, SessionKey: books.Public("key"), Amount: 1}},
			Status: types.ClaimStatus_CLAIM_STATUS_PROVEN, ProvenHeight: height(i),
		}
		debits, err := c.ClaimDebits()
		require.NoError(t, err)
		root := debits.Root()
		c.DebitRoot = root[:]
		gs.Claims = append(gs.Claims, c)
		gs.Credits = append(gs.Credits, types.Credit{Owner: payer, Credited: 1, Spent: 1})
		gs.KeySpendings = append(gs.KeySpendings, types.KeySpending{Owner: payer, Key: books.Public("key"), Spent: 1})
	}
	require.NoError(t, gs.Validate())
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	return providers
}

// With more claims than a packet takes, those go first that were proven first, whatever their provider's address; the rest goes with the next.
func TestClaimsAreSettledInTheOrderOfTheirProofs(t *testing.T) {
	n, _ := served(t)
	const more = 3
	// The last addresses were proven first.
	providers := proven(t, n, billingtypes.MaxSettlementEntries+more, func(place int) int64 { return 100_000 - int64(place) })
	for settlement, want := range [][]string{providers[more:], providers[:more]} {
		n.NextEpoch(t)
		sequence := n.ToMain().Pending()[settlement]
		data, err := billingtypes.DecodePacket(n.ToMain().Packet(t, sequence).Payloads[0].Value)
		require.NoError(t, err, "totals are sorted")
		var paid []string
		for _, total := range data.GetSettlement().Totals {
			paid = append(paid, total.Provider)
		}
		require.Equal(t, want, paid)
	}
	f, err := n.Service.Usage.Figures(n.Service.Ctx)
	require.NoError(t, err)
	require.Zero(t, f.Proven)
}

// Every debit of a settlement of many claims leads to the root that the packet carries.
func TestDebitsLeadToTheSettlementsRoot(t *testing.T) {
	n, _ := served(t)
	providers := proven(t, n, 7, func(place int) int64 { return int64(place * 5 % 7) })
	n.NextEpoch(t)
	data, err := billingtypes.DecodePacket(n.ToMain().Packet(t, n.ToMain().Pending()[0]).Payloads[0].Value)
	require.NoError(t, err)
	packet := data.GetSettlement()
	for i, provider := range providers {
		payer := books.Address(fmt.Sprintf("payer %d", i))
		res, err := keeper.NewQueryServer(n.Service.Usage).DebitProof(n.Service.Ctx, &types.QueryDebitProofRequest{
			SettlementEpoch: packet.Epoch, Provider: provider, ClaimEpoch: 1, Payer: payer, SessionKey: hex.EncodeToString(books.Public("key")),
		})
		require.NoError(t, err)
		require.Equal(t, packet.DebitRoot, res.DebitRoot)
		path := make([]claim.DebitNode, len(res.Path))
		for j, node := range res.Path {
			path[j] = claim.DebitNode{Hash: [32]byte(node.Hash), Left: node.Left}
		}
		debit := claim.Debit{Payer: sdk.MustAccAddressFromBech32(payer), SessionKey: books.Public("key"), Amount: 1}
		require.NoError(t, claim.VerifyDebit([32]byte(packet.DebitRoot), provider, 1, debit, path))
	}
}

// A claim's debits under another root than the settlement's would be disputed in vain: such a genesis does not start.
func TestGenesisWithAnotherDebitRoot(t *testing.T) {
	n, _ := served(t)
	proven(t, n, 1, func(int) int64 { return 1 })
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Claims[0].DebitRoot[0] ^= 1
	require.ErrorIs(t, gs.Validate(), types.ErrInvalid)
}
