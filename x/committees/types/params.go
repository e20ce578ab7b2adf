package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/internal/account"
)

var _ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)

// Bounds of history_epochs.
const (
	minHistory = 4
	maxHistory = 10_000
)

// DefaultParams keep a hundred epochs.
func DefaultParams() Params { return Params{HistoryEpochs: 100} }

// Validate holds each parameter against its bounds.
func (p Params) Validate() error {
	if p.HistoryEpochs < minHistory || p.HistoryEpochs > maxHistory {
		return errorsmod.Wrapf(ErrInvalid, "history_epochs is %d, want %d to %d", p.HistoryEpochs, minHistory, maxHistory)
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
