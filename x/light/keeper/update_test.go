package keeper_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/crypto/secp256k1"
	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/testutil/headers"
	"github.com/topnetwork/top/x/light/types"
)

func TestForward(t *testing.T) {
	s := begun(t, mainChainOf(steady))
	for _, step := range [][2]int64{{1, 2}, {2, 3}, {1, 10}, {3, 500}, {10, 501}} {
		frozen, err := s.to(step[0], step[1])
		require.NoError(t, err, step)
		require.False(t, frozen)
		head, err := s.Head(s.ctx)
		require.NoError(t, err)
		require.Equal(t, types.HeaderOf(s.chain.Header(step[1])), head)
		require.NoError(t, s.Invariants(s.ctx))
	}
	height, err := s.Height(s.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 501, height)
	at, err := s.Time(s.ctx)
	require.NoError(t, err)
	require.Equal(t, s.chain.Time(501), at)
	epoch, err := s.Epoch(s.ctx, 100)
	require.NoError(t, err)
	require.EqualValues(t, 5, epoch)
}

// Nine members, some of whom are others from height 6 on: a header beyond that is proven from height 1 as long as more than two thirds of those who were there signed it.
func TestRotation(t *testing.T) {
	for _, c := range []struct {
		changed int
		skipped bool
	}{{0, true}, {1, true}, {2, true}, {3, false}, {4, false}, {5, false}, {9, false}} {
		chain := mainChainOf(func(height int64) []ed25519.PrivKey {
			if height < 6 {
				return headers.Keys(0, 9)
			}
			return headers.Keys(c.changed, 9)
		})
		s := begun(t, chain)
		_, err := s.to(1, 6)
		if c.skipped {
			require.NoError(t, err, c)
			continue
		}
		require.ErrorIs(t, err, types.ErrNotTrusted, c)
		_, err = s.to(1, 7)
		require.ErrorIs(t, err, types.ErrNotTrusted, c)
		// The last header of the old committee names the new one.
		_, err = s.to(1, 5)
		require.NoError(t, err, c)
		_, err = s.to(5, 7)
		require.NoError(t, err, "header 5 names those of 6, who sign 7, too")
	}
}

// Every third of the committee in turn, each height: adjacent headers lead through any rotation.
func TestAdjacentThroughRotation(t *testing.T) {
	s := begun(t, mainChainOf(func(height int64) []ed25519.PrivKey { return headers.Keys(int(height)*3, 9) }))
	for h := int64(2); h < 12; h++ {
		_, err := s.to(h-1, h)
		require.NoError(t, err)
	}
	_, err := s.to(11, 13)
	require.ErrorIs(t, err, types.ErrNotTrusted)
}

