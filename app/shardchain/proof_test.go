package shardchain_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/verify"
)

// An account is proven from a header alone, its units too, and no part of the proof can be another.
func TestProofsFromAHeader(t *testing.T) {
	s := newShard(t, 20)
	a := s.users[3]
	for i := range 5 {
		s.block(a.send(s.users[i+4], 100))
	}
	res, err := s.Query(context.Background(), &abci.RequestQuery{Path: "/store/lattice/key", Data: []byte{1}, Height: s.height, Prove: true})
	require.NoError(t, err)
	require.Zero(t, res.Code, res.Log)
	require.Len(t, res.ProofOps.Ops, 2)
	state, err := verify.DecodeState(res.Value, res.ProofOps.Ops[0].Data, res.ProofOps.Ops[1].Data)
	require.NoError(t, err)
	record, proof, _, err := s.Engine.Proof(a.address)
	require.NoError(t, err)
	body := record.AppendBody(nil)

	got, head, err := verify.Account(s.last, state, lattice.Prefix{}, proof, a.address, body)
	require.NoError(t, err)
	require.Equal(t, record, got)
	require.Equal(t, uint64(s.height), head.Height)
	var units []lattice.Unit
	require.NoError(t, s.Engine.Units(a.address, record.Units, record.Height, func(u lattice.Unit, _ uint64) bool {
		units = append(units, u)
		return true
	}))
	slices.Reverse(units)
	require.Len(t, units, 5)
	require.NoError(t, verify.Units(got, units))
	units[2].Peer = a.address
	require.Error(t, verify.Units(got, units))

	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}
	for name, check := range map[string]func() error{
		"app hash": func() error {
			_, _, err := verify.Account(flip(s.last), state, lattice.Prefix{}, proof, a.address, body)
			return err
		},
		"head": func() error {
			other := state
			other.Head = flip(state.Head)
			_, _, err := verify.Account(s.last, other, lattice.Prefix{}, proof, a.address, body)
			return err
		},
		"record": func() error {
			_, _, err := verify.Account(s.last, state, lattice.Prefix{}, proof, a.address, flip(body))
			return err
		},
		"address": func() error {
			_, _, err := verify.Account(s.last, state, lattice.Prefix{}, proof, s.users[4].address, body)
			return err
		},
		"store proof for multistore proof": func() error {
			other := state
			other.InMultistore = state.InStore
			_, err := other.Verify(s.last)
			return err
		},
	} {
		require.Error(t, check(), name)
	}
}
