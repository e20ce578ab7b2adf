package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

var (
	_ sdk.HasValidateBasic = (*MsgDeposit)(nil)
	_ sdk.HasValidateBasic = (*MsgSetReserve)(nil)
	_ sdk.HasValidateBasic = (*MsgRequestWithdrawal)(nil)
	_ sdk.HasValidateBasic = (*MsgWithdraw)(nil)
	_ sdk.HasValidateBasic = (*MsgAddSessionKey)(nil)
	_ sdk.HasValidateBasic = (*MsgRevokeSessionKey)(nil)
	_ sdk.HasValidateBasic = (*MsgDelegate)(nil)
	_ sdk.HasValidateBasic = (*MsgOpenCreditLine)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

func checkAmount(amount uint64) error {
	if amount == 0 {
		return errorsmod.Wrap(ErrInvalid, "amount is 0 utop")
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgDeposit) ValidateBasic() error {
	if err := checkAddress("owner", m.Owner); err != nil {
		return err
	}
	return checkAmount(m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgSetReserve) ValidateBasic() error { return checkAddress("owner", m.Owner) }

// ValidateBasic checks what needs no state.
func (m *MsgRequestWithdrawal) ValidateBasic() error {
	if err := checkAddress("owner", m.Owner); err != nil {
		return err
	}
	return checkAmount(m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgWithdraw) ValidateBasic() error { return checkAddress("owner", m.Owner) }

// ValidateBasic checks what needs no state.
func (m *MsgAddSessionKey) ValidateBasic() error {
	if err := checkAddress("owner", m.Owner); err != nil {
		return err
	}
	return SessionKey{Key: m.Key, CapUtop: m.CapUtop, ExpiresEpoch: m.ExpiresEpoch, GrantedBy: m.Signer}.Validate()
}

// ValidateBasic checks what needs no state.
func (m *MsgRevokeSessionKey) ValidateBasic() error {
	if err := checkAddress("signer", m.Signer); err != nil {
		return err
	}
	if err := checkAddress("owner", m.Owner); err != nil {
		return err
	}
	return ValidateKey(m.Key)
}

// ValidateBasic checks what needs no state.
func (m *MsgDelegate) ValidateBasic() error {
	if err := checkAddress("owner", m.Owner); err != nil {
		return err
	}
	if m.Owner == m.Delegate {
		return errorsmod.Wrap(ErrInvalid, "an owner needs no delegation to itself")
	}
	return checkAddress("delegate", m.Delegate)
}

// ValidateBasic checks what needs no state.
func (m *MsgOpenCreditLine) ValidateBasic() error {
	if err := checkAddress("owner", m.Owner); err != nil {
		return err
	}
	if m.ChainId == "" || len(m.ChainId) > 64 {
		return errorsmod.Wrapf(ErrInvalid, "chain id %q", m.ChainId)
	}
	return checkAmount(m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := checkAddress("authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate()
}
