package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/x/internal/account"
)

var (
	_ sdk.HasValidateBasic = (*MsgRegisterNode)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateNode)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

// ValidateBasic checks what needs no state.
func (m *MsgRegisterNode) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "operator", m.Operator); err != nil {
		return err
	}
	if err := checkHot(m.Operator, m.HotAddress); err != nil {
		return err
	}
	if err := checkKey(m.VrfKey, m.VrfProof); err != nil {
		return err
	}
	return checkStated(m.Roles, m.Endpoints, m.Version)
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateNode) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "operator", m.Operator); err != nil {
		return err
	}
	if m.HotAddress != "" {
		if err := checkHot(m.Operator, m.HotAddress); err != nil {
			return err
		}
	}
	if len(m.VrfKey) > 0 || len(m.VrfProof) > 0 {
		if err := checkKey(m.VrfKey, m.VrfProof); err != nil {
			return err
		}
	}
	return checkStated(m.Roles, m.Endpoints, m.Version)
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate()
}

func checkKey(key, proof []byte) error {
	if err := ecvrf.CheckKey(key); err != nil {
		return errorsmod.Wrapf(ErrInvalid, "vrf_key: %s", err)
	}
	if len(proof) != ecvrf.ProofSize {
		return errorsmod.Wrapf(ErrInvalid, "vrf_proof has %d bytes, want %d (topchaind node-keys prints it)", len(proof), ecvrf.ProofSize)
	}
	return nil
}
