package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
)

// validatorsOf a checked set: keys and powers, which are all that a header commits to. Addresses follow from keys; proposer and priorities decide nothing here.
func validatorsOf(set *cmtproto.ValidatorSet) (*cmttypes.ValidatorSet, error) {
	list := make([]*cmttypes.Validator, len(set.Validators))
	for i, v := range set.Validators {
		list[i] = cmttypes.NewValidator(ed25519.PubKey(v.PubKey.GetEd25519()), v.VotingPower)
	}
	return validatorSet(list)
}

// validatorSet in CometBFT's order, that of commits. Nobody may be in it twice: a signature would count as often.
func validatorSet(list []*cmttypes.Validator) (*cmttypes.ValidatorSet, error) {
	seen := make(map[string]bool, len(list))
	for i, v := range list {
		if key := string(v.PubKey.Bytes()); seen[key] {
			return nil, errorsmod.Wrapf(ErrInvalid, "validator %d is in the set twice: %s", i, v.Address)
		} else {
			seen[key] = true
		}
	}
	set, err := cmttypes.ValidatorSetFromExistingValidators(list)
	if err != nil {
		return nil, errorsmod.Wrap(ErrInvalid, err.Error())
	}
	return set, nil
}

// signedHeader of a message that is within its bounds.
func signedHeader(s *cmtproto.SignedHeader) (*cmttypes.SignedHeader, error) {
	if err := checkSigned(s); err != nil {
		return nil, err
	}
	return cmttypes.SignedHeaderFromProto(s)
}
