package keeper_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/testutil/headers"
	"github.com/topnetwork/top/x/light/types"
)

// Whatever a stranger brings as an update: it is refused and changes nothing, or the header is the chain's own.
func FuzzUpdate(f *testing.F) {
	chain := mainChainOf(func(height int64) []ed25519.PrivKey { return headers.Keys(int(height)/4, 4) })
	s := begun(f, chain)
	for _, u := range []*types.Update{chain.Update(1, 2), chain.Update(1, 4), chain.Update(1, 9), {TrustedHeight: 1}} {
		bz, err := u.Marshal()
		require.NoError(f, err)
		f.Add(bz)
	}
	base := s.ctx
	f.Fuzz(func(t *testing.T, bz []byte) {
		u, err := types.DecodeUpdate(bz)
		if err != nil {
			return
		}
		s.ctx, _ = base.CacheContext()
		before := s.state(t)
		frozen, err := s.Update(s.ctx, chain.Time(20), u)
		require.False(t, frozen, "nobody here signs twice")
		if err != nil {
			require.Equal(t, before, s.state(t))
			return
		}
		head, err := s.Head(s.ctx)
		require.NoError(t, err)
		require.Equal(t, types.HeaderOf(chain.Header(head.Height)), head)
		require.NoError(t, s.Invariants(s.ctx))
	})
}

// Whatever a stranger brings as a proof: it proves what is there, and the absence of what is not.
func FuzzProven(f *testing.F) {
	main := newState(f)
	s := proving(f, main)
	has := func(store string, key []byte) []byte {
		if k, ok := main.keys[store]; ok && len(key) > 0 {
			return main.GetKVStore(k).Get(key)
		}
		return nil
	}
	for _, key := range []string{"term/07", "term/07x"} {
		bz, err := main.proof(f, "committees", key).Marshal()
		require.NoError(f, err)
		f.Add("committees", []byte(key), []byte("members of 7"), bz)
		f.Add("shards", []byte(key), []byte{}, bz)
	}
	f.Fuzz(func(t *testing.T, store string, key, value, bz []byte) {
		var proof cmtcrypto.ProofOps
		if proof.Unmarshal(bz) != nil {
			return
		}
		if s.Proven(s.ctx, 4, store, key, value, &proof) == nil {
			require.True(t, bytes.Equal(has(store, key), value) && len(value) > 0)
		}
		if s.ProvenAbsent(s.ctx, 4, store, key, &proof) == nil {
			require.Nil(t, has(store, key))
		}
	})
}

// Whatever stands in a genesis: it is refused, or the chain begins with it and exports it again.
func FuzzGenesis(f *testing.F) {
	chain := mainChainOf(steady)
	gs := genesis(chain, 1)
	gs.Headers = append(gs.Headers, types.HeaderOf(chain.Header(2)))
	other := chain.Header(2)
	other.AppHash = make([]byte, 32)
	frozen := *gs
	frozen.Frozen = &types.Misbehaviour{Reason: gs.Headers[1].Contradicts(other), Kept: gs.Headers[1], Other: *chain.UpdateTo(1, other).Block.SignedHeader}
	for _, g := range []*types.GenesisState{types.DefaultGenesisState(), gs, &frozen} {
		bz, err := g.Marshal()
		require.NoError(f, err)
		f.Add(bz)
	}
	f.Fuzz(func(t *testing.T, bz []byte) {
		var gs types.GenesisState
		if gs.Unmarshal(bz) != nil {
			return
		}
		ctx, k := empty()
		if k.InitGenesis(ctx.WithBlockTime(start.Add(time.Second)), &gs) != nil {
			return
		}
		require.NoError(t, k.Invariants(ctx))
		again, err := k.ExportGenesis(ctx)
		require.NoError(t, err)
		require.NoError(t, again.Validate())
	})
}
