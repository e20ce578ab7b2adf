package types_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/billing/types"
)

// Whatever decodes is valid and has exactly one encoding.
func FuzzDecodePacket(f *testing.F) {
	for _, p := range []*types.PacketData{
		{Data: &types.PacketData_Credit{Credit: &types.CreditPacket{
			Owner: books.Address("ann"), Amount: 5, Revision: 1, SessionKeys: []types.SessionKey{{Key: books.Public("ann"), CapUtop: 1, ExpiresEpoch: 2, GrantedBy: books.Address("ann")}},
		}}},
		{Data: &types.PacketData_Provider{Provider: &types.ProviderPacket{Address: books.Address("pat"), Key: books.Public("pat"), Active: true, Revision: 2}}},
		{Data: &types.PacketData_Settlement{Settlement: &types.SettlementPacket{
			ChainId: books.ServiceID, Epoch: 3, DebitRoot: make([]byte, 32),
			Totals: []types.ProviderTotal{{Provider: books.Address("pat"), Amount: 7, Vouchers: 2}}, Releases: []types.Release{{Owner: books.Address("ann"), Amount: 9}},
		}}},
	} {
		value, err := types.EncodePacket(p)
		require.NoError(f, err)
		f.Add(value)
		f.Add(append(bytes.Clone(value), value...))
		f.Add(value[:len(value)/2])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		p, err := types.DecodePacket(value)
		if err != nil {
			return
		}
		require.NoError(t, p.Validate())
		again, err := types.EncodePacket(p)
		require.NoError(t, err)
		require.Equal(t, value, again)
		if s := p.GetSettlement(); s != nil {
			_, _, err := s.Sums()
			require.NoError(t, err)
		}
	})
}

func TestPacketsAreBounded(t *testing.T) {
	_, err := types.DecodePacket(make([]byte, 1<<20+1))
	require.ErrorIs(t, err, types.ErrPacket)
}
