package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/x/internal/account"
)

var (
	_ sdk.HasValidateBasic = (*MsgPublishProof)(nil)
	_ sdk.HasValidateBasic = (*MsgSeal)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

// ValidateBasic checks what needs no state.
func (m *MsgPublishProof) ValidateBasic() error { return checkPublished(m.Sender, m.Proof) }

// ValidateBasic checks what needs no state.
func (m *MsgSeal) ValidateBasic() error {
	if m.Index == 0 {
		return errorsmod.Wrap(ErrInvalid, "index is 0: sealers are counted from 1 on")
	}
	return checkPublished(m.Sender, m.Proof)
}

// ValidateBasic checks what needs no state: the bounds of a devnet, which are the wider ones.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate(true)
}

func checkPublished(sender string, proof []byte) error {
	if err := account.Check(ErrInvalid, "sender", sender); err != nil {
		return err
	}
	if len(proof) != ecvrf.ProofSize {
		return errorsmod.Wrapf(ErrInvalid, "a proof of %d bytes, want %d", len(proof), ecvrf.ProofSize)
	}
	return nil
}
