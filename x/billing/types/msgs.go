package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/internal/account"
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
	_ sdk.HasValidateBasic = (*MsgDispute)(nil)
	_ sdk.HasValidateBasic = (*MsgAnswerDispute)(nil)
	_ sdk.HasValidateBasic = (*MsgReportEquivocation)(nil)
	_ sdk.HasValidateBasic = (*MsgRetryPayout)(nil)
	_ sdk.HasValidateBasic = (*MsgCloseCreditLine)(nil)
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
	if err := account.Check(ErrInvalid, "owner", m.Owner); err != nil {
		return err
	}
	return checkAmount(m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgSetReserve) ValidateBasic() error { return account.Check(ErrInvalid, "owner", m.Owner) }

// ValidateBasic checks what needs no state.
func (m *MsgRequestWithdrawal) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "owner", m.Owner); err != nil {
		return err
	}
	return checkAmount(m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgWithdraw) ValidateBasic() error { return account.Check(ErrInvalid, "owner", m.Owner) }

// ValidateBasic checks what needs no state.
func (m *MsgAddSessionKey) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "owner", m.Owner); err != nil {
		return err
	}
	return SessionKey{Key: m.Key, CapUtop: m.CapUtop, ExpiresEpoch: m.ExpiresEpoch, GrantedBy: m.Signer}.Validate()
}

// ValidateBasic checks what needs no state.
func (m *MsgRevokeSessionKey) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "signer", m.Signer); err != nil {
		return err
	}
	if err := account.Check(ErrInvalid, "owner", m.Owner); err != nil {
		return err
	}
	return ValidateKey(m.Key)
}

// ValidateBasic checks what needs no state.
func (m *MsgDelegate) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "owner", m.Owner); err != nil {
		return err
	}
	if m.Owner == m.Delegate {
		return errorsmod.Wrap(ErrInvalid, "an owner needs no delegation to itself")
	}
	return account.Check(ErrInvalid, "delegate", m.Delegate)
}

// ValidateBasic checks what needs no state.
func (m *MsgOpenCreditLine) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "owner", m.Owner); err != nil {
		return err
	}
	if err := checkChainID(m.ChainId); err != nil {
		return err
	}
	return checkAmount(m.Amount)
}

func checkChainID(id string) error {
	if id == "" || len(id) > 64 {
		return errorsmod.Wrapf(ErrInvalid, "chain id %q", id)
	}
	return nil
}

// checkParties is for messages between a signer and another account about a chain.
func checkParties(chainID, signerField, signer, otherField, other string) error {
	if err := account.Check(ErrInvalid, signerField, signer); err != nil {
		return err
	}
	if err := account.Check(ErrInvalid, otherField, other); err != nil {
		return err
	}
	return checkChainID(chainID)
}

// ValidateBasic checks what needs no state.
func (m *MsgDispute) ValidateBasic() error {
	if err := ValidateKey(m.SessionKey); err != nil {
		return err
	}
	for i, n := range m.Path {
		if len(n.Hash) != 32 {
			return errorsmod.Wrapf(ErrInvalid, "path node %d: hash of %d bytes", i, len(n.Hash))
		}
	}
	if err := checkAmount(m.Amount); err != nil {
		return err
	}
	return checkParties(m.ChainId, "payer", m.Payer, "provider", m.Provider)
}

// maxAnswer is the most vouchers in one answer; more go into the next.
const maxAnswer = 64

// ValidateBasic checks what needs no state.
func (m *MsgAnswerDispute) ValidateBasic() error {
	if err := ValidateKey(m.SessionKey); err != nil {
		return err
	}
	if len(m.Evidence) == 0 || len(m.Evidence) > maxAnswer {
		return errorsmod.Wrapf(ErrInvalid, "%d vouchers, want 1 to %d", len(m.Evidence), maxAnswer)
	}
	for i, e := range m.Evidence {
		if e == nil || e.Offer == nil || e.Open == nil || e.Voucher == nil {
			return errorsmod.Wrapf(ErrInvalid, "evidence %d is incomplete", i)
		}
	}
	return checkParties(m.ChainId, "provider", m.Provider, "payer", m.Payer)
}

// ValidateBasic checks what needs no state.
func (m *MsgReportEquivocation) ValidateBasic() error {
	if m.First == nil || m.Second == nil {
		return errorsmod.Wrap(ErrInvalid, "two vouchers are needed")
	}
	return checkParties(m.ChainId, "reporter", m.Reporter, "provider", m.Provider)
}

// ValidateBasic checks what needs no state.
func (m *MsgRetryPayout) ValidateBasic() error {
	return checkParties(m.ChainId, "signer", m.Signer, "provider", m.Provider)
}

// ValidateBasic checks what needs no state.
func (m *MsgCloseCreditLine) ValidateBasic() error {
	return checkParties(m.ChainId, "signer", m.Signer, "owner", m.Owner)
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate()
}
