package keeper_test

import (
	"bytes"
	"fmt"
	"testing"

	"cosmossdk.io/log/v2"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	dbm "github.com/cosmos/cosmos-db"
	ics23 "github.com/cosmos/ics23/go"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/topnetwork/top/x/light/types"
)

// state of a main chain: two stores, and one that is empty.
type state struct {
	*rootmulti.Store

	keys map[string]*storetypes.KVStoreKey
}

func newState(t testing.TB) *state {
	t.Helper()
	s := &state{Store: rootmulti.NewStore(dbm.NewMemDB(), log.NewNopLogger()), keys: storetypes.NewKVStoreKeys("committees", "shards", "nothing")}
	for _, name := range []string{"committees", "shards", "nothing"} {
		s.MountStoreWithDB(s.keys[name], storetypes.StoreTypeIAVL, nil)
	}
	require.NoError(t, s.LoadLatestVersion())
	for i := range 50 {
		s.GetKVStore(s.keys["committees"]).Set(fmt.Appendf(nil, "term/%02d", i), fmt.Appendf(nil, "members of %d", i))
		s.GetKVStore(s.keys["shards"]).Set(fmt.Appendf(nil, "shard/%02d", i), fmt.Appendf(nil, "header of %d", i))
	}
	s.Commit()
	return s
}

func (s *state) proof(t testing.TB, store, key string) *cmtcrypto.ProofOps {
	t.Helper()
	res, err := s.Query(&storetypes.RequestQuery{Path: "/" + store + "/key", Data: []byte(key), Height: s.LastCommitID().Version, Prove: true})
	require.NoError(t, err)
	return res.ProofOps
}

// proving shard: header 4 of its main chain has the app hash of the state.
func proving(t testing.TB, main *state) *shard {
	t.Helper()
	chain := mainChainOf(steady)
	chain.App = map[int64][]byte{4: main.LastCommitID().Hash}
	s := begun(t, chain)
	_, err := s.to(1, 4)
	require.NoError(t, err)
	return s
}

func TestProven(t *testing.T) {
	main := newState(t)
	s := proving(t, main)
	term, value := []byte("term/07"), []byte("members of 7")
	proof := func() *cmtcrypto.ProofOps { return main.proof(t, "committees", "term/07") }
	require.NoError(t, s.Proven(s.ctx, 4, "committees", term, value, proof()))
	require.NoError(t, s.Proven(s.ctx, 4, "shards", []byte("shard/49"), []byte("header of 49"), main.proof(t, "shards", "shard/49")))
	require.ErrorIs(t, s.Proven(s.ctx, 1, "committees", term, value, proof()), types.ErrProof, "header 1 commits another state")
	require.ErrorIs(t, s.Proven(s.ctx, 3, "committees", term, value, proof()), types.ErrNotKept)
	require.NoError(t, s.Proven(s.ctx.WithBlockTime(start.AddDate(1, 0, 0)), 4, "committees", term, value, proof()), "what is known stays known")

	for name, err := range map[string]error{
		"another value":    s.Proven(s.ctx, 4, "committees", term, []byte("members of 8"), proof()),
		"no value":         s.Proven(s.ctx, 4, "committees", term, nil, proof()),
		"another key":      s.Proven(s.ctx, 4, "committees", []byte("term/08"), value, proof()),
		"another's proof":  s.Proven(s.ctx, 4, "committees", []byte("term/08"), []byte("members of 8"), proof()),
		"another store":    s.Proven(s.ctx, 4, "shards", term, value, proof()),
		"no store":         s.Proven(s.ctx, 4, "", term, value, proof()),
		"no key":           s.Proven(s.ctx, 4, "committees", nil, value, proof()),
		"a long key":       s.Proven(s.ctx, 4, "committees", make([]byte, types.MaxKeyBytes+1), value, proof()),
		"a long value":     s.Proven(s.ctx, 4, "committees", term, make([]byte, types.MaxProofBytes+1), proof()),
		"no proof":         s.Proven(s.ctx, 4, "committees", term, value, nil),
		"empty proof":      s.Proven(s.ctx, 4, "committees", term, value, &cmtcrypto.ProofOps{}),
		"proof of absence": s.Proven(s.ctx, 4, "committees", []byte("term/99"), value, main.proof(t, "committees", "term/99")),
		"there":            s.ProvenAbsent(s.ctx, 4, "committees", term, proof()),
		"there, by another's absence": s.ProvenAbsent(s.ctx, 4, "committees", term, func() *cmtcrypto.ProofOps {
			p := main.proof(t, "committees", "term/99")
			p.Ops[0].Key = term
			return p
		}()),
	} {
		require.ErrorIs(t, err, types.ErrProof, name)
	}

	// Keys that are not there: between two, below the lowest, above the highest.
	for _, key := range []string{"term/07x", "a", "zzz"} {
		require.NoError(t, s.ProvenAbsent(s.ctx, 4, "committees", []byte(key), main.proof(t, "committees", key)))
		require.ErrorIs(t, s.ProvenAbsent(s.ctx, 4, "shards", []byte(key), main.proof(t, "committees", key)), types.ErrProof)
		require.ErrorIs(t, s.ProvenAbsent(s.ctx, 1, "committees", []byte(key), main.proof(t, "committees", key)), types.ErrProof)
		require.ErrorIs(t, s.ProvenAbsent(s.ctx, 3, "committees", []byte(key), main.proof(t, "committees", key)), types.ErrNotKept)
	}
}

