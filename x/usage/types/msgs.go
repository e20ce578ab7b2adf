package types

import (
	"bytes"
	"crypto/ed25519"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/claim"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/internal/account"
)

var (
	_ sdk.HasValidateBasic = (*MsgLinkMainChain)(nil)
	_ sdk.HasValidateBasic = (*MsgAllot)(nil)
	_ sdk.HasValidateBasic = (*MsgReclaim)(nil)
	_ sdk.HasValidateBasic = (*MsgRelease)(nil)
	_ sdk.HasValidateBasic = (*MsgClaim)(nil)
	_ sdk.HasValidateBasic = (*MsgDeliverSeed)(nil)
	_ sdk.HasValidateBasic = (*MsgProve)(nil)
	_ sdk.HasValidateBasic = (*MsgRetrySettlement)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

func checkSessionKey(key []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return errorsmod.Wrapf(ErrInvalid, "session_key has %d bytes, want the %d of an ed25519 key of the escrow (query usage credit lists them)", len(key), ed25519.PublicKeySize)
	}
	return nil
}

// checkAmount is for messages by which an owner moves credit.
func checkAmount(owner string, amount uint64) error {
	if amount == 0 {
		return errorsmod.Wrap(ErrInvalid, "amount is 0 utop")
	}
	return account.Check(ErrInvalid, "owner", owner)
}

// checkLine is for messages about a sub-line.
func checkLine(owner, provider string, key []byte, amount uint64) error {
	if err := checkAmount(owner, amount); err != nil {
		return err
	}
	if err := account.Check(ErrInvalid, "provider", provider); err != nil {
		return err
	}
	return checkSessionKey(key)
}

// ValidateBasic checks what needs no state.
func (m *MsgLinkMainChain) ValidateBasic() error {
	if m.ClientId == "" || len(m.ClientId) > 64 {
		return errorsmod.Wrapf(ErrInvalid, "client id %q", m.ClientId)
	}
	return account.Check(ErrInvalid, "operator", m.Operator)
}

// ValidateBasic checks what needs no state.
func (m *MsgAllot) ValidateBasic() error {
	return checkLine(m.Owner, m.Provider, m.SessionKey, m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgReclaim) ValidateBasic() error {
	return checkLine(m.Owner, m.Provider, m.SessionKey, m.Amount)
}

// ValidateBasic checks what needs no state.
func (m *MsgRelease) ValidateBasic() error { return checkAmount(m.Owner, m.Amount) }

// ValidateBasic checks form, order and that the debits sum to the claim.
func (m *MsgClaim) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "provider", m.Provider); err != nil {
		return err
	}
	if len(m.Root) != 32 {
		return errorsmod.Wrapf(ErrInvalid, "root has %d bytes, want 32", len(m.Root))
	}
	if m.Count == 0 || m.Sum < m.Count {
		return errorsmod.Wrapf(ErrInvalid, "%d vouchers over %d utop: every voucher is worth at least 1", m.Count, m.Sum)
	}
	if len(m.Debits) == 0 || len(m.Debits) > MaxDebits || uint64(len(m.Debits)) > m.Count {
		return errorsmod.Wrapf(ErrInvalid, "%d debits for %d vouchers", len(m.Debits), m.Count)
	}
	var sum uint64
	var last []byte
	for i, d := range m.Debits {
		payer, err := sdk.AccAddressFromBech32(d.Payer)
		if err != nil || len(payer) != claim.PayerLen {
			return errorsmod.Wrapf(ErrInvalid, "debit %d: payer %q", i, d.Payer)
		}
		if len(d.SessionKey) != ed25519.PublicKeySize || d.Amount == 0 {
			return errorsmod.Wrapf(ErrInvalid, "debit %d: key of %d bytes, %d utop", i, len(d.SessionKey), d.Amount)
		}
		key := append(append([]byte{}, payer...), d.SessionKey...)
		if bytes.Compare(last, key) >= 0 {
			return errorsmod.Wrapf(ErrInvalid, "debits are not sorted by payer and key at %d", i)
		}
		last = key
		if sum, err = billingtypes.Add(sum, d.Amount); err != nil {
			return err
		}
	}
	if sum != m.Sum {
		return errorsmod.Wrapf(ErrInvalid, "debits sum to %d utop, the claim to %d", sum, m.Sum)
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgDeliverSeed) ValidateBasic() error {
	if len(m.Value) == 0 || len(m.Value) > maxSeedValue || len(m.Proof) == 0 || m.ProofHeight == 0 {
		return errorsmod.Wrapf(ErrInvalid, "a seed of %d bytes with a proof of %d against height %d: both are asked of the main chain's store (relayer)", len(m.Value), len(m.Proof), m.ProofHeight)
	}
	return account.Check(ErrInvalid, "sender", m.Sender)
}

// ValidateBasic checks what needs no state.
func (m *MsgProve) ValidateBasic() error {
	if len(m.Proofs) == 0 || len(m.Proofs) > MaxSamples {
		return errorsmod.Wrapf(ErrInvalid, "%d proofs, want 1 to %d", len(m.Proofs), MaxSamples)
	}
	for i, p := range m.Proofs {
		if p.Evidence == nil || len(p.Path) > claim.MaxPath {
			return errorsmod.Wrapf(ErrInvalid, "proof %d: evidence missing, or a path of %d nodes", i, len(p.Path))
		}
	}
	return account.Check(ErrInvalid, "provider", m.Provider)
}

// ValidateBasic checks what needs no state.
func (m *MsgRetrySettlement) ValidateBasic() error {
	return account.Check(ErrInvalid, "signer", m.Signer)
}

// ValidateBasic checks what needs no state.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate()
}
