package keeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	lighttypes "github.com/topnetwork/top/x/light/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/x/lattice/types"
)

// errTerm: a header that no committee of its height has signed.
var errTerm = errors.New("header of no known term")

// terms of a ledger that the shard knows, the newest one first.
func (k *Keeper) terms(ctx context.Context, ledger string) (terms []types.Members, err error) {
	r := collections.NewPrefixedPairRange[string, uint64](ledger).Descending()
	err = k.Members.Walk(ctx, r, func(_ collections.Pair[string, uint64], m types.Members) (bool, error) {
		terms = append(terms, m)
		return false, nil
	})
	if err == nil && len(terms) == 0 {
		err = fmt.Errorf("%w: %q", errLedger, ledger)
	}
	return terms, err
}

// ledgers whose members the shard knows.
func (k *Keeper) ledgers(ctx context.Context) (map[string]bool, error) {
	known := map[string]bool{}
	err := k.Members.Walk(ctx, nil, func(key collections.Pair[string, uint64], _ types.Members) (bool, error) {
		known[key.K1()] = true
		return false, nil
	})
	return known, err
}

// verifyHeader of a ledger: more than two thirds of the committee of its height have signed it. A term ends where the next one's first height is known. Of a ledger that has ended only the header counts with which it did:
// its last state has all that it ever sent, and a committee that is out of office can sign others of lower heights.
func (k *Keeper) verifyHeader(ctx context.Context, ledger string, header *cmtproto.SignedHeader) error {
	if header == nil || header.Header == nil || header.Commit == nil {
		return fmt.Errorf("%w: a proof without header or commit of %s", lattice.ErrMalformed, ledger)
	}
	// What costs little comes first.
	if n := len(header.Commit.Signatures); n > types.MaxMembers {
		return fmt.Errorf("%w: a commit of %s with %d signatures, at most %d", lattice.ErrMalformed, ledger, n, types.MaxMembers)
	}
	signed, err := cmttypes.SignedHeaderFromProto(header)
	if err != nil {
		return fmt.Errorf("%w: header of %s: %w", lattice.ErrMalformed, ledger, err)
	}
	standing, err := k.standing(ctx, ledger)
	if err != nil {
		return err
	}
	if standing.Ended && (uint64(signed.Height) != standing.FinalHeight || !bytes.Equal(signed.Hash(), standing.FinalHash)) {
		return fmt.Errorf("%w: %s has ended with header %X of height %d, only that one counts", errTerm, ledger, standing.FinalHash, standing.FinalHeight)
	}
	terms, err := k.terms(ctx, ledger)
	if err != nil {
		return err
	}
	epoch, err := k.epoch(ctx)
	if err != nil {
		return err
	}
	err = fmt.Errorf("%w: %s at height %d", errTerm, ledger, header.Header.Height)
	for i, m := range terms {
		height := uint64(header.Header.Height)
		if height < m.FirstHeight {
			continue
		}
		if i > 0 && terms[i-1].FirstHeight > 0 && height >= terms[i-1].FirstHeight {
			break
		}
		// Where a term ends is not known for long: after the epoch in which the next one began, only what the main chain has seen counts.
		if i > 0 && terms[i-1].FirstHeight == 0 && epoch > terms[i-1].Epoch {
			err = fmt.Errorf("%w: term %d of %s is over, and its last height was not anchored yet", errTerm, m.Term, ledger)
			break
		}
		if err = lighttypes.VerifyCommit(ledger, signed, keysOf(m), m.Power); err == nil {
			return nil
		}
	}
	return err
}

// hashOf a header that was verified.
func hashOf(header *cmtproto.SignedHeader) ([]byte, error) {
	h, err := cmttypes.HeaderFromProto(header.Header)
	return h.Hash(), err
}

func keysOf(m types.Members) []ed25519.PubKey {
	keys := make([]ed25519.PubKey, len(m.Keys))
	for i, key := range m.Keys {
		keys[i] = key
	}
	return keys
}

// proven tells whether a ledger's state has a key with a value, as a header of it says.
func (k *Keeper) proven(ctx context.Context, ledger string, key, value []byte, proof *types.Proof) error {
	if proof == nil {
		return fmt.Errorf("%w: there is no proof of %s", lattice.ErrMalformed, ledger)
	}
	main, err := k.mainChain(ctx)
	if err != nil {
		return err
	}
	if ledger == main {
		return k.provenByMain(ctx, key, value, proof)
	}
	if err := k.verifyHeader(ctx, ledger, proof.Header); err != nil {
		return err
	}
	return lighttypes.ProvenIn(proof.Header.Header.AppHash, types.StoreKey, key, value, proof.Ops)
}