// Whatever is changed in a proof, it proves nothing then.
func TestChangedProofs(t *testing.T) {
	main := newState(t)
	app := main.LastCommitID().Hash
	term, value := []byte("term/07"), []byte("members of 7")
	for name, change := range map[string]func(p *cmtcrypto.ProofOps){
		"one operation":    func(p *cmtcrypto.ProofOps) { p.Ops = p.Ops[:1] },
		"three operations": func(p *cmtcrypto.ProofOps) { p.Ops = append(p.Ops, p.Ops[1]) },
		"swapped":          func(p *cmtcrypto.ProofOps) { p.Ops[0], p.Ops[1] = p.Ops[1], p.Ops[0] },
		"another type":     func(p *cmtcrypto.ProofOps) { p.Ops[0].Type = storetypes.ProofOpSMTCommitment },
		"another key":      func(p *cmtcrypto.ProofOps) { p.Ops[0].Key = []byte("term/08") },
		"another store":    func(p *cmtcrypto.ProofOps) { p.Ops[1].Key = []byte("shards") },
		"rubbish":          func(p *cmtcrypto.ProofOps) { p.Ops[0].Data = []byte("rubbish") },
		"nothing":          func(p *cmtcrypto.ProofOps) { p.Ops[1].Data = nil },
		"too long": func(p *cmtcrypto.ProofOps) {
			p.Ops[0].Data = append(p.Ops[0].Data, make([]byte, types.MaxProofBytes)...)
		},
		"the other store's": func(p *cmtcrypto.ProofOps) {
			p.Ops[1].Data = main.proof(t, "shards", "shard/07").Ops[1].Data
		},
		// ics23's decompression looks up a step that is not there and panics.
		"compressed": func(p *cmtcrypto.ProofOps) {
			bz, err := (&ics23.CommitmentProof{Proof: &ics23.CommitmentProof_Compressed{Compressed: &ics23.CompressedBatchProof{
				Entries: []*ics23.CompressedBatchEntry{{Proof: &ics23.CompressedBatchEntry_Exist{Exist: &ics23.CompressedExistenceProof{Key: term, Value: value, Path: []int32{7}}}}},
			}}}).Marshal()
			require.NoError(t, err)
			p.Ops[0].Data = bz
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := main.proof(t, "committees", "term/07")
			require.NoError(t, types.ProvenIn(app, "committees", term, value, p))
			change(p)
			require.ErrorIs(t, types.ProvenIn(app, "committees", term, value, p), types.ErrProof)
			require.ErrorIs(t, types.ProvenAbsentIn(app, "committees", term, p), types.ErrProof)
		})
	}
	// Every bit of it matters.
	clean := main.proof(t, "committees", "term/07")
	for op := range clean.Ops {
		for at := range clean.Ops[op].Data {
			p := main.proof(t, "committees", "term/07")
			p.Ops[op].Data[at] ^= 1
			if err := types.ProvenIn(app, "committees", term, value, p); err == nil {
				decoded := &ics23.CommitmentProof{}
				require.NoError(t, decoded.Unmarshal(p.Ops[op].Data))
				again, err := decoded.Marshal()
				require.NoError(t, err)
				require.True(t, bytes.Equal(again, clean.Ops[op].Data), "operation %d, byte %d", op, at)
			}
		}
	}
}
