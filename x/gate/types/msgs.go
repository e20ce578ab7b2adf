package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/sendtx"
	"github.com/topnetwork/top/x/internal/account"
)

var (
	_ sdk.HasValidateBasic = (*MsgExit)(nil)
	_ sdk.HasValidateBasic = (*MsgDeliver)(nil)
	_ sdk.HasValidateBasic = (*MsgConfirm)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

// MaxDeliveries and MaxConfirmations of one message.
const (
	MaxDeliveries    = 64
	MaxConfirmations = 64
)

// ValidateBasic checks what needs no state.
func (m *MsgExit) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "sender", m.Sender); err != nil {
		return err
	}
	if _, err := sendtx.Address(m.Sender); err != nil {
		return errorsmod.Wrapf(ErrInvalid, "sender: %s", err)
	}
	if m.Amount == 0 {
		return errorsmod.Wrap(ErrInvalid, "amount is 0 utop")
	}
	if m.To == "" {
		return nil
	}
	to, err := sendtx.Address(m.To)
	if err != nil {
		return errorsmod.Wrapf(ErrInvalid, "to: %s", err)
	}
	if to == receipt.GateAddress() {
		return errorsmod.Wrap(ErrInvalid, "to is the gate itself: name an account of a shard")
	}
	return nil
}

// Recipient on a shard.
func (m *MsgExit) Recipient() string {
	if m.To != "" {
		return m.To
	}
	return m.Sender
}

// ValidateBasic checks what needs no state.
func (m *MsgDeliver) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "signer", m.Signer); err != nil {
		return err
	}
	if len(m.Deliveries) == 0 || len(m.Deliveries) > MaxDeliveries {
		return errorsmod.Wrapf(ErrInvalid, "%d deliveries, want 1 to %d", len(m.Deliveries), MaxDeliveries)
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgConfirm) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "signer", m.Signer); err != nil {
		return err
	}
	if len(m.Confirmations) == 0 || len(m.Confirmations) > MaxConfirmations {
		return errorsmod.Wrapf(ErrInvalid, "%d confirmations, want 1 to %d", len(m.Confirmations), MaxConfirmations)
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate()
}
