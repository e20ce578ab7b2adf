package types

import (
	"encoding/binary"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	commitmenttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types/v2"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// What a shard's state has for its main chain, in the store of x/lattice: raw keys that may not change.
var (
	latticeStore = []byte("lattice")
	headKey      = []byte{1}
	finalKey     = []byte{5}
)

// Verify the proof of a shard's head by the app hash of the header after it, and read from it what the main chain needs.
func (p HeadProof) Verify(appHash []byte) (LatticeHead, error) {
	var head LatticeHead
	if err := verifyMembership(appHash, p.Proof, headKey, p.Head); err != nil {
		return head, err
	}
	if err := head.Unmarshal(p.Head); err != nil {
		return head, errorsmod.Wrapf(ErrInvalid, "head: %s", err)
	}
	if len(head.Root) != lattice.HashSize {
		return head, errorsmod.Wrapf(ErrInvalid, "the head's root has %d bytes, want %d", len(head.Root), lattice.HashSize)
	}
	return head, nil
}

// OverdrawnUtop of a head, which is whatever its committee has signed.
func (h LatticeHead) OverdrawnUtop() (math.Int, error) {
	sum := math.ZeroInt()
	for _, c := range h.Overdrawn {
		if c.Denom != sendtx.Utop || c.Amount.IsNil() || !c.Amount.IsPositive() || !sum.IsZero() {
			return sum, errorsmod.Wrapf(ErrInvalid, "the head has overdrawn %q of %q: want utop alone, once, more than nothing", c.Amount, c.Denom)
		}
		sum = c.Amount
	}
	return sum, nil
}

// Verify that by the app hash of a header the height before it was the shard's last that changed its state.
func (p FinalProof) Verify(appHash []byte, final uint64) error {
	return verifyMembership(appHash, p.Proof, finalKey, binary.BigEndian.AppendUint64(nil, final))
}

// Halves of a root, in a split.
func (p FinalProof) Halves(root []byte) error {
	if len(p.Left) != lattice.HashSize || len(p.Right) != lattice.HashSize {
		return errorsmod.Wrapf(ErrInvalid, "left and right have %d and %d bytes, want %d: the roots of the two halves", len(p.Left), len(p.Right), lattice.HashSize)
	}
	if made := lattice.NodeOf(lattice.Hash(p.Left), lattice.Hash(p.Right)); string(made[:]) != string(root) {
		return errorsmod.Wrapf(ErrRefused, "the halves make the root %X, the shard has %X", made, root)
	}
	return nil
}

func verifyMembership(appHash, raw, key, value []byte) error {
	var proof commitmenttypes.MerkleProof
	if err := proof.Unmarshal(raw); err != nil {
		return errorsmod.Wrapf(ErrInvalid, "proof of key %x: %s", key, err)
	}
	path := commitmenttypesv2.NewMerklePath(latticeStore, key)
	if err := proof.VerifyMembership(commitmenttypes.GetSDKSpecs(), commitmenttypes.NewMerkleRoot(appHash), path, value); err != nil {
		return errorsmod.Wrapf(ErrRefused, "proof of key %x in store %s: %s", key, latticeStore, err)
	}
	return nil
}
