package keeper_test

import (
	"bytes"
	"testing"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/headers"
	"github.com/topnetwork/top/x/light/types"
)

// Two headers that cannot both be, each signed by the committee: the client stops, and keeps what shows it.
func TestMisbehaviourFreezes(t *testing.T) {
	for name, c := range map[string]struct {
		trusted, height int64
		change          func(chain *headers.Chain, h *cmttypes.Header)
		kept            int64
		reason          string
	}{
		"another header of the newest height": {1, 9, func(_ *headers.Chain, h *cmttypes.Header) { h.AppHash = bytes.Repeat([]byte{1}, 32) }, 9, "two headers of one height"},
		"another header of a lower height":    {1, 5, func(_ *headers.Chain, h *cmttypes.Header) { h.DataHash = bytes.Repeat([]byte{1}, 32) }, 5, "two headers of one height"},
		"next header of a fork":               {9, 10, func(_ *headers.Chain, h *cmttypes.Header) { h.LastBlockID.Hash = bytes.Repeat([]byte{1}, 32) }, 9, "the next header does not follow on the kept one"},
		"higher and earlier":                  {5, 12, func(chain *headers.Chain, h *cmttypes.Header) { h.Time = chain.Time(9) }, 9, "a higher header is not later"},
	} {
		t.Run(name, func(t *testing.T) {
			s := begun(t, mainChainOf(steady))
			for _, h := range []int64{5, 9} {
				_, err := s.to(1, h)
				require.NoError(t, err)
			}
			kept := s.state(t).Headers
			other := s.chain.Header(c.height)
			c.change(s.chain, other)
			forged := s.chain.UpdateTo(c.trusted, other)

			// Signed by two thirds, not more, it shows nothing.
			u := s.chain.UpdateTo(c.trusted, other)
			u.Block.SignedHeader = headers.Sign(other, headers.Set(steady(0), s.chain.Power), steady(0)[:6]).ToProto()
			_, err := s.Update(s.ctx, s.chain.Time(20), u)
			require.ErrorIs(t, err, types.ErrNotTrusted)
			require.Nil(t, s.state(t).Frozen)

			frozen, err := s.Update(s.ctx, s.chain.Time(20), forged)
			require.NoError(t, err)
			require.True(t, frozen)
			gs := s.state(t)
			require.Equal(t, kept, gs.Headers)
			require.Equal(t, c.reason, gs.Frozen.Reason)
			require.Equal(t, types.HeaderOf(s.chain.Header(c.kept)), gs.Frozen.Kept)
			signed, err := cmttypes.SignedHeaderFromProto(&gs.Frozen.Other)
			require.NoError(t, err)
			require.NoError(t, types.VerifyCommit(mainChain, signed, headers.Public(steady(0)), s.chain.Power), "the evidence proves itself")
			require.Equal(t, other.Hash(), signed.Hash())
			require.NoError(t, s.Invariants(s.ctx))

			_, err = s.to(9, 20)
			require.ErrorIs(t, err, types.ErrFrozen)
			require.ErrorIs(t, s.Proven(s.ctx, 5, "bank", []byte("k"), []byte("v"), nil), types.ErrFrozen)
			require.ErrorIs(t, s.ProvenAbsent(s.ctx, 5, "bank", []byte("k"), nil), types.ErrFrozen)
			height, err := s.Height(s.ctx)
			require.NoError(t, err)
			require.EqualValues(t, 9, height, "what was known stays known")
			require.Equal(t, gs, imported(t, gs), "frozen in a new genesis, too")
		})
	}
}

// A later committee that signs another header of a height that is not its own shows nothing.
func TestOthersCannotFreeze(t *testing.T) {
	s := begun(t, mainChainOf(func(height int64) []ed25519.PrivKey { return headers.Keys(int(height), 3) }))
	for h := int64(2); h < 5; h++ {
		_, err := s.to(h-1, h)
		require.NoError(t, err)
	}
	other := s.chain.Header(4)
	other.AppHash = bytes.Repeat([]byte{1}, 32)
	u := s.chain.UpdateTo(3, other)
	u.Block = s.chain.Block(other, headers.Keys(5, 3))
	_, err := s.Update(s.ctx, s.chain.Time(5), u)
	require.ErrorIs(t, err, types.ErrNotTrusted)
	require.Nil(t, s.state(t).Frozen)
}
