package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
)

// Bounds of what strangers bring. They are looked at before any hash or signature is.
const (
	// MaxUpdateBytes of an encoded update: twice 200 validators and a commit of theirs have 58 kB.
	MaxUpdateBytes = 64 << 10
	// MaxValidators of a set, and signatures of a commit. The main chain's committee has 150 members at most.
	MaxValidators = 200
	// MaxHeaderBytes of a header: its hashes and a chain id of 50 bytes have 600.
	MaxHeaderBytes = 1 << 10
	// MaxProofBytes of a membership proof, which repeats the value.
	MaxProofBytes = 64 << 10
	// MaxKeyBytes of what is proven.
	MaxKeyBytes = 1 << 10
)

// Check bounds and form: what can be said without a state.
func (u *Update) Check() error {
	if u.Size() > MaxUpdateBytes {
		return errorsmod.Wrapf(ErrInvalid, "the update has %d bytes, at most %d", u.Size(), MaxUpdateBytes)
	}
	if u.Block == nil {
		return errorsmod.Wrap(ErrInvalid, "the update has no block")
	}
	if u.TrustedHeight < 0 {
		return errorsmod.Wrapf(ErrInvalid, "trusted_height is %d, want that of a kept header", u.TrustedHeight)
	}
	if err := checkSigned(u.Block.SignedHeader); err != nil {
		return err
	}
	if h := u.Block.SignedHeader.Header.Height; h <= u.TrustedHeight {
		return errorsmod.Wrapf(ErrInvalid, "the header of height %d cannot be proven from height %d; give a lower trusted_height", h, u.TrustedHeight)
	}
	if err := checkValidators(u.Block.ValidatorSet); err != nil {
		return err
	}
	if u.TrustedValidators == nil {
		return nil
	}
	return errorsmod.Wrap(checkValidators(u.TrustedValidators), "trusted_validators")
}

func checkSigned(s *cmtproto.SignedHeader) error {
	if s == nil || s.Header == nil || s.Commit == nil {
		return errorsmod.Wrap(ErrInvalid, "a block needs a header and a commit")
	}
	if n := s.Header.Size(); n > MaxHeaderBytes {
		return errorsmod.Wrapf(ErrInvalid, "the header has %d bytes, at most %d", n, MaxHeaderBytes)
	}
	if n := len(s.Commit.Signatures); n > MaxValidators {
		return errorsmod.Wrapf(ErrInvalid, "the commit has %d signatures, at most %d", n, MaxValidators)
	}
	for i := range s.Commit.Signatures {
		if n := len(s.Commit.Signatures[i].Signature); n != 0 && n != ed25519.SignatureSize {
			return errorsmod.Wrapf(ErrInvalid, "signature %d has %d bytes, want %d: members sign with Ed25519", i, n, ed25519.SignatureSize)
		}
	}
	return nil
}

// checkValidators of Ed25519 alone: which other schemes a node can verify depends on how it was built.
func checkValidators(set *cmtproto.ValidatorSet) error {
	if set == nil || len(set.Validators) == 0 {
		return errorsmod.Wrap(ErrInvalid, "the validators are missing")
	}
	if n := len(set.Validators); n > MaxValidators {
		return errorsmod.Wrapf(ErrInvalid, "%d validators, at most %d", n, MaxValidators)
	}
	for i, v := range set.Validators {
		if v == nil || len(v.PubKey.GetEd25519()) != ed25519.PubKeySize {
			return errorsmod.Wrapf(ErrInvalid, "validator %d has no Ed25519 key of %d bytes", i, ed25519.PubKeySize)
		}
		if v.VotingPower < 1 {
			return errorsmod.Wrapf(ErrInvalid, "validator %d has power %d, want 1 or more", i, v.VotingPower)
		}
	}
	return nil
}

// checkProof bounds what is proven.
func checkProof(store string, key, value []byte, proof *cmtcrypto.ProofOps) error {
	switch {
	case store == "":
		return errorsmod.Wrap(ErrProof, "the store has no name")
	case len(key) == 0 || len(key) > MaxKeyBytes:
		return errorsmod.Wrapf(ErrProof, "the key has %d bytes, want 1 to %d", len(key), MaxKeyBytes)
	case len(value) > MaxProofBytes:
		return errorsmod.Wrapf(ErrProof, "the value has %d bytes, at most %d", len(value), MaxProofBytes)
	case proof == nil:
		return errorsmod.Wrap(ErrProof, "there is none; ask the node for one with prove")
	case proof.Size() > MaxProofBytes:
		return errorsmod.Wrapf(ErrProof, "the proof has %d bytes, at most %d", proof.Size(), MaxProofBytes)
	}
	return nil
}
