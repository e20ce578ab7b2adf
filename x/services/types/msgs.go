package types

import (
	"crypto/ed25519"
	"regexp"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/internal/account"
)

// chainIDPattern: ids end in a revision number, by which light clients follow upgrades (ICS-02).
var chainIDPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,40}-[1-9][0-9]{0,9}$`)

var (
	_ sdk.HasValidateBasic = (*MsgRegisterServiceType)(nil)
	_ sdk.HasValidateBasic = (*MsgRegisterServiceChain)(nil)
	_ sdk.HasValidateBasic = (*MsgLinkServiceChain)(nil)
	_ sdk.HasValidateBasic = (*MsgRegisterProvider)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateProvider)(nil)
	_ sdk.HasValidateBasic = (*MsgAddProviderDeposit)(nil)
	_ sdk.HasValidateBasic = (*MsgExitProvider)(nil)
	_ sdk.HasValidateBasic = (*MsgWithdrawProviderDeposit)(nil)
	_ sdk.HasValidateBasic = (*MsgAddServiceChainDeposit)(nil)
	_ sdk.HasValidateBasic = (*MsgExitServiceChain)(nil)
	_ sdk.HasValidateBasic = (*MsgWithdrawServiceChainDeposit)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

// ValidateChainID checks the form of a service chain's id.
func ValidateChainID(id string) error {
	if !chainIDPattern.MatchString(id) {
		return errorsmod.Wrapf(ErrInvalid, "chain id %q: want lower case with a revision at the end, e.g. top-msg-1", id)
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgRegisterServiceType) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "creator", m.Creator); err != nil {
		return err
	}
	return ServiceType{Name: m.Name, Description: m.Description, Measures: m.Measures}.Validate()
}

// ValidateBasic checks what needs no state.
func (m *MsgRegisterServiceChain) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "operator", m.Operator); err != nil {
		return err
	}
	if err := ValidateTypeName(m.Type); err != nil {
		return err
	}
	return ValidateChainID(m.ChainId)
}

// ValidateBasic checks what needs no state.
func (m *MsgLinkServiceChain) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "operator", m.Operator); err != nil {
		return err
	}
	if m.ClientId == "" || len(m.ClientId) > 64 {
		return errorsmod.Wrapf(ErrInvalid, "client id %q", m.ClientId)
	}
	return ValidateChainID(m.ChainId)
}

// ValidateBasic checks what needs no state.
func (m *MsgRegisterProvider) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "address", m.Address); err != nil {
		return err
	}
	if err := ValidateChainID(m.ChainId); err != nil {
		return err
	}
	if _, err := PeerID(m.Key); err != nil {
		return err
	}
	if len(m.KeySignature) != ed25519.SignatureSize {
		return errorsmod.Wrapf(ErrInvalid, "key signature has %d bytes, want %d", len(m.KeySignature), ed25519.SignatureSize)
	}
	return ValidateEndpoints(m.Endpoints)
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateProvider) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "address", m.Address); err != nil {
		return err
	}
	if err := ValidateChainID(m.ChainId); err != nil {
		return err
	}
	if m.Status != ProviderStatus_PROVIDER_STATUS_ACTIVE && m.Status != ProviderStatus_PROVIDER_STATUS_INACTIVE {
		return errorsmod.Wrapf(ErrInvalid, "status %d: want ACTIVE or INACTIVE", m.Status)
	}
	return ValidateEndpoints(m.Endpoints)
}

// checkAccount is for messages about a chain, signed by an account.
func checkAccount(field, addr, chainID string) error {
	if err := account.Check(ErrInvalid, field, addr); err != nil {
		return err
	}
	return ValidateChainID(chainID)
}

func checkRaise(field, addr, chainID string, amount uint64) error {
	if amount == 0 || amount > MaxDeposit {
		return errorsmod.Wrapf(ErrInvalid, "amount is %d utop, want 1 to %d", amount, uint64(MaxDeposit))
	}
	return checkAccount(field, addr, chainID)
}

// ValidateBasic checks what needs no state.
func (m *MsgAddProviderDeposit) ValidateBasic() error {
	return checkRaise("address", m.Address, m.ChainId, m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgExitProvider) ValidateBasic() error { return checkAccount("address", m.Address, m.ChainId) }

// ValidateBasic checks what needs no state.
func (m *MsgWithdrawProviderDeposit) ValidateBasic() error {
	return checkAccount("address", m.Address, m.ChainId)
}

// ValidateBasic checks what needs no state.
func (m *MsgAddServiceChainDeposit) ValidateBasic() error {
	return checkRaise("sender", m.Sender, m.ChainId, m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgExitServiceChain) ValidateBasic() error {
	return checkAccount("signer", m.Signer, m.ChainId)
}

// ValidateBasic checks what needs no state.
func (m *MsgWithdrawServiceChainDeposit) ValidateBasic() error {
	return checkAccount("operator", m.Operator, m.ChainId)
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate()
}