func TestRefusedUpdates(t *testing.T) {
	s := begun(t, mainChainOf(steady))
	_, err := s.to(1, 5)
	require.NoError(t, err)
	_, err = s.to(5, 8)
	require.NoError(t, err)
	before := s.state(t)
	now := s.chain.Time(10)
	// signed by some of the committee, after a change.
	signed := func(change func(h *cmttypes.Header), by ...ed25519.PrivKey) *types.Update {
		u := s.chain.Update(8, 10)
		h := s.chain.Header(10)
		change(h)
		u.Block.SignedHeader = headers.Sign(h, headers.Set(steady(10), 1000), by).ToProto()
		return u
	}
	same := func(*cmttypes.Header) {}
	changed := func(change func(u *types.Update)) *types.Update {
		u := s.chain.Update(8, 10)
		change(u)
		return u
	}
	strangers := mainChainOf(func(int64) []ed25519.PrivKey { return headers.Keys(100, 9) })
	for name, c := range map[string]struct {
		u    *types.Update
		at   time.Time
		want error
	}{
		"expired":                        {s.chain.Update(8, 10), s.chain.Time(8).Add(types.DefaultParams().TrustingPeriod), types.ErrExpired},
		"from the future":                {s.chain.Update(8, 60), s.chain.Time(60).Add(-types.DefaultParams().MaxClockDrift), types.ErrNotTrusted},
		"not later than the trusted one": {signed(func(h *cmttypes.Header) { h.Time = s.chain.Time(8) }, steady(0)...), now, types.ErrNotTrusted},
		"another chain":                  {signed(func(h *cmttypes.Header) { h.ChainID = "top-main-2" }, steady(0)...), now, types.ErrNotTrusted},
		"strangers":                      {strangers.Update(8, 10), now, types.ErrNotTrusted},
		"strangers beside the committee": {func() *types.Update {
			u := strangers.Update(8, 10)
			u.TrustedValidators = s.chain.Update(8, 10).Block.ValidatorSet
			return u
		}(), now, types.ErrNotTrusted},
		"two thirds":          {signed(same, steady(0)[:6]...), now, types.ErrNotTrusted},
		"a changed header":    {changed(func(u *types.Update) { u.Block.SignedHeader.Header.AppHash[0] ^= 1 }), now, types.ErrNotTrusted},
		"a changed signature": {changed(func(u *types.Update) { u.Block.SignedHeader.Commit.Signatures[2].Signature[3] ^= 1 }), now, types.ErrNotTrusted},
		"another's signature": {changed(func(u *types.Update) {
			sigs := u.Block.SignedHeader.Commit.Signatures
			sigs[0].Signature = sigs[1].Signature
		}), now, types.ErrNotTrusted},
		"nobody's":                 {signed(same), now, types.ErrNotTrusted},
		"known":                    {s.chain.Update(5, 8), now, types.ErrKnown},
		"known, the first":         {s.chain.UpdateTo(5, s.chain.Header(8)), now, types.ErrKnown},
		"behind":                   {s.chain.Update(5, 6), now, types.ErrBehind},
		"from what is not kept":    {s.chain.Update(7, 10), now, types.ErrNotKept},
		"from the future's header": {s.chain.Update(10, 10), now, types.ErrInvalid},
		"from nothing":             {changed(func(u *types.Update) { u.TrustedHeight = 0 }), now, types.ErrNotKept},
		"other trusted validators": {changed(func(u *types.Update) { u.TrustedValidators = strangers.Update(1, 2).Block.ValidatorSet }), now, types.ErrNotTrusted},
		"no block":                 {&types.Update{TrustedHeight: 8}, now, types.ErrInvalid},
		"no header":                {changed(func(u *types.Update) { u.Block.SignedHeader.Header = nil }), now, types.ErrInvalid},
		"no commit":                {changed(func(u *types.Update) { u.Block.SignedHeader.Commit = nil }), now, types.ErrInvalid},
		"no signed header":         {changed(func(u *types.Update) { u.Block.SignedHeader = nil }), now, types.ErrInvalid},
		"no validators":            {changed(func(u *types.Update) { u.Block.ValidatorSet = nil }), now, types.ErrInvalid},
		"empty trusted validators": {changed(func(u *types.Update) { u.TrustedValidators = &cmtproto.ValidatorSet{} }), now, types.ErrInvalid},
		"a member twice":           {changed(func(u *types.Update) { v := u.Block.ValidatorSet.Validators; v[1] = v[0] }), now, types.ErrInvalid},
		"power 0":                  {changed(func(u *types.Update) { u.Block.ValidatorSet.Validators[3].VotingPower = 0 }), now, types.ErrInvalid},
		"too much power":           {changed(func(u *types.Update) { u.Block.ValidatorSet.Validators[3].VotingPower = cmttypes.MaxTotalVotingPower }), now, types.ErrInvalid},
		"more power":               {changed(func(u *types.Update) { u.Block.ValidatorSet.Validators[3].VotingPower++ }), now, types.ErrNotTrusted},
		"no app hash":              {signed(func(h *cmttypes.Header) { h.AppHash = nil }, steady(0)...), now, types.ErrInvalid},
		"too long a header":        {signed(func(h *cmttypes.Header) { h.AppHash = make([]byte, types.MaxHeaderBytes) }, steady(0)...), now, types.ErrInvalid},
		"another scheme": {changed(func(u *types.Update) {
			u.Block.ValidatorSet.Validators[3].PubKey = cmtcrypto.PublicKey{Sum: &cmtcrypto.PublicKey_Secp256K1{Secp256K1: secp256k1.GenPrivKeySecp256k1([]byte("x")).PubKey().Bytes()}}
		}), now, types.ErrInvalid},
		"too long a signature": {changed(func(u *types.Update) {
			s := u.Block.SignedHeader.Commit.Signatures
			s[0].Signature = append(s[0].Signature, 0)
		}), now, types.ErrInvalid},
		"too many signatures": {changed(func(u *types.Update) {
			u.Block.SignedHeader.Commit.Signatures = make([]cmtproto.CommitSig, types.MaxValidators+1)
		}), now, types.ErrInvalid},
		"too many validators": {changed(func(u *types.Update) {
			u.Block.ValidatorSet.Validators = make([]*cmtproto.Validator, types.MaxValidators+1)
		}), now, types.ErrInvalid},
		"too many bytes": {changed(func(u *types.Update) {
			u.TrustedValidators = &cmtproto.ValidatorSet{Proposer: &cmtproto.Validator{Address: make([]byte, types.MaxUpdateBytes)}}
		}), now, types.ErrInvalid},
		"fewer signatures than members": {changed(func(u *types.Update) { c := u.Block.SignedHeader.Commit; c.Signatures = c.Signatures[:8] }), now, types.ErrNotTrusted},
	} {
		t.Run(name, func(t *testing.T) {
			frozen, err := s.Update(s.ctx, c.at, c.u)
			require.ErrorIs(t, err, c.want)
			require.False(t, frozen)
			require.Equal(t, before, s.state(t), "a refused update changes nothing")
		})
	}
	// What is just within the bounds passes.
	_, err = s.Update(s.ctx, s.chain.Time(38).Add(time.Nanosecond-types.DefaultParams().MaxClockDrift), s.chain.Update(8, 38))
	require.NoError(t, err)
	_, err = s.Update(s.ctx, now, signed(same, steady(0)[:7]...))
	require.ErrorIs(t, err, types.ErrBehind)
	_, err = s.Update(s.ctx, s.chain.Time(38).Add(types.DefaultParams().TrustingPeriod-time.Nanosecond), s.chain.Update(38, 40))
	require.NoError(t, err)
}

