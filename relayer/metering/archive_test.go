package metering

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/cosmos/cosmos-sdk/types/bech32"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/voucher"
)

func payerAddress(t *testing.T, b byte) string {
	t.Helper()
	address, err := bech32.ConvertAndEncode("top", bytes.Repeat([]byte{b}, 20))
	require.NoError(t, err)
	return address
}

// serveOne runs a session of a payer's to a voucher.
func (b *bench) serveOne(payer string, nonce uint64) client {
	offer, err := b.Offer(&voucher.OfferRequest{Service: b.cfg.Service, ChainId: b.cfg.ChainID})
	require.NoError(b.t, err)
	c := newClient(offer, 10_000, nonce)
	c.Payer = payer
	c.Sign(sessionKeyA)
	_, _, err = b.Open(b.t.Context(), "peer", offer, c.Open, b.reply)
	require.NoError(b.t, err)
	require.NoError(b.t, b.Tick("peer", c.tick(100)))
	require.NoError(b.t, b.charge(c, 1))
	require.NoError(b.t, b.Voucher("peer", c.voucher(1, messages(1))))
	return c
}

// Vouchers of a proven claim leave the books and stay on disk, in the order that disputes ask for, also after a crash.
func TestArchive(t *testing.T) {
	b := newBench(t)
	a, other := payerAddress(t, 1), payerAddress(t, 2)
	for nonce := range uint64(5) {
		b.serveOne(a, 10+nonce)
	}
	b.serveOne(other, 20)
	b.Roll(epoch + 1)
	b.serveOne(a, 30)
	require.NoError(t, b.Archive(epoch))
	require.Len(t, b.entries(), 1, "the next epoch's session stays in the books")
	b.crash()
	require.Len(t, b.entries(), 1)

	read := func(epoch uint64, payer string, key ed25519.PublicKey) [][]byte {
		var ids [][]byte
		for e, err := range b.Store().Evidence(epoch, payer, key) {
			require.NoError(t, err)
			require.NoError(t, voucher.VerifyEvidence(e, b.cfg.ChainID, epoch))
			require.Equal(t, payer, e.Open.Payer)
			ids = append(ids, e.Voucher.SessionId)
		}
		return ids
	}
	key := sessionKeyA.Public().(ed25519.PublicKey)
	ids := read(epoch, a, key)
	require.Len(t, ids, 5)
	for i := 1; i < len(ids); i++ {
		require.Negative(t, bytes.Compare(ids[i-1], ids[i]), "session ids rise")
	}
	require.Len(t, read(epoch, other, key), 1)
	require.Empty(t, read(epoch, a, providerKey.Public().(ed25519.PublicKey)), "another key")
	require.Empty(t, read(epoch+1, a, key), "not archived yet")

	require.NoError(t, b.Archive(epoch+1))
	archived, err := b.Store().Archived()
	require.NoError(t, err)
	require.Equal(t, []uint64{epoch, epoch + 1}, archived)
	require.NoError(t, b.Store().DropArchive(epoch))
	archived, err = b.Store().Archived()
	require.NoError(t, err)
	require.Equal(t, []uint64{epoch + 1}, archived)
	require.Empty(t, read(epoch, a, key))
	require.Len(t, read(epoch+1, a, key), 1)
}

func TestAfterIsTheEndOfAPrefix(t *testing.T) {
	require.Equal(t, []byte{1, 3}, after([]byte{1, 2}))
	require.Equal(t, []byte{2}, after([]byte{1, 255}))
	require.Nil(t, after([]byte{255, 255}))
}
