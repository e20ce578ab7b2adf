package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/x/internal/account"
)

var (
	_ sdk.HasValidateBasic = (*MsgAnchor)(nil)
	_ sdk.HasValidateBasic = (*MsgAudit)(nil)
	_ sdk.HasValidateBasic = (*MsgShardEvidence)(nil)
	_ sdk.HasValidateBasic = (*MsgForkEvidence)(nil)
	_ sdk.HasValidateBasic = (*MsgSplit)(nil)
	_ sdk.HasValidateBasic = (*MsgMerge)(nil)
	_ sdk.HasValidateBasic = (*MsgFreeze)(nil)
	_ sdk.HasValidateBasic = (*MsgRestart)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

// Bounds of one message.
const (
	MaxAnchors  = 64
	MaxAudits   = 256
	maxEvidence = 4_096
	// maxHeader in bytes of a signed header: ten times what one of maxSeats signatures has.
	maxHeader = 65_536
)

func checkShard(name string) error {
	if _, err := trie.ParseName(name); err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgAnchor) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "signer", m.Signer); err != nil {
		return err
	}
	if len(m.Anchors) == 0 || len(m.Anchors) > MaxAnchors {
		return errorsmod.Wrapf(ErrInvalid, "%d anchors, want 1 to %d", len(m.Anchors), MaxAnchors)
	}
	for _, a := range m.Anchors {
		if err := checkShard(a.Shard); err != nil {
			return err
		}
		if a.Final != nil && a.Head == nil {
			return errorsmod.Wrapf(ErrInvalid, "the last header of %s needs the proof of its head", a.Shard)
		}
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgAudit) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "signer", m.Signer); err != nil {
		return err
	}
	if len(m.Audits) == 0 || len(m.Audits) > MaxAudits {
		return errorsmod.Wrapf(ErrInvalid, "%d audits, want 1 to %d", len(m.Audits), MaxAudits)
	}
	for _, a := range m.Audits {
		if err := checkShard(a.Shard); err != nil {
			return err
		}
		if err := account.Check(ErrInvalid, "operator", a.Operator); err != nil {
			return err
		}
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgShardEvidence) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "signer", m.Signer); err != nil {
		return err
	}
	if len(m.Evidence) == 0 || len(m.Evidence) > maxEvidence {
		return errorsmod.Wrapf(ErrInvalid, "evidence of %d bytes, want 1 to %d", len(m.Evidence), maxEvidence)
	}
	return checkShard(m.Shard)
}

// ValidateBasic checks what needs no state.
func (m *MsgForkEvidence) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "signer", m.Signer); err != nil {
		return err
	}
	if len(m.SignedHeaders) != 2 {
		return errorsmod.Wrapf(ErrInvalid, "%d headers, want two of one height", len(m.SignedHeaders))
	}
	for _, raw := range m.SignedHeaders {
		if len(raw) == 0 || len(raw) > maxHeader {
			return errorsmod.Wrapf(ErrInvalid, "a header of %d bytes, want 1 to %d", len(raw), maxHeader)
		}
	}
	return checkShard(m.Shard)
}

// ValidateBasic checks what needs no state.
func (m *MsgSplit) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return checkShard(m.Shard)
}

// ValidateBasic checks what needs no state.
func (m *MsgMerge) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	if len(m.Shards) != 2 {
		return errorsmod.Wrapf(ErrInvalid, "%d shards, want two siblings", len(m.Shards))
	}
	for _, name := range m.Shards {
		if err := checkShard(name); err != nil {
			return err
		}
	}
	return nil
}

// ValidateBasic checks what needs no state.
func (m *MsgFreeze) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	if m.Reason == "" || len(m.Reason) > MaxReason {
		return errorsmod.Wrapf(ErrInvalid, "a reason of %d bytes, want 1 to %d: say why", len(m.Reason), MaxReason)
	}
	return checkShard(m.Shard)
}

// ValidateBasic checks what needs no state.
func (m *MsgRestart) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return checkShard(m.Shard)
}

// ValidateBasic checks what needs no state: the bounds of a devnet, which are the wider ones.
func (m *MsgUpdateParams) ValidateBasic() error {
	if err := account.Check(ErrInvalid, "authority", m.Authority); err != nil {
		return err
	}
	return m.Params.Validate(true)
}