// The largest committees fit into an update, in any case.
func TestLargestUpdate(t *testing.T) {
	chain := mainChainOf(func(height int64) []ed25519.PrivKey { return headers.Keys(min(int(height), 20), types.MaxValidators) })
	chain.Power = cmttypes.MaxTotalVotingPower / types.MaxValidators
	s := begun(t, chain)
	u := chain.Update(1, 20)
	require.NotNil(t, u.TrustedValidators)
	bz, err := u.Marshal()
	require.NoError(t, err)
	require.Less(t, len(bz), types.MaxUpdateBytes)
	require.Greater(t, len(bz), types.MaxUpdateBytes*3/4, "the bound is not far from what is needed")
	u, err = types.DecodeUpdate(bz)
	require.NoError(t, err)
	_, err = s.Update(s.ctx, chain.Time(20), u)
	require.NoError(t, err)
	_, err = types.DecodeUpdate(make([]byte, types.MaxUpdateBytes+1))
	require.ErrorIs(t, err, types.ErrInvalid)
}

func TestPruned(t *testing.T) {
	chain := mainChainOf(steady)
	gs := genesis(chain, 1)
	gs.Params.KeptHeaders = 3
	s := &shard{chain: chain}
	s.ctx, s.Keeper = empty()
	require.NoError(t, s.InitGenesis(s.ctx, gs))
	for h := int64(2); h < 10; h++ {
		_, err := s.to(h-1, h)
		require.NoError(t, err)
		require.LessOrEqual(t, len(s.state(t).Headers), 3)
	}
	for h, want := range map[int64]error{6: types.ErrNotKept, 7: nil, 8: nil, 9: nil, 10: types.ErrNotKept} {
		_, err := s.Header(s.ctx, h)
		require.ErrorIs(t, err, want)
	}
	_, err := s.to(6, 12)
	require.ErrorIs(t, err, types.ErrNotKept)
	_, err = s.to(7, 12)
	require.NoError(t, err)
}

// Whatever valid updates come in whatever order, from whatever kept header: the newest never goes back, and nothing freezes.
func TestNewestNeverGoesBack(t *testing.T) {
	chain := mainChainOf(func(height int64) []ed25519.PrivKey { return headers.Keys(int(height)/5, 4) })
	rapid.Check(t, func(rt *rapid.T) {
		gs := genesis(chain, 1)
		gs.Params.KeptHeaders = uint32(rapid.IntRange(2, 8).Draw(rt, "kept"))
		s := &shard{chain: chain}
		s.ctx, s.Keeper = empty()
		require.NoError(rt, s.InitGenesis(s.ctx, gs))
		newest := int64(1)
		for range rapid.IntRange(1, 20).Draw(rt, "updates") {
			kept := s.state(t).Headers
			from := kept[rapid.IntRange(0, len(kept)-1).Draw(rt, "from")].Height
			height := from + rapid.Int64Range(1, 15).Draw(rt, "gap")
			frozen, err := s.to(from, height)
			require.False(rt, frozen)
			switch {
			case err == nil:
				require.Greater(rt, height, newest)
				newest = height
			case height <= newest:
				require.True(rt, errors.Is(err, types.ErrKnown) || errors.Is(err, types.ErrBehind), err)
			default:
				// Of four members one may be another, not two.
				require.ErrorIs(rt, err, types.ErrNotTrusted)
				require.Greater(rt, height/5, (from+1)/5+1)
			}
			head, err := s.Height(s.ctx)
			require.NoError(rt, err)
			require.Equal(rt, newest, head)
			require.NoError(rt, s.Invariants(s.ctx))
		}
	})
}
